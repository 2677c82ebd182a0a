"""Noise: none changes nothing, and what some costs."""

import numpy as np
import pytest
import torch

from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention.every_synapse.circuits import divided_errors, tuned_units
from brainbook.pages.attention.every_synapse.noise import (
    BASELINE,
    CELLS,
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
    *((circuit, where) for circuit in (PAIRED, BASELINE) for where in (CELLS, SYNAPSES)),
]


def of(frame, circuit: str, where: str):
    return frame[(frame["circuit"] == circuit) & (frame["where"] == where)]


def test_noise_of_zero_leaves_every_error_as_it_is(small):
    frame = noisy(small)
    assert len(frame) == len(LEAKS) * len(NOISES) * len(PLACES) * 2 * 2
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
def test_what_a_cell_adds_comes_back_and_leaves_the_leak_s_share(circuit, small):
    """u + e - (K + leak)^-1 K e = u + leak (K + leak)^-1 e: gone as the leak goes to zero."""
    by = of(noisy(small, leaks=(1e-4, 1.0)), circuit, CELLS).groupby(["leak", "noise"])["error"]
    lost = by.median().unstack()
    assert lost.loc[1e-4, 0.3] < 1.02 * lost.loc[1e-4, 0.0]
    assert lost.loc[1.0, 0.3] > 1.02 * lost.loc[1.0, 0.0]


def test_noise_in_synapses_is_enlarged_the_more_the_smaller_the_leak(small):
    by = of(noisy(small, noises=(1e-3,)), PAIRED, SYNAPSES).groupby("leak")["error"].median()
    quiet = of(noisy(small, noises=(0.0,)), PAIRED, SYNAPSES).groupby("leak")["error"].median()
    added = by**2 - quiet**2
    assert added[0.001] > 3 * added[0.01]


def test_noise_before_the_answers_spoils_none_on_which_all_units_agree(small):
    known, documents = small
    agreed = {name: constant(problem) for name, problem in documents.items()}
    worst = noisy((known, agreed), (0.01,)).groupby("where")["error"].max()
    assert worst[CELLS] < 1e-5 and worst[SYNAPSES] < 1e-5 and worst[TRACES] > 1e-3


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
