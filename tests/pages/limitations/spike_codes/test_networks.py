"""The networks of the comparison: what is built, with which words, thresholds and twins."""

from __future__ import annotations

import pytest
import torch

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.spiking.conversion import (
    ConvertedPerceptron,
    QuantisedPerceptron,
    spike_count,
    thresholds_at,
)
from brainbook.pages.limitations.spike_codes import (
    candidates as code_plan,
)
from brainbook.pages.limitations.spike_codes import (
    networks as code_networks,
)


@pytest.fixture
def small(monkeypatch):
    """A stand-in for the trained perceptrons."""

    def made(_seed, hidden):
        torch.manual_seed(0)
        return Perceptron(PerceptronShape(hidden)).requires_grad_(False)

    monkeypatch.setattr(code_networks, "_trained", made)


def test_bits_of_levels():
    assert [code_networks.bits_of(t) for t in (1, 2, 3, 4, 7, 8, 15)] == [1, 2, 2, 3, 3, 4, 4]
    with pytest.raises(ValueError, match="levels"):
        code_networks.bits_of(0)


def test_weights_have_so_many_values_a_row():
    torch.manual_seed(0)
    model = Perceptron(PerceptronShape((6,)))
    rounded = code_networks.round_weights(model, 3)
    for row, original in zip(rounded.layers[0].weight, model.layers[0].weight, strict=True):
        values, largest = row.detach().unique(), float(original.detach().abs().max())
        assert len(values) <= 7 and float(values.abs().max()) == pytest.approx(largest)
        assert float((row - original).detach().abs().max()) <= largest / 6 + 1e-6
    assert model.layers[0].weight.detach().unique().numel() > 100  # the original is left alone


def test_best_thresholds_have_the_least_error(small):
    images = code_networks.split_of(0).train_images
    model = code_networks._trained(0, (6,))
    theta = code_networks.best_thresholds(model, images, 2)[0]
    values = code_networks.activations(model, images)[0]
    best = code_networks.rounding_error(values, theta, 2)
    for percentile in code_networks.PERCENTILES:
        other = thresholds_at(model, images, percentile)[0]
        assert best <= code_networks.rounding_error(values, other, 2) + 1e-12
    sent = spike_count(values, theta, 2) * theta / 2
    assert best == pytest.approx(float((sent - values.clamp(min=0)).square().mean()))


def test_kinds_that_are_built(small):
    kinds = {kind: code_networks.build(kind, 0, (6,), 3) for kind in code_networks.KINDS}
    assert isinstance(kinds["rate"].model, ConvertedPerceptron)
    assert isinstance(kinds["quantised"].model, QuantisedPerceptron)
    assert kinds["quantised"].activation_bits == 2 and kinds["rate"].activation_bits == 1
    images = torch.rand(4, 8, 8)
    timed, word = (kinds[k].model(images) for k in ("first spike", "quantised input"))
    assert torch.allclose(timed, word, atol=1e-12)
    with pytest.raises(ValueError, match="kind"):
        code_networks.build("quantised pixels", 0, (6,), 3)


def test_twins_agree_and_need_one_hidden_layer(small):
    pairs = list(code_plan.twins([0], 3, (6,)))
    assert [pair.bits for pair in pairs] == [1, 2, 3]
    assert max(pair.difference for pair in pairs) < 1e-12
    with pytest.raises(ValueError, match="size"):
        list(code_plan.twins([0], 1, (6, 6)))
