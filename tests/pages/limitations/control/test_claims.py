"""Claims fall when the result is turned wrong."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from brainbook.pages.limitations.control.claims import claims, depth_claims, theorem_claims
from brainbook.pages.limitations.control.erasing import (
    EVERY,
    FRESH,
    INTACT,
    KERNEL,
    LEAST,
    MEANS,
    ROUNDS,
    SAME,
)
from brainbook.pages.limitations.control.steering import (
    DIRECTION,
    NOISE,
    STEERED,
    STRENGTHS,
    Steering,
)

SEEDS = range(3)
NOISE_OF_SEEDS = 0.01
# Means over repetitions for which every claim comes out as on the page.
RIGHT = {
    "cross": 0.0, "least": 0.5, "same": 0.5,
    "fresh intact": 0.8, "fresh": 0.65, "kernel": 0.84,
    "size": 0.5, "size means": 0.9, "size rounds": 0.95,
    "here": 0.0, "left": 0.6, "end": 0.7, "end output": 0.65, "end every": 0.6,
    "rate first": 0.1, "rate last": 3.0, "slope": 3.0,
    "share": 0.9, "share random": 0.2, "kept": 0.5, "kept random": 0.6,
}  # fmt: skip
OPPOSITES = {
    "control-cross": {"cross": 1e-3},
    "control-constant": {"same": 0.6},
    "control-least": {"least": 0.501},
    "control-less-than-means": {"size means": 0.5},
    "control-less-than-rounds": {"size rounds": 0.4},
    "control-fresh": {"fresh": 0.8},
    "control-fresh-left": {"fresh": 0.5},
    "control-kernel": {"kernel": 0.5},
    "control-depth-cross": {"here": 1e-3},
    "control-returns": {"left": 0.7},
    "control-input-output": {"end output": 0.7},
    "control-every-layer": {"end every": 0.7},
    "control-steer-linear": {"slope": 3.01},
    "control-steer-last": {"rate last": 0.1, "slope": 0.1},
    "control-steer-share": {"share random": 0.9},
    "control-steer-price": {"kept": 0.6},
}


def results(**turned) -> tuple[pd.DataFrame, pd.DataFrame, Steering]:
    """Tables with these means; what is left to chance wavers from repetition to repetition."""
    of = RIGHT | turned
    erased, depth, steered = [], [], []
    for seed in SEEDS:
        waver = NOISE_OF_SEEDS * (seed - 1)
        exact = {name: of[name] for name in ("cross", "least")}
        for name, size, fresh in (
            (INTACT, 0.0, of["fresh intact"] - waver),
            (LEAST, of["size"], of["fresh"] + waver),
            (MEANS, of["size means"] + waver, 0.6),
            (ROUNDS, of["size rounds"] + waver, 0.6),
        ):
            probes = {SAME: of["same"], FRESH: fresh, KERNEL: of["kernel"] + waver}
            erased.append({"seed": seed, "eraser": name, "size": size, **exact, **probes})
        for layer, left, end in (
            (0, of["left"] - waver, of["end"] + waver),
            (3, 0.6, 0.6),
            (6, of["end output"], of["end output"]),
            (EVERY, 0.6, of["end every"] - waver),
        ):
            rows = {"seed": seed, "layer": layer, "here": of["here"], "left": left, "end": end}
            depth.append(rows)
        for layer, direction, strength in product(STEERED, (DIRECTION, NOISE), STRENGTHS):
            rate = of["rate last"] if layer == STEERED[-1] else of["rate first"] + waver
            known = direction == DIRECTION
            steered.append({
                "seed": seed, "layer": layer, "direction": direction, "strength": strength,
                "logit": rate * strength, "slope": of["slope"],
                "share": (of["share"] if known else of["share random"]) + waver * known,
                "kept": (of["kept"] if known else of["kept random"]) + waver * known,
            })  # fmt: skip
    return pd.DataFrame(erased), pd.DataFrame(depth), Steering(pd.DataFrame(steered), None)


def test_the_planted_results_come_out_as_the_page_does(statuses):
    assert statuses(claims(*results())) == dict.fromkeys(OPPOSITES, "holds")


@pytest.mark.parametrize("name", OPPOSITES)
def test_the_opposite_fails(name, statuses):
    assert statuses(claims(*results(**OPPOSITES[name])))[name] == "fails"


def test_every_claim_has_its_opposite():
    assert {claim.id for claim in claims(*results())} == set(OPPOSITES)


def test_the_theorem_holds_in_what_was_measured(erased, depth):
    exact = [*theorem_claims(erased), *depth_claims(depth)[:1]]
    assert [str(claim) for claim in exact if claim.status != "holds"] == []
