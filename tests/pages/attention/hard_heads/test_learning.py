"""Learning in several ways: what is held out, which rate is taken, what the frame holds."""

import pytest
import torch

from brainbook.models.astrocyte.tuned import gated as fit_gated
from brainbook.models.astrocyte.tuned import read
from brainbook.models.attention.minilm_heads import problem_on
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.models.attention.softmax import Problem, softmax_attention
from brainbook.pages.attention.hard_heads import learning as learned_trials
from brainbook.pages.attention.hard_heads.learning import (
    INHIBITION,
    METHODS,
    NO_GRADIENT,
    STARTS,
    least,
)

SMALL = {"units": (8,), "seeds": (0, 1), "steps": 12, "rates": (0.03,), "tokens": 24}


@pytest.fixture(scope="module")
def small():
    return calibration_passages(24, 6)[:20]


@pytest.fixture
def few_passages(monkeypatch, small):
    monkeypatch.setattr(learned_trials, "calibration_passages", lambda tokens: small)
    return small


def test_every_method_is_tried_on_the_same_heads_and_passages(few_passages):
    frame = learned_trials.learned_trials(**SMALL)
    cells = frame.groupby(["method", "seed", "split", "passage"])[["layer", "head"]].size()
    assert (cells == 6).all() and len(cells) == len(METHODS) * 2 * 2 * 6
    rates = frame.groupby("method")["rate"].unique()
    assert rates[NO_GRADIENT] == rates[INHIBITION] == [0.0]
    assert all(rates[method] == [0.03] for method in STARTS)
    assert frame["error"].between(0, 10).all()
    assert frame.equals(learned_trials.learned_trials(**SMALL))
    by_seed = frame.groupby(["method", "seed"])["error"].median().unstack()
    assert (by_seed[0] != by_seed[1]).all()


def test_learning_goes_on_from_the_landmarks(few_passages):
    frame = learned_trials.learned_trials(**SMALL | {"steps": 60, "units": (16,)})
    error = frame.query("split == 'calibration'").groupby("method")["error"].median()
    for method, (from_landmarks, _) in STARTS.items():
        if from_landmarks:
            assert error[method] < error[NO_GRADIENT]


def test_nothing_is_learned_from_the_last_tenth_nor_from_test_text(few_passages, monkeypatch):
    seen = []

    def spy(query, key, units, generator, recipe, value, start):
        seen.append(query)
        return original(query, key, units, generator, recipe, value, start)

    original = learned_trials.learn
    monkeypatch.setattr(learned_trials, "learn", spy)
    learned_trials.learned_trials(**SMALL | {"seeds": (0,)})
    everything = problem_on(few_passages).query[:, :, :1].flatten(1, 2)
    assert len(seen) == len(STARTS)
    assert all(torch.equal(query, everything[:18]) for query in seen)


def test_the_rate_with_the_least_error_is_taken():
    errors = {0.1: 0.5, 0.2: 0.3, 0.3: float("nan")}
    assert least(list(errors), lambda rate: rate, errors.get) == (0.2, 0.2)


def test_a_single_rate_is_taken_without_a_look():
    assert least((0.1,), lambda rate: rate, None) == (0.1, 0.1)


def test_the_first_seed_settles_the_rate(few_passages):
    options = SMALL | {"rates": (0.0, 0.1), "steps": 40}
    frame = learned_trials.learned_trials(**options)
    rates = frame.groupby("method")["rate"].nunique()
    assert (rates == 1).all()
    assert (frame.loc[frame["method"] == next(iter(STARTS)), "rate"] == 0.1).all()


def test_output_errors_are_those_of_the_circuits_outputs():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 5, 2, 12, 4, generator=generator)
    gated = fit_gated(query, key, value, 12, generator)
    found = learned_trials.output_errors(gated, Problem(query, key, value))
    output = read(gated, query, key, value).output
    exact, _ = softmax_attention(query, key, value)
    for passage, head in ((0, 0), (4, 1)):
        apart = (output - exact)[passage, head].norm() / exact[passage, head].norm()
        assert found[passage, head].item() == pytest.approx(apart.item(), rel=1e-5)


def test_an_empty_grid_is_refused():
    with pytest.raises(ValueError, match="seeds, rates"):
        learned_trials.learned_trials(seeds=())
