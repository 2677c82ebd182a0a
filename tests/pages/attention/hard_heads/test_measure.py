"""Order of heads against scipy, layers taken out, and what the prose says in numbers."""

import re

import numpy as np
import pytest
from scipy.stats import spearmanr, t

from brainbook.evidence import paths
from brainbook.pages.attention.hard_heads.learning import METHODS
from brainbook.pages.attention.hard_heads.meaning import LABELS, MAPS
from brainbook.pages.attention.hard_heads.measure import (
    rank_correlations,
    strongest_first,
    within_layers,
)
from brainbook.pages.attention.hard_heads.numbers import numbers


def test_correlations_are_scipys_one_a_document(planted):
    found = planted.correlations
    for document, rows in planted.bounds.groupby("document"):
        for quantity in ("predicted", "perplexity", "dimension"):
            expected = spearmanr(rows["error"], rows[quantity]).statistic
            assert found.loc[document, quantity] == pytest.approx(expected)
    assert set(found) == set(planted.bounds) - {"document", "layer", "head", "error"}


def test_the_strongest_comes_first_with_its_interval_over_documents(planted):
    table, rhos = planted.order, planted.correlations
    assert list(table["quantity"][:2]) == ["predicted", "perplexity"]
    assert table["rho"].abs().is_monotonic_decreasing
    for row in table.itertuples():
        values = rhos[row.quantity]
        low, high = t.interval(0.95, 4, values.mean(), values.std() / 5**0.5)
        assert (row.low, row.high) == pytest.approx((low, high))


def test_within_layers_the_layer_does_not_matter(planted):
    lifted = planted.bounds.assign(error=planted.bounds["error"] * 10.0 ** planted.bounds["layer"])
    inside = rank_correlations(within_layers(lifted))
    assert np.allclose(inside, rank_correlations(within_layers(planted.bounds)))
    assert np.allclose(strongest_first(inside)["rho"], planted.order_within["rho"])
    assert not np.allclose(rank_correlations(lifted), planted.correlations)


def test_layers_are_summed_up_by_quartiles_over_heads(planted):
    layers = planted.meaning_by_layer.set_index(["label", "map", "layer"])
    for label in LABELS:
        rows = planted.meaning.query("label == @label and map == @MAPS[0] and layer == 2")
        heads = rows.groupby("head")["adjusted"].median()
        assert layers.loc[label, MAPS[0], 2].tolist() == pytest.approx(
            np.quantile(heads, [0.25, 0.5, 0.75]).tolist()
        )


def test_numbers_are_those_of_the_result(planted):
    said = numbers(planted)
    errors = dict(zip(METHODS, (0.6, 0.4, 0.4, 0.5, 0.2), strict=True))
    planned = {
        "heads": 72,
        "ratio": 3,
        "short": 0.25,
        "usual": 1,
        "long": 1.4**2,
        "long_ratio": 2,
        "long_keys": 30 / 1.4,
        "longest": 1.4,
        "word_first": 0.8,
        "word_random": 0.5,
        "place": 0.4,
        "few": 10,
        "start": errors[METHODS[0]],
        "plain": errors[METHODS[3]],
        "lateral": errors[METHODS[4]],
        "gap_start": 100 * (0.6 / 0.55 - 1),
        "gap_better": 100 * (0.4 / 0.35 - 1),
        "gap_lateral": 0,
    }
    assert {key: said[key] for key in planned} == pytest.approx(planned, rel=0.06, abs=0.5)
    assert said["rho_low"] < said["rho"] < said["rho_high"]


def test_numbers_are_those_of_the_prose(planted):
    text = (paths.ROOT / "chapters/attention/hard_heads.md").read_text("utf-8")
    glued = set(re.findall(r"\{glue:text\}`(\w+)", text))
    parameters = {"seeds", "units", "learn_units", "learn_steps"}
    assert glued - parameters == set(numbers(planted))
