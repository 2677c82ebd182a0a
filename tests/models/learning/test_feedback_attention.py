"""A transformer with random feedback: where it is the gradient, and where it is not."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from brainbook.models.learning import feedback_attention as model

SHAPE = model.Shape(inputs=5, tokens=4, classes=3, width=8, layers=2, heads=2)


@pytest.fixture
def task():
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randn(2, 6, 4, 5, generator=generator, dtype=torch.float64)
    return tokens, torch.randint(3, (2, 6), generator=generator)


def test_without_random_feedback_it_is_the_gradient(task):
    weights, _ = model.draw((0, 1), SHAPE, torch.float64)
    found = model.gradients(weights, weights, *task, SHAPE)
    step = 1e-5
    for name, place in (("embed", (1, 2, 3)), ("query0", (0, 4, 1)), ("expand1", (1, 9, 8))):
        losses = []
        for sign in (1, -1):
            moved = {n: w.clone() for n, w in weights.items()}
            moved[name][place] += sign * step
            scores = model.logits(moved, moved, task[0], SHAPE)[place[0]]
            losses.append(float(cross_entropy(scores, task[1][place[0]])))
        assert float(found[name][place]) == pytest.approx(
            (losses[0] - losses[1]) / (2 * step), abs=1e-8
        )


def test_random_feedback_leaves_the_head_and_changes_the_rest(task):
    weights, feedback = model.draw((0, 1), SHAPE, torch.float64)
    truth = model.gradients(weights, weights, *task, SHAPE)
    found = model.gradients(weights, feedback, *task, SHAPE)
    assert torch.allclose(found["head"], truth["head"])
    assert not any(torch.allclose(found[n], truth[n]) for n in SHAPE.maps if n != "head")


def test_replicas_do_not_touch_one_another(task):
    weights, feedback = model.draw((0, 1), SHAPE, torch.float64)
    both = model.gradients(weights, feedback, *task, SHAPE)
    tokens, labels = (part[1:] for part in task)
    weights, feedback = ({n: w[1:] for n, w in part.items()} for part in (weights, feedback))
    alone = model.gradients(weights, feedback, tokens, labels, SHAPE)
    assert all(torch.allclose(both[n][1:], alone[n], atol=1e-14) for n in both)


def test_frozen_parameters_get_no_change(task):
    weights, feedback = model.draw((0, 1), SHAPE, torch.float64)
    whole = model.gradients(weights, feedback, *task, SHAPE)
    some = model.gradients(weights, feedback, *task, SHAPE, lambda name: name.startswith("key"))
    assert set(whole) - set(some) == {"key0", "key1"}
    assert all(torch.equal(some[name], whole[name]) for name in some)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="heads"):
        model.Shape(inputs=5, tokens=4, width=10, heads=4)
