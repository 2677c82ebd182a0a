"""Guesses that attend to nothing: means, and what similar queries were given."""

import pytest
import torch

from brainbook.models.astrocyte.baselines import (
    CONSTANT,
    MEAN,
    NEAREST,
    NEIGHBOURS,
    lookup_errors,
    mean_output,
    minilm_lookups,
)
from brainbook.models.attention.softmax import Problem


def heads(passages, tokens=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Problem(*torch.randn(3, passages, 2, tokens, 4, generator=generator))


def test_mean_output_is_the_mean_over_all_queries():
    known = heads(3)
    assert torch.allclose(mean_output(known), known.exact()[0].mean((0, 2)), atol=1e-6)


def test_errors_are_those_computed_by_hand():
    test, known = heads(2, seed=1), heads(3)
    exact, seen = test.exact()[0], known.exact()[0]
    errors = lookup_errors(test, known)
    one, length = exact[1, 0], exact[1, 0].norm()
    assert errors[CONSTANT][1, 0] == pytest.approx(((one - one.mean(0)).norm() / length).item())
    mean = seen[:, 0].mean((0, 1))
    assert errors[MEAN][1, 0] == pytest.approx(((one - mean).norm() / length).item())
    flat, outputs = known.query[:, 0].flatten(0, 1), seen[:, 0].flatten(0, 1)
    guess = torch.stack(
        [
            outputs[(flat - query).norm(dim=1).argsort()[:NEIGHBOURS]].mean(0)
            for query in test.query[1, 0]
        ]
    )
    assert errors[NEAREST][1, 0] == pytest.approx(((one - guess).norm() / length).item(), rel=1e-5)


def test_no_constant_beats_the_best_one_and_a_head_that_repeats_itself_is_looked_up():
    known = heads(3)
    assert (lookup_errors(heads(2, seed=1), known)[CONSTANT] <= 1).all()
    constant = Problem(known.query, known.key, torch.ones_like(known.value))
    for error in lookup_errors(constant, constant).values():
        assert error.max() < 1e-5


@pytest.mark.parametrize(
    ("test", "known", "named"),
    [
        (heads(2), heads(1, tokens=NEIGHBOURS - 1), "calibration"),
        (heads(2)[0], heads(3), "problem"),
        (heads(2)[:, :1], heads(3), "problem"),
    ],
)
def test_problems_that_do_not_fit_are_refused(test, known, named):
    with pytest.raises(ValueError, match=named):
        lookup_errors(test, known)


def test_all_heads_of_minilm_have_a_row_for_each_guess_and_document():
    marks = [tuple(range(1000 + n, 1012 + n)) for n in (0, 40, 80)]
    frame = minilm_lookups({3: marks[0]}, marks[1:])
    assert set(frame["baseline"]) == {CONSTANT, MEAN, NEAREST}
    assert len(frame) == 3 * 72
    assert set(frame["seed"]) == {3}
    assert sorted(frame["layer"].unique()) == list(range(6))
