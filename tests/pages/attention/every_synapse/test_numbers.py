"""Numbers of the prose are those of the results."""

import numpy as np
import pytest

from brainbook.models.astrocyte.baselines import MEAN
from brainbook.pages.attention import every_synapse as page
from brainbook.pages.attention.every_synapse.bounds import LOW_RANK
from brainbook.pages.attention.every_synapse.circuits import (
    BASELINE,
    EACH,
    MEMBRANE,
    POOL,
    RECTIFIED,
    UNSUMMED,
)
from brainbook.pages.attention.every_synapse.measure import ANEW, ENSHEATHED
from brainbook.pages.attention.every_synapse.noise import BASELINE as AROUND
from brainbook.pages.attention.every_synapse.noise import CELLS, PAIRED, SYNAPSES, TRACES


def mean(frame, where: str) -> float:
    """Over documents, of the median head."""
    return frame.query(where).groupby("document")["error"].median().mean()


@pytest.fixture(scope="module")
def told(measured):
    return page.numbers(measured)


def test_errors_and_units_of_all_heads(told, measured):
    divided = measured.divided
    assert told["documents"] == 6 and told["goal"] == 0.1 and told["confidence"] == 95
    ends = {
        "reached": (EACH, ENSHEATHED),
        "human": (EACH, "human_high"),
        "anew": (EACH, ANEW),
        "membrane": (MEMBRANE, "human_high"),
        "membrane_anew": (MEMBRANE, ANEW),
        "around": (BASELINE, "human_high"),
    }
    for name, (circuit, budget) in ends.items():
        where = f"circuit == {circuit!r} and budget == {budget!r}"
        rows = divided.query(where)
        assert told[f"{name}_units"] == rows["units"].iloc[0]
        assert told[f"{name}_error"] == pytest.approx(mean(divided, where))
        python = rows["document"].str.contains("(Python)", regex=False)
        assert told[f"{name}_reference"] == pytest.approx(mean(rows[python], where))
        assert told[f"{name}_descriptions"] == pytest.approx(mean(rows[~python], where))
        by_document = rows.groupby("document")["error"].median()
        spread = 2.5706 * by_document.std() / np.sqrt(6)  # Student's t, five degrees of freedom
        assert told[f"{name}_spread"] == pytest.approx(spread, rel=1e-4)
        lateral = told[f"{name}_lateral"] / 100 * told[f"{name}_millions"] * 1e6
        m = told[f"{name}_units"]
        expected = {BASELINE: m**2, MEMBRANE: 2 * m**2 + 2 * m, EACH: 4 * m**2 + 2 * m}
        assert lateral == pytest.approx(expected[circuit])
        by_head = rows.groupby(["layer", "head"])["error"].median()
        assert told[f"{name}_heads"] == (by_head < 0.1).sum()
    assert told["heads"] == 72


def test_rivals_bounds_and_the_decoder(told, measured):
    rivals, bounds, wide = measured.rivals, measured.bounds, measured.decoder
    assert told["few_heads"] == 6 and told["few_documents"] == 3
    for name, circuit, end in (
        ("each", EACH, "rodent"),
        ("pool", POOL, "human"),
        ("one_cell", RECTIFIED, "human"),
        ("unsummed", UNSUMMED, "human"),
    ):
        where = f"circuit == {circuit!r} and budget == '{end}_high'"
        assert told[f"{name}_{end}"] == pytest.approx(mean(rivals, where))
        assert told[f"{name}_{end}_units"] == rivals.query(where)["units"].iloc[0]
    assert told["bound_mean"] == pytest.approx(mean(bounds, f"bound == {MEAN!r}"))
    assert told["bound_low_rank"] == pytest.approx(mean(bounds, f"bound == {LOW_RANK!r}"))
    of_least = rivals.query(f"circuit == {EACH!r} and budget == 'rodent_low'")
    assert told["bound_units"] == of_least["units"].iloc[0]
    assert told["bound_each"] == pytest.approx(
        of_least.groupby("document")["error"].median().mean()
    )
    where = f"circuit == {POOL!r} and budget == 'rodent_high'"
    assert told["wide_pool"] == pytest.approx(mean(wide, where))
    assert told["wide_each_units"] == wide.query(where)["units"].iloc[0]


def test_noise(told, measured):
    cells = {
        "quiet": (0.001, PAIRED, CELLS, 0.0),
        "cells": (0.001, AROUND, CELLS, 0.1),
        "traces_loose": (0.1, PAIRED, TRACES, 0.1),
        "around": (0.001, AROUND, SYNAPSES, 0.01),
        "synapses_middle": (0.01, PAIRED, SYNAPSES, 0.01),
        "least": (0.001, PAIRED, SYNAPSES, 0.003),
    }
    for name, (leak, circuit, place, noise) in cells.items():
        where = f"leak == {leak} and `where` == {place!r} and noise == {noise}"
        where += f" and circuit == {circuit!r}"
        assert told[f"noise_{name}"] == pytest.approx(mean(measured.noisy, where))


def test_budgets_are_told_and_all_is_finite(told):
    assert told["budget_human_high"] == 2_000_000 and told["budget_rodent_low"] == 20_000
    assert all(np.isfinite(value) for value in told.values())
