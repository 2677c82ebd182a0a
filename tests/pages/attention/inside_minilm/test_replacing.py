"""Trials of the running model, with few units: shape, floor and ceiling, seeds."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.inside_minilm import PUBLISHED, TUNED, encode
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.pages.attention.inside_minilm.measure import MEASURES
from brainbook.pages.attention.inside_minilm.replacing import (
    INTACT,
    MEAN,
    UNIFORM,
    measure_layers,
    measure_replaced,
    settings,
)
from brainbook.pages.attention.inside_minilm.tasks import (
    docstring_pairs,
    draw_tasks,
    retrieval,
    texts,
)

SIZES = {TUNED[0]: (16,), PUBLISHED: (16, 1024)}


@pytest.fixture(scope="module")
def text():
    """Two repetitions of six pairs, a small corpus, and few short passages."""
    corpus = docstring_pairs()
    return draw_tasks(corpus, 2, 6), corpus[:30], calibration_passages(48, 12)[:14]


@pytest.fixture(scope="module")
def few(text):
    return measure_replaced(*text, SIZES, refit_below=0)


@pytest.fixture(scope="module")
def at_end(few):
    return few.drift.query("layer == 6").groupby(["heads", "units"])["error"].mean()


def test_every_setting_has_every_measure_of_every_repetition(few):
    attentive = few.frame.query("heads not in ['TF-IDF', 'input embeddings']")
    found = attentive.groupby(["heads", "units", "seed"])["measure"].agg(list)
    assert all(measures == MEASURES for measures in found)
    wanted = [
        (INTACT, 0),
        (UNIFORM, 0),
        (MEAN, 0),
        *((kind, m) for kind in SIZES for m in SIZES[kind]),
    ]
    assert set(found.index) == {(*setting, seed) for setting, seed in product(wanted, (0, 1))}
    assert not few.frame["value"].isna().any()
    assert set(few.drift["layer"]) == set(range(7))


def test_the_intact_model_agrees_with_itself_and_random_units_come_nearer_with_number(few, at_end):
    table = few.frame.groupby(["heads", "units", "measure"])["value"].mean()
    agreed = table[INTACT, 0][["cosine", "Pearson", "Spearman"]]
    assert np.allclose(agreed, 1, atol=1e-6)
    assert (few.drift.query("heads == @INTACT")["error"] == 0).all()
    assert (few.drift.query("layer == 0")["error"] == 0).all()
    assert at_end[PUBLISHED, 1024] < at_end[PUBLISHED, 16] and at_end[TUNED[0], 16] < 1
    assert table[PUBLISHED, 1024, "cosine"] > table[PUBLISHED, 16, "cosine"]


def test_measures_are_of_the_repetitions_own_pairs(few, text):
    for seed, pairs in enumerate(text[0]):
        vectors = encode(texts(pairs)).vectors
        expected = retrieval((vectors[:6] @ vectors[6:].T).numpy())
        rows = few.frame[(few.frame["heads"] == INTACT) & (few.frame["seed"] == seed)]
        assert rows.set_index("measure")["value"]["MRR"] == pytest.approx(expected["MRR"])


def test_the_same_seeds_give_the_same_numbers(few, text):
    again = measure_replaced(*text, {PUBLISHED: (16,)}, refit_below=0)
    for old, new in ((few.frame, again.frame), (few.drift, again.drift)):
        kept = old[(old["units"] <= 16) & (old["heads"] != TUNED[0])]
        pd.testing.assert_frame_equal(kept.reset_index(drop=True), new)
    values = again.frame.query("heads == @PUBLISHED and measure == 'cosine'")
    assert values["value"].nunique() == 2


def test_random_units_are_drawn_for_every_repetition_and_large_fits_made_once():
    sizes = {TUNED[0]: (64, 128), PUBLISHED: (128,)}
    found = {}
    for kind, units, draw, seeds in settings(sizes, 3, refit_below=128):
        found.setdefault((kind, units), []).append((draw, list(seeds)))
    once, each = [(0, [0, 1, 2])], [(0, [0]), (1, [1]), (2, [2])]
    assert found == {
        (INTACT, 0): once,
        (UNIFORM, 0): once,
        (MEAN, 0): once,
        (TUNED[0], 64): each,
        (TUNED[0], 128): once,
        (PUBLISHED, 128): each,
    }


def test_one_layer_at_a_time_is_less_than_all(few, text):
    tasks, _, calibration = text
    frame = measure_layers(tasks, calibration, ((MEAN, 0), (TUNED[0], 16)))
    cells = frame.groupby(["heads", "layer"])["seed"].agg(list)
    assert set(cells.index) == set(product((MEAN, TUNED[0]), range(6)))
    assert all(seeds == [0, 1] for seeds in cells)
    last = frame.query("layer == 5")
    assert np.allclose(last["own"], last["end"])
    everywhere = few.drift.query("heads == @MEAN and layer == 6").set_index("seed")["error"]
    for row in frame.query("heads == @MEAN").itertuples():
        assert 0 < row.end < everywhere[row.seed]
