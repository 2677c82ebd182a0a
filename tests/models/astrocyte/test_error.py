"""Sweeps of the circuit's error: definitions, repeatability, slopes."""

import math

import numpy as np
import pytest
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte import error as circuit_error
from brainbook.models.attention import softmax as attention


def problem(seed=0, variance=0.3):
    return circuit_error.gaussian_problem(3, 15, 8, variance, seeded(seed))


def test_gaussian_problem_has_the_variance_asked_for():
    query, key, value = circuit_error.gaussian_problem(50, 100, 16, 0.5, seeded(1)).tensors
    assert query.var().item() == pytest.approx(0.5 / 16**0.5, rel=0.03)
    assert key.var().item() == pytest.approx(0.5 / 16**0.5, rel=0.03)
    assert value.var().item() == pytest.approx(1, rel=0.03)
    with pytest.raises(ValueError, match="variance"):
        problem(variance=0)


def test_untrained_projection_gives_the_variance_of_the_settings():
    """An untrained BERT: weights of standard deviation 0.02, inputs of unit variance."""
    generator = torch.Generator().manual_seed(0)
    weight = 0.02 * torch.randn(384, 384, generator=generator)
    projected = torch.randn(4000, 384, generator=generator) @ weight
    assert projected.var().item() == pytest.approx(0.02**2 * 384, rel=0.02)


def test_curve_equals_errors_computed_by_hand():
    frame, readouts = circuit_error.curve(problem(), [8, 64], seeded(2))
    output, log_z = problem().exact()
    by_hand = torch.linalg.norm(readouts[1].output - output, dim=(1, 2)) / torch.linalg.norm(
        output, dim=(1, 2)
    )
    rows = frame.query("part == 'output' and units == 64").sort_values("head")["error"]
    assert np.allclose(rows, by_hand)
    trace = (readouts[0].log_p.exp() - log_z.exp()).norm(dim=1) / log_z.exp().norm(dim=1)
    rows = frame.query("part == 'trace' and units == 8").sort_values("head")["error"]
    assert np.allclose(rows, trace, rtol=1e-4)


def test_negative_traces_count_with_their_sign():
    exact = torch.ones(1, 2, 1), torch.zeros(1, 2)
    readout = circuit_error.Readout(1, exact[0], torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]))
    # one trace is -1 instead of 1: an error of 2 over a length of sqrt 2
    assert circuit_error.errors(readout, exact)["trace"].item() == pytest.approx(math.sqrt(2))


def test_baselines_are_uniform_attention_and_taylor():
    floors = circuit_error.baselines(problem()).set_index(["baseline", "part", "head"])["error"]
    floors = floors.sort_index()
    output, log_z = problem().exact()
    uniform = attention.relative_error(attention.mean_of_values(problem().value), output)
    assert np.allclose(floors["uniform", "output"], uniform)
    z = log_z.exp()
    constant = (z - z.mean(1, keepdim=True)).norm(dim=1) / z.norm(dim=1)
    assert np.allclose(floors["uniform", "trace"], constant, rtol=1e-4)
    assert (floors["Taylor", "output"] < floors["uniform", "output"]).all()


def test_seeds_and_streams_give_different_draws_and_repeat():
    def first(*numbers):
        return torch.rand(1, generator=seeded(*numbers)).item()

    assert first(1, 2) == first(1, 2)
    assert len({first(1, 2), first(2, 1), first(1, 3), first(1)}) == 4
