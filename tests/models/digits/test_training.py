"""The recipe that all digit classifiers share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from brainbook.evidence.datasets import digits
from brainbook.models.digits import training
from brainbook.models.digits.perceptron import Perceptron, PerceptronShape


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_shifts_move_images_and_nothing_else():
    image = torch.zeros(200, 8, 8)
    image[:, 3, 4] = 1
    moved = training.shifted(image, 2, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(moved.sum(dim=(1, 2)), torch.ones(200))
    rows, columns = moved.nonzero()[:, 1] - 3, moved.nonzero()[:, 2] - 4
    assert set(rows.tolist()) == set(columns.tolist()) == {-2, -1, 0, 1, 2}


def test_what_leaves_the_frame_is_lost():
    image = torch.ones(500, 8, 8)
    moved = training.shifted(image, 1, 1.0, torch.Generator().manual_seed(0))
    assert set(moved.sum(dim=(1, 2)).tolist()) == {64.0, 56.0, 49.0}


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_the_fraction_says_how_many_may_move(fraction):
    images = torch.rand(4000, 8, 8)
    moved = training.shifted(images, 1, fraction, torch.Generator().manual_seed(1))
    changed = (moved != images).any(dim=(1, 2)).double().mean()
    assert abs(changed - fraction * 8 / 9) < 0.03  # one shift in nine is none


def test_the_validation_part_lies_within_the_training_images():
    outer, inner = digits(3), training.examples(3, "validation")
    known = {image.tobytes() for image in outer.train_images}
    held = {image.tobytes() for image in inner.test_images}
    assert len(inner.train_labels) + len(inner.test_labels) == len(outer.train_labels)
    assert {image.tobytes() for image in inner.train_images} | held <= known
    assert held.isdisjoint(image.tobytes() for image in outer.test_images)


def test_weight_decay_spares_vectors():
    matrices, vectors = training.parameter_groups(linear(), 0.1)
    assert [p.ndim for p in matrices["params"]] == [2] and matrices["weight_decay"] == 0.1
    assert [p.ndim for p in vectors["params"]] == [1] and vectors["weight_decay"] == 0


def test_joined_parameters_are_trained_as_parameters_alone():
    """Their values, and what AdamW makes of them, to the last bit."""
    apart, together = (training.seeded(linear, 3) for _ in range(2))
    optimisers = [
        torch.optim.AdamW(groups(model, 0.1), lr=0.01)
        for groups, model in (
            (training.parameter_groups, apart),
            (training.joined_groups, together),
        )
    ]
    images = torch.as_tensor(digits(0).train_images[:50])
    for _ in range(3):
        for model, optimiser in zip((apart, together), optimisers, strict=True):
            optimiser.zero_grad(set_to_none=False)
            model(images).square().mean().backward()
            optimiser.step()
    pairs = zip(apart.parameters(), together.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_same_seed_same_weights_and_other_random_state_stays():
    split, recipe = digits(0), training.Recipe(epochs=1)
    before = torch.random.get_rng_state()
    made = [
        training.fit(
            training.seeded(linear, seed), split.train_images, split.train_labels, recipe, seed
        )[1].weight
        for seed in (5, 5, 6)
    ]
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_linear_model_learns():
    split = training.examples(0, "validation")
    model = training.seeded(linear, 0)
    untrained = training.accuracy(model, split.test_images, split.test_labels)
    training.fit(model, split.train_images, split.train_labels, training.Recipe(epochs=10), 0)
    assert training.accuracy(model, split.test_images, split.test_labels) > max(0.85, untrained)
    assert not model.training


def test_accuracy_counts_hits():
    always_zero = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.zeros_(always_zero[1].weight)
    always_zero[1].bias.data = torch.eye(10)[0]
    images = np.zeros((4, 8, 8), dtype=np.float32)
    assert training.accuracy(always_zero, images, np.array([0, 1, 0, 2])) == 0.5


@pytest.mark.parametrize(
    "setting",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"weight_decay": -1.0},
        {"shift": 4},
        {"shifted_fraction": 1.5},
        {"warm_up": 1.0},
    ],
)
def test_a_bad_setting_is_named(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        training.Recipe(**setting)


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="part: got 'train'"):
        training.examples(0, "train")


def test_a_trained_network_comes_back_with_its_scores():
    recipe = training.Recipe(epochs=3)
    noted = lambda model, images: [float(len(images))]  # noqa: E731
    made = training.train(Perceptron, PerceptronShape((8,)), recipe, seed=3, rates=noted)
    split, model = training.examples(3), made.model(torch.float64)
    assert made.rates == (len(split.test_images),) and made.shape.hidden == (8,)
    assert next(model.parameters()).dtype == torch.float64 and not model.training
    images = torch.as_tensor(split.train_images).double()
    hits = model(images).argmax(1).numpy() == split.train_labels
    assert made.train_accuracy == pytest.approx(hits.mean(), abs=2e-3)
