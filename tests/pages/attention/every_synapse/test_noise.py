"""Noise: none changes nothing, and what some costs."""

import numpy as np
import pytest
import torch

from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention.every_synapse.circuits import divided_errors, tuned_units
from brainbook.pages.attention.every_synapse.noise import BASELINE, RATES, TRACES, noisy_errors

UNITS, LEAKS, NOISES = 12, (0.001, 0.01), (0.0, 1e-3, 0.3)


def noisy(small, noises=NOISES, seed: int = 0, leaks=LEAKS):
    generator = torch.Generator().manual_seed(seed)
    return noisy_errors(UNITS, leaks, noises, *small, 3, generator)


def constant(problem: Problem) -> Problem:
    """The same with a value of one at every key."""
    return Problem(problem.query, problem.key, torch.ones_like(problem.value))


def test_noise_of_zero_leaves_every_error_as_it_is(small):
    frame = noisy(small)
    assert len(frame) == len(LEAKS) * len(NOISES) * 3 * 2 * 2
    expected = divided_errors(UNITS, *small, draw=3)["error"]
    for where in (RATES, TRACES, BASELINE):
        rows = frame[(frame["where"] == where) & (frame["noise"] == 0) & (frame["leak"] == 0.001)]
        assert rows["error"].tolist() == pytest.approx(expected.tolist(), rel=1e-3)


def test_the_generator_decides_the_noise(small):
    assert noisy(small).equals(noisy(small))
    assert not noisy(small)["error"].equals(noisy(small, seed=1)["error"])


@pytest.mark.parametrize("where", [RATES, TRACES, BASELINE])
def test_noise_costs(where, small):
    frame = noisy(small)
    rows = frame[frame["where"] == where]
    by = rows.groupby(["leak", "noise"])["error"].median().unstack()
    assert (by[0.3] > by[0.0]).all()
    assert np.log(by[1e-3] / by[0.0]).abs().max() < np.log(by[0.3] / by[0.0]).min()


def test_noise_in_rates_spoils_no_answer_on_which_all_units_agree(small):
    known, documents = small
    agreed = {name: constant(problem) for name, problem in documents.items()}
    frame = noisy((known, agreed), (0.01,))
    worst = frame.groupby("where")["error"].max()
    assert worst[RATES] < 1e-6 and worst[BASELINE] < 1e-6 and worst[TRACES] > 1e-3


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
