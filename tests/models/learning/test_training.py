"""Training: it learns, repeats, and keeps replicas apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence.datasets import Split
from brainbook.models.learning.rules import Backpropagation, FeedbackAlignment, draw_net
from brainbook.models.learning.training import (
    Adam,
    Examples,
    Setting,
    best_rates,
    score,
    stacked,
    train,
    tuned,
)


def draw(seeds, dtype=torch.float32):
    return draw_net(seeds, (6, 5, 10), dtype=dtype)


def split(seed: int) -> Split:
    """Images of two by three pixels; the label is the brightest pixel."""
    generator = np.random.default_rng(seed)

    def images(count):
        shown = generator.random((count, 2, 3)).astype(np.float32)
        return shown, shown.reshape(count, 6).argmax(1)

    return Split(*images(320), *images(100))


@pytest.fixture(scope="module")
def examples() -> Examples:
    return stacked([split(0), split(1)])


SETTING = Setting(FeedbackAlignment(), (0.05, 0.3), draw, epochs=4)


def test_images_are_centred_on_what_is_learned(examples):
    assert examples.images.shape == (2, 320, 6) and examples.test_images.shape == (2, 100, 6)
    assert float(examples.images.mean(dim=1).abs().max()) < 1e-6
    assert float(examples.test_images.mean(dim=1).abs().max()) > 1e-3
    twice = examples.replicas([1, 1, 0])
    assert torch.equal(twice.labels[1], examples.labels[1]) and len(twice.images) == 3


def test_training_learns_and_repeats(examples):
    first, again = (train(SETTING, examples, (0, 1), (0.3, 0.3), watch=True) for _ in "ab")
    untrained = score(SETTING.rule, draw((0, 1)), examples.test_images, examples.test_labels)
    assert np.array_equal(first.accuracy, again.accuracy)
    assert (first.accuracy > untrained + 0.2).all()
    history = first.history.set_index(["epoch", "layer", "seed"])["cosine"]
    assert history.index.get_level_values("epoch").unique().tolist() == [0, 3, 4]
    # The output's own change is the gradient.
    assert history.xs(2, level="layer").to_numpy() == pytest.approx(1, abs=1e-5)
    assert (history.xs(1, level="layer") < 0.9).all()


def test_a_replica_does_not_see_the_others(examples):
    both = train(SETTING, examples, (0, 1), (0.3, 0.05))
    alone = train(SETTING, examples.replicas([1]), (1,), (0.05,))
    assert torch.allclose(both.net.weights[0][1], alone.net.weights[0][0], atol=1e-6)


def test_adam_is_torchs(examples):
    """A replica alone, against torch's own optimiser on the same gradients."""
    generator = torch.Generator().manual_seed(0)
    gradients = [torch.randn(1, 3, 4, generator=generator) for _ in range(20)]
    weights = torch.zeros(1, 3, 4)
    optimiser = torch.optim.Adam([weights], lr=0.1)
    adam, ours = Adam(gradients[:1]), torch.zeros(1, 3, 4)
    for gradient in gradients:
        weights.grad = gradient
        optimiser.step()
        ours = ours - 0.1 * adam([gradient])[0]
    assert torch.allclose(ours, weights, atol=1e-6)


def test_every_seed_tries_every_rate(examples):
    table = tuned(SETTING, examples, (0, 1))
    assert table.groupby("seed")["rate"].agg(tuple).tolist() == [(0.05, 0.3)] * 2
    alone = train(SETTING, examples.replicas([1]), (1,), (0.3,)).accuracy
    assert table["accuracy"].iloc[-1] == pytest.approx(alone[0])
    single = tuned(Setting(Backpropagation(), (0.1,), draw), examples, (0, 1))
    assert single["accuracy"].isna().all() and best_rates(single).tolist() == [0.1, 0.1]


def test_best_rates_prefer_accuracy_then_the_smaller_rate():
    table = pd.DataFrame(
        {"seed": [0, 0, 1, 1], "rate": [0.1, 0.2, 0.1, 0.2], "accuracy": [0.5, 0.5, 0.1, 0.9]}
    )
    assert best_rates(table).to_dict() == {0: 0.1, 1: 0.2}


@pytest.mark.parametrize(("seeds", "rates"), [((0, 1), (1,)), ((0,), (1,))])
def test_what_does_not_pair_up_is_named(examples, seeds, rates):
    with pytest.raises(ValueError, match="rates: got"):
        train(SETTING, examples, seeds, rates)
