"""The networks of the comparison: what is built, with which words and thresholds."""

import pytest
import torch

from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.spiking.conversion import (
    ConvertedPerceptron,
    QuantisedPerceptron,
    spike_count,
    thresholds_at,
)
from brainbook.pages.limitations.spike_codes import networks


def test_bits_of_levels():
    assert [networks.bits_of(t) for t in (1, 2, 3, 4, 7, 8, 15)] == [1, 2, 2, 3, 3, 4, 4]
    with pytest.raises(ValueError, match="levels"):
        networks.bits_of(0)


def test_weights_have_so_many_values_a_row():
    torch.manual_seed(0)
    model = Perceptron(PerceptronShape((6,)))
    rounded = networks.round_weights(model, 3)
    for row, original in zip(rounded.layers[0].weight, model.layers[0].weight, strict=True):
        values, largest = row.detach().unique(), float(original.detach().abs().max())
        assert len(values) <= 7 and float(values.abs().max()) == pytest.approx(largest)
        assert float((row - original).detach().abs().max()) <= largest / 6 + 1e-6
    assert model.layers[0].weight.detach().unique().numel() > 100  # the original is left alone


def test_best_thresholds_have_the_least_error(shallow):
    activations = shallow[0].in_training()
    theta = networks.best_thresholds(activations, 2)[0]
    values = activations[0]
    best = networks.rounding_error(values, theta, 2)
    for percentile in networks.PERCENTILES:
        other = thresholds_at(activations, percentile)[0]
        assert best <= networks.rounding_error(values, other, 2) + 1e-12
    sent = spike_count(values, theta, 2) * theta / 2
    assert best == pytest.approx(float((sent - values.clamp(min=0)).square().mean()))


def test_kinds_that_are_built(shallow):
    perceptron = shallow[0].perceptron
    kinds = {kind: networks.build(kind, perceptron, [0.8], 3) for kind in networks.KINDS}
    assert isinstance(kinds["rate"], ConvertedPerceptron) and not kinds["rate"].training
    assert isinstance(kinds["quantised"], QuantisedPerceptron)
    images = torch.rand(4, 8, 8)
    timed, word = (kinds[kind](images) for kind in ("first spike", "quantised input"))
    assert torch.allclose(timed, word, atol=1e-12)
    with pytest.raises(ValueError, match="kind"):
        networks.build("quantised pixels", perceptron, [0.8], 3)
