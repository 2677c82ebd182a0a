"""A transformer with random feedback: where it is the gradient, and what the tasks ask."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from brainbook.models.learning import feedback_attention as model
from brainbook.pages.limitations.plausibility import attention as trials

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
    alone = model.gradients(
        {n: w[1:] for n, w in weights.items()}, {n: w[1:] for n, w in feedback.items()},
        tokens, labels, SHAPE,
    )  # fmt: skip
    assert all(torch.allclose(both[n][1:], alone[n], atol=1e-14) for n in both)


def test_recall_has_one_right_answer():
    tokens, answers = trials.recall(50, torch.Generator().manual_seed(0))
    same = (tokens[:, :1, : trials.CODE] == tokens[:, 1:, : trials.CODE]).all(dim=-1)
    assert torch.all(same.sum(dim=1) == 1)
    values = tokens[:, 1:, trials.CODE :][same].argmax(dim=-1)
    assert torch.equal(values, answers) and float(tokens[:, 0, trials.CODE :].abs().max()) == 0


def test_patches_keep_every_pixel():
    tokens = trials.patches(torch.arange(64.0).reshape(1, 64))
    assert tokens.shape == (1, 5, 16) and float(tokens[0, 0].abs().max()) == 0
    assert tokens[0, 1].tolist()[:5] == [0, 1, 2, 3, 8]
    assert sorted(tokens[0, 1:].flatten().tolist()) == list(range(64))


def test_frozen_weights_stay_and_a_short_run_is_reproducible():
    first, again = (trials.train("digits", "readout only", (0,), (0.02,), steps=20) for _ in "ab")
    assert first.equals(again) and 0.1 < first["accuracy"][0] <= 1
    assert trials.WAYS["readout only"].frozen("query0") and trials.chance("digits") == 0.1
    with pytest.raises(ValueError, match="way"):
        trials.train("digits", "guessing", (0,), (0.02,))


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="heads"):
        model.Shape(inputs=5, tokens=4, width=10, heads=4)
