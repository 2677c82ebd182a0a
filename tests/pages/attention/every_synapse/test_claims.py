"""Claims hold on results that were made to fit them, and each finding falls on its opposite."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.sweep import Sweep
from brainbook.pages.attention.every_synapse import Measured, claims
from brainbook.pages.attention.every_synapse.circuits import (
    BASELINE,
    EACH,
    GATED,
    INTERNEURONS,
    MEMBRANE,
    POOL,
    RANDOM,
    RECTIFIED,
    SHARED,
    UNSUMMED,
)
from brainbook.pages.attention.every_synapse.decoder import SO_FAR
from brainbook.pages.attention.every_synapse.measure import (
    ANEW,
    ENSHEATHED,
    HUMAN,
    LEAKS,
    NOISES,
    RODENT,
    SHAKEN,
)
from brainbook.pages.attention.every_synapse.noise import BASELINE as AROUND
from brainbook.pages.attention.every_synapse.noise import CELLS, INPUTS, PAIRED, SYNAPSES

SCATTER = {"a": -0.1, "b": 0.05, "c": 0.0, "d": -0.05, "e": 0.1}  # of logs, by document
GOAL = 0.1


def frame_of(cells: dict, *columns: str) -> pd.DataFrame:
    """Three heads, the middle one with the error of the cell, with the scatter of documents.

    ``cells``: error by labels, named by ``columns``.
    """
    rows = [
        (*labels, document, 0, head, error * np.exp(apart) * far)
        for labels, error in cells.items()
        for document, apart in SCATTER.items()
        for head, far in enumerate((0.2, 1, 7))  # a mean over heads would say something else
    ]
    return pd.DataFrame(rows, columns=[*columns, "document", "layer", "head", "error"])


@pytest.fixture
def fitting() -> Measured:
    """Results on which every claim holds."""
    counted = {
        (EACH, ENSHEATHED, 1_900): 0.08,
        (EACH, HUMAN, 700): 0.05,  # with other constants than the claim's
        (EACH, ANEW, 700): 0.14,
        (MEMBRANE, HUMAN, 970): 0.3,
        (MEMBRANE, ANEW, 970): 0.08,
        (BASELINE, HUMAN, 1_400): 0.08,
    }
    rivals = {
        (EACH, HUMAN): 0.2,
        (POOL, HUMAN): 0.26,
        (UNSUMMED, HUMAN): 0.3,
        (RECTIFIED, HUMAN): 0.4,
        (INTERNEURONS, HUMAN): 0.5,
        (SHARED, HUMAN): 0.4,
        (EACH, RODENT): 0.36,
        (GATED, RODENT): 0.5,
        (POOL, RODENT): 0.3,  # another budget than the claim's
        (RECTIFIED, RODENT): 0.3,
    }
    quiet, loud, least = 0.2, max(NOISES), min(LEAKS)
    noisy = {
        (least, PAIRED, CELLS, 0.0): quiet,
        (least, AROUND, CELLS, loud): quiet * 1.01,
        (least, PAIRED, SYNAPSES, SHAKEN): 0.8,
        (least, AROUND, SYNAPSES, SHAKEN): 8.0,
        (least, PAIRED, INPUTS, SHAKEN): 0.8,
        (0.1, PAIRED, SYNAPSES, SHAKEN): quiet,  # another leak than the claims'
        (0.1, AROUND, SYNAPSES, SHAKEN): quiet,
    }
    wide = {(RANDOM, RODENT): 0.05, (EACH, RODENT): 0.1, (EACH, HUMAN): 0.4, (SO_FAR, ""): 0.5}
    empty = pd.DataFrame()
    return Measured(
        frame_of(counted, "circuit", "budget", "units"),
        frame_of(rivals, "circuit", "budget"),
        empty,
        frame_of(wide, "circuit", "budget"),
        frame_of(noisy, "leak", "circuit", "where", "noise"),
        Sweep(empty, empty, empty),
        {"weights": 0.0, "cells": 0.0},
        GOAL,
    )


def times(factor: float, part: str, **labels):
    """Errors of one part times a factor, in the rows with these labels."""

    def turned(m: Measured) -> Measured:
        frame = getattr(m, part)
        chosen = np.logical_and.reduce([frame[name] == value for name, value in labels.items()])
        assert chosen.any()
        error = frame["error"].mask(chosen, factor * frame["error"])
        return replace(m, **{part: frame.assign(error=error)})

    return turned


OPPOSITES = {
    "every-goal-reached": times(2.0, "divided", budget=ENSHEATHED),
    "every-goal-missed": times(0.5, "divided", circuit=EACH, budget=ANEW),
    "every-goal-membrane": times(2.0, "divided", circuit=MEMBRANE, budget=ANEW),
    "every-goal-baseline": times(2.0, "divided", circuit=BASELINE),
    "every-division": times(0.7, "rivals", circuit=POOL, budget=HUMAN),
    "every-sum": times(0.6, "rivals", circuit=UNSUMMED),
    "every-one-cell": times(0.4, "rivals", circuit=RECTIFIED, budget=HUMAN),
    "every-soft": times(0.6, "rivals", circuit=GATED),
    "every-interneurons": times(0.3, "rivals", circuit=INTERNEURONS),
    "every-shared": times(0.4, "rivals", circuit=SHARED),
    "every-noise-cancelled": times(1.2, "noisy", circuit=AROUND, where=CELLS),
    "every-noise-synapses": times(0.5, "noisy", circuit=PAIRED, where=SYNAPSES),
    "every-noise-inputs": times(0.5, "noisy", where=INPUTS),
    "every-noise-baseline": times(0.05, "noisy", circuit=AROUND, where=SYNAPSES),
    "every-decoder": times(2.0, "decoder", circuit=EACH, budget=RODENT),
}
EQUALS = {  # a rival that is exactly as good
    "every-goal-reached": times(GOAL / 0.08, "divided", budget=ENSHEATHED),
    "every-goal-missed": times(GOAL / 0.14, "divided", circuit=EACH, budget=ANEW),
    "every-goal-membrane": times(GOAL / 0.08, "divided", circuit=MEMBRANE, budget=ANEW),
    "every-goal-baseline": times(GOAL / 0.08, "divided", circuit=BASELINE),
    "every-division": times(0.2 / 0.26, "rivals", circuit=POOL, budget=HUMAN),
    "every-sum": times(0.2 / 0.3, "rivals", circuit=UNSUMMED),
    "every-one-cell": times(0.2 / 0.4, "rivals", circuit=RECTIFIED, budget=HUMAN),
    "every-soft": times(0.36 / 0.5, "rivals", circuit=GATED),
    "every-interneurons": times(0.2 / 0.5, "rivals", circuit=INTERNEURONS),
    "every-shared": times(0.2 / 0.4, "rivals", circuit=SHARED),
    "every-noise-cancelled": times(1.1 / 1.01, "noisy", circuit=AROUND, where=CELLS),
    "every-noise-synapses": times(0.5 / 0.8, "noisy", circuit=PAIRED, where=SYNAPSES),
    "every-noise-inputs": times(0.5 / 0.8, "noisy", where=INPUTS),
    "every-noise-baseline": times(0.1, "noisy", circuit=AROUND, where=SYNAPSES),
    "every-decoder": times(5 / 3, "decoder", circuit=EACH, budget=RODENT),
}


def uneven(part: str, circuit: str):
    """Two documents turned round: a mean that no longer stands clear of them."""

    def turned(m: Measured) -> Measured:
        frame = getattr(m, part)
        chosen = (frame["circuit"] == circuit) & frame["document"].isin(["a", "b"])
        return replace(m, **{part: frame.assign(error=frame["error"].mask(chosen, 0.05))})

    return turned


def test_claims_hold_where_they_should(fitting, statuses):
    assert set(statuses(claims(fitting)).values()) == {"holds"}


@pytest.mark.parametrize("id", OPPOSITES)
def test_a_finding_falls_on_its_opposite_and_no_other_with_it(id, fitting, statuses):
    found = statuses(claims(OPPOSITES[id](fitting)))
    assert found.pop(id) == "fails" and set(found.values()) == {"holds"}


@pytest.mark.parametrize("id", EQUALS)
def test_a_finding_falls_where_there_is_no_difference(id, fitting, statuses):
    assert statuses(claims(EQUALS[id](fitting)))[id] == "fails"


@pytest.mark.parametrize(
    ("id", "part", "circuit"),
    [("every-shared", "rivals", SHARED), ("every-decoder", "decoder", SO_FAR)],
)
def test_a_finding_falls_where_documents_disagree(id, part, circuit, fitting, statuses):
    assert statuses(claims(uneven(part, circuit)(fitting)))[id] == "fails"


def test_every_finding_has_an_opposite(fitting):
    made = claims(fitting)
    assert {claim.id for claim in made if claim.role == "finding"} == set(OPPOSITES) == set(EQUALS)


@pytest.mark.parametrize(("id", "name"), [("one-weight", "weights"), ("two-cells", "cells")])
def test_a_broken_identity_fails(id, name, fitting, statuses):
    broken = replace(fitting, deviations=fitting.deviations | {name: 1e-6})
    assert statuses(claims(broken))[f"every-{id}"] == "fails"


def test_repetitions_are_documents_and_statements_name_the_units(fitting):
    made = {claim.id: claim for claim in claims(fitting)}
    for id in OPPOSITES:
        assert (made[id].over, made[id].repetitions) == ("documents", len(SCATTER))
    goals = ("reached", "1,900"), ("missed", "700"), ("membrane", "970"), ("baseline", "1,400")
    for id, units in goals:
        assert f" {units} " in made[f"every-goal-{id}"].statement
    ratio = made["every-division"].measured
    assert ratio == pytest.approx(np.log(0.26 / 0.2))  # of medians over heads
