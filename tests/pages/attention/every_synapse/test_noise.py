"""Noise: none changes nothing, and what some costs."""

import numpy as np
import pytest
import torch

from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention.every_synapse.circuits import divided_errors, tuned_units
from brainbook.pages.attention.every_synapse.noise import (
    BASELINE,
    CELLS,
    INPUTS,
    PAIRED,
    SYNAPSES,
    TRACES,
    noisy_errors,
)

UNITS, LEAKS, NOISES = 12, (0.001, 0.01), (0.0, 1e-3, 0.3)


def noisy(small, noises=NOISES, seed: int = 0, leaks=LEAKS):
    generator = torch.Generator().manual_seed(seed)
    return noisy_errors(UNITS, leaks, noises, *small, 3, generator)


def constant(problem: Problem) -> Problem:
    """The same with a value of one at every key."""
    return Problem(problem.query, problem.key, torch.ones_like(problem.value))


PLACES = [
    (PAIRED, TRACES),
    (PAIRED, INPUTS),
    *((circuit, where) for circuit in (PAIRED, BASELINE) for where in (CELLS, SYNAPSES)),
]


def of(frame, circuit: str, where: str):
    return frame[(frame["circuit"] == circuit) & (frame["where"] == where)]


def test_noise_of_zero_leaves_every_error_as_it_is(small):
    frame = noisy(small)
    assert len(frame) == (len(PLACES) + len(PLACES) - 2) * len(NOISES) * 2 * 2
    expected = divided_errors(UNITS, *small, draw=3)["error"]
    for place in PLACES:
        rows = of(frame, *place)
        rows = rows[(rows["noise"] == 0) & (rows["leak"] == 0.001)]
        assert rows["error"].tolist() == pytest.approx(expected.tolist(), rel=1e-3)


def test_the_generator_decides_the_noise(small):
    assert noisy(small).equals(noisy(small))
    assert not noisy(small)["error"].equals(noisy(small, seed=1)["error"])


@pytest.mark.parametrize("place", [place for place in PLACES if CELLS not in place])
def test_noise_costs(place, small):
    by = of(noisy(small), *place).groupby(["leak", "noise"])["error"].median().unstack()
    assert (by[0.3] > by[0.0]).all()
    assert np.log(by[1e-3] / by[0.0]).abs().max() < np.log(by[0.3] / by[0.0]).min()


@pytest.mark.parametrize("circuit", [PAIRED, BASELINE])
def test_what_a_cell_adds_comes_back_and_is_taken_off(circuit, small):
    """u + e - (K + leak)^-1 K e = u + leak (K + leak)^-1 e: gone as the leak goes to zero."""
    frame = noisy(small, leaks=(1e-4,))
    lost = of(frame, circuit, CELLS).groupby("noise")["error"].median()
    assert lost[0.3] < 1.01 * lost[0.0]
    assert of(frame, circuit, SYNAPSES).groupby("noise")["error"].median()[0.3] > 2 * lost[0.3]


@pytest.mark.parametrize("where", [SYNAPSES, INPUTS])
def test_noise_from_outside_is_enlarged_the_more_the_smaller_the_leak(where, small):
    by = of(noisy(small, noises=(0.1,)), PAIRED, where).groupby("leak")["error"].median()
    quiet = of(noisy(small, noises=(0.0,)), PAIRED, where).groupby("leak")["error"].median()
    assert (by / quiet)[0.001] > 1.5 * (by / quiet)[0.01] > 1.5


def test_noise_before_the_answers_spoils_none_on_which_all_units_agree(small):
    known, documents = small
    agreed = {name: constant(problem) for name, problem in documents.items()}
    worst = noisy((known, agreed), (0.01,)).groupby("where")["error"].max()
    assert worst[[CELLS, SYNAPSES, INPUTS]].max() < 1e-5 and worst[TRACES] > 1e-3


def test_noise_in_traces_adds_its_first_order_variance(small):
    """Var[sum_r rho_r (1 - e z_r) / sum_r rho_r] = e^2 sum_r (rho_r / sum rho)^2."""
    known, documents = small
    problem, copies, noise = constant(documents["one"]), 400, 1e-3
    frame = noisy((known, dict.fromkeys(map(str, range(copies)), problem)), (noise,))
    rows = frame[(frame["where"] == TRACES) & (frame["leak"] == LEAKS[0])]
    squares = (rows["error"] ** 2).groupby(rows["head"])
    rates = tuned_units(known, UNITS, draw=3).rates(problem.query)  # (heads, N, m)
    share = rates / rates.sum(-1, keepdim=True)
    expected = noise**2 * share.square().sum(-1).mean(-1)
    for head in range(2):
        found = squares.get_group(head)
        assert abs(found.mean() - expected[head]) < 4 * found.std() / copies**0.5
        assert found.std() / copies**0.5 < 0.1 * expected[head]
