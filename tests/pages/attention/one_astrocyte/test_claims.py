"""Claims hold on results that were made to fit them, and each finding falls on its opposite."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.astrocyte.tuned import BARE
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.maps import Positive
from brainbook.pages.attention.one_astrocyte import Measured, claims
from brainbook.pages.attention.one_astrocyte.measure import UNBIASED
from brainbook.pages.attention.one_astrocyte.sweeps import TunedSweep

SEEDS, LARGE, MANY = range(5), 3750, 100_000
SCATTER = dict(zip(SEEDS, (-0.2, 0.1, 0.0, -0.1, 0.2), strict=True))  # of logs, by document
ERRORS = {Landmarks.name: 0.21, Gated.name: 0.36, UNBIASED: 0.6, Positive.name: 0.8}  # at 256


def frame_of(cells) -> pd.DataFrame:
    """Three heads that err alike, with the scatter of documents, from error by labels."""
    rows = [
        (*labels, seed, 0, head, error * np.exp(SCATTER[seed]))
        for labels, error in cells.items()
        for seed in SEEDS
        for head in range(3)
    ]
    columns = ["map", "units", "part", "split", "seed", "layer", "head", "error"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def fitting() -> Measured:
    """Results on which every claim holds, but the one that documents leave open."""
    tuned = frame_of(
        {
            (Landmarks.name, 256, "output", "test"): ERRORS[Landmarks.name],
            (Gated.name, 256, "output", "test"): ERRORS[Gated.name],
            (Landmarks.name, LARGE, "output", "test"): 0.095,
            (Landmarks.name, LARGE, "trace", "test"): 0.1,
            (Landmarks.name, LARGE, BARE, "test"): 0.5,
            (Landmarks.name, LARGE, "output", "calibration"): 0.04,
        }
    )
    random = frame_of(
        {(name, 256, "output", "test"): ERRORS[name] for name in (Positive.name, UNBIASED)}
    )
    theirs = frame_of({("", MANY, "output", ""): 0.47, ("", MANY, "trace", ""): 0.8})
    theirs = theirs.assign(input="MiniLM")
    noisy = [
        (ridge, noise, seed, error * np.exp(SCATTER[seed] * noise))
        for ridge, loud in ((0.001, 1.1), (0.1, 0.3))
        for noise, error in ((0, 0.25), (0.3, loud))
        for seed in SEEDS
    ]
    factors = [(seed, 5_600 * np.exp(SCATTER[seed])) for seed in SEEDS]
    return Measured(
        Sweep(theirs, theirs.head(0), theirs.head(0)),
        TunedSweep(tuned, (), LARGE),
        random,
        pd.DataFrame(factors, columns=["seed", "factor"]),
        pd.DataFrame(),
        pd.DataFrame(noisy, columns=["ridge", "noise", "seed", "error"]),
        pd.DataFrame({"species": ["rodent"], "bound": ["high"], "units": [LARGE]}),
        pd.Series([0.97, 1.0, 1.02, 1.01, 0.99]),
        pd.Series([0.99, 1.0, 1.01, 1.0, 1.0]),
        {"moves": 0.0, "settled": 0.0},
    )


def tuned(factor: float, **labels):
    """Tuned errors times a factor, in the rows with these labels."""

    def turned(m):
        frame = m.tuned.frame
        chosen = np.logical_and.reduce([frame[name] == value for name, value in labels.items()])
        changed = frame.assign(error=frame["error"].mask(chosen, factor * frame["error"]))
        return replace(m, tuned=replace(m.tuned, frame=changed))

    return turned


def other_maps(name: str):
    """All random maps as good as the tuned ones called ``name``."""
    return lambda m: replace(m, unbiased=m.unbiased.assign(error=0.9 * ERRORS[name]))


OPPOSITES = {
    "small-law": lambda m: replace(m, mixture_ratio=0.5 * m.mixture_ratio),
    "small-goal": tuned(2.0, units=LARGE),  # a clear no
    "small-beats-published": tuned(6.0, units=LARGE),
    "small-factor": lambda m: replace(m, saved=m.saved.assign(factor=m.saved["factor"] / 6)),
    "small-trace": tuned(9.0, part="trace"),
    "small-bare-trace": tuned(0.1, part=BARE),
    "small-gap": tuned(3.0, split="calibration"),
    "small-unbiased": other_maps(UNBIASED),
    "small-gated": other_maps(Gated.name),
    "small-lateral": tuned(2.0, map=Landmarks.name, units=256),
    "small-leak": lambda m: replace(m, noisy=m.noisy.assign(ridge=0.101 - m.noisy["ridge"])),
}


def test_claims_hold_where_they_should(fitting, statuses):
    found = statuses(claims(fitting))
    assert found.pop("small-goal") == "unresolved"
    assert set(found.values()) == {"holds"}


@pytest.mark.parametrize("id", OPPOSITES)
def test_a_finding_falls_on_its_opposite(id, fitting, statuses):
    assert statuses(claims(OPPOSITES[id](fitting)))[id] == "fails"


def test_every_finding_has_an_opposite(fitting):
    made = claims(fitting)
    assert {claim.id for claim in made if claim.role == "finding"} == set(OPPOSITES)


def test_a_goal_that_is_met_makes_its_excuse_stale(fitting, statuses):
    assert statuses(claims(tuned(0.2, units=LARGE)(fitting)))["small-goal"] == "fails"


@pytest.mark.parametrize("name", ["moves", "settled"])
def test_a_broken_identity_fails(name, fitting, statuses):
    broken = replace(fitting, deviations=fitting.deviations | {name: 1e-6})
    assert statuses(claims(broken))[f"small-{name}"] == "fails"


def test_a_wrong_law_of_draws_fails(fitting, statuses):
    wrong = replace(fitting, draw_ratio=0.9 * fitting.draw_ratio)
    assert statuses(claims(wrong))["small-draw-laws"] == "fails"
