"""Summaries of attention/inside_minilm against what was planted, and its numbers in print."""

import re

import numpy as np
import pytest

from brainbook.evidence import facts, paths
from brainbook.pages.attention.inside_minilm import measure_inside
from brainbook.pages.attention.inside_minilm.measure import LATERAL
from brainbook.pages.attention.inside_minilm.numbers import numbers
from brainbook.pages.attention.inside_minilm.replacing import INTACT, SETTING
from brainbook.pages.attention.inside_minilm.tasks import retrieval


def test_summary_pairs_every_setting_with_the_intact_model_on_the_same_texts(planted):
    table = planted.summary.set_index(["measure", *SETTING])
    row = table.loc["MRR", LATERAL, 100]
    assert row["lost"] == pytest.approx(0.1, abs=0.004)
    assert row["half"] < 0.01 < row["highest"] - row["lowest"]  # texts differ, losses do not
    assert table.loc[("MRR", INTACT, 0), ["lost", "half"]].tolist() == [0, 0]


def test_gains_are_differences_on_the_same_texts(made):
    gains = made(retrieval={}).gains
    expected = {
        ("published", 100): 0.25,
        ("published", 625): 0.2,
        ("words", 625): 0.15,
        ("few", 625): 0.1,
    }
    assert gains["gain"].to_dict() == pytest.approx(expected, abs=0.006)
    assert (gains["half"] < 0.02).all()


def test_the_table_holds_the_mean_of_every_measure(planted):
    table = planted.table.set_index(SETTING)
    frame = planted.replaced.frame
    for (heads, units, measure), rows in frame.groupby([*SETTING, "measure"]):
        assert table.loc[(heads, units), measure] == pytest.approx(rows["value"].mean())


def test_chance_is_the_mean_over_all_ranks(planted):
    scores = np.tile(np.arange(planted.pairs), (planted.pairs, 1))  # every rank once
    assert planted.chance == pytest.approx(retrieval(scores))


def test_cell_holds_synapses_over_head_width(planted):
    synapses = facts.table("astrocyte_cells.csv").set_index("key")["value"]
    ends = [synapses[f"rodent_synapses_{end}"] // 32 for end in ("low", "high")]
    assert list(planted.cell) == ends


def test_numbers_are_those_of_the_result(planted):
    said = numbers(planted)
    planned = {
        "few": 16,
        "queries": 96,
        "mrr_intact": 0.8 + 0.075,
        "worst": 0.8,
        "luckiest": 0.95,
        "lost_middle": 0.1,
        "theirs": 0.55 + 0.075,
        "words_lost": 0.2,
        "gain": 0.25,
        "cosine_most": 0.75 + 0.075,
        "first": 0.2 / 6,
        "end_uniform": 0.8,
        "end_constant": 0.7,
        "constant": 0.4 + 0.075,
        "one": 0.19,
        "least": 0.1,
        "last": 0.15,
        "blind": 0.3,
        "straight": 0.75,
        "apart": sum((0.1 + layer / 100) ** 2 for layer in range(6)) ** 0.5,
    }
    assert {key: said[key] for key in planned} == pytest.approx(planned, rel=0.03, abs=0.003)


def test_numbers_are_those_of_the_prose(planted):
    text = (paths.ROOT / "chapters/attention/inside_minilm.md").read_text("utf-8")
    glued = set(re.findall(r"\{glue:text\}`(\w+)", text))
    assert glued - {"seeds", "pairs", "largest", "refit_below"} == set(numbers(planted))


def test_what_was_not_measured_is_refused(planted):
    with pytest.raises(ValueError, match="heads: got 'intact' with 7 units"):
        planted.by_repetition("MRR", INTACT, 7)


@pytest.mark.parametrize(
    ("name", "value"), [("largest", 100), ("seeds", 2), ("pairs", 1), ("layer_pairs", 500)]
)
def test_what_cannot_be_compared_is_refused(name, value):
    asked = {"largest": 200, "seeds": 3, "pairs": 6, "refit_below": 0, "layer_pairs": 6}
    with pytest.raises(ValueError, match=f"{name.removeprefix('layer_')}: got {value}"):
        measure_inside(**asked | {name: value})
