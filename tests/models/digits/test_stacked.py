"""Networks that learn side by side become what each becomes alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.func import functional_call

from brainbook.models.digits.classifiers import trained, trained_each
from brainbook.models.digits.perceptron import train_perceptron
from brainbook.models.digits.spiking_network import train_spiking
from brainbook.models.digits.stacked import StackedLayers, stacked, unstack
from brainbook.models.digits.training import mean_cross_entropy
from brainbook.models.spiking.clip_floor_shift import train_rounded


@pytest.mark.parametrize(
    ("train", "settings"),
    [
        (train_perceptron, {"hidden": (16, 8)}),
        (train_spiking, {"hidden": (16,), "time_steps": 3}),
        (train_rounded, {"hidden": (16,), "levels": 3}),
        (train_spiking, {"hidden": (8,), "time_steps": 2, "coding": "rate"}),  # one by one
    ],
)
def test_side_by_side_is_alone(train, settings):
    together = train((1, 3, 2), epochs=2, **settings)
    for seed, one in zip((1, 3, 2), together, strict=True):
        alone = train(seed, epochs=2, **settings)
        assert (one.seed, one.shape) == (seed, alone.shape)
        for name, weights in alone.state_dict.items():
            torch.testing.assert_close(one.state_dict[name], weights, rtol=0, atol=1e-5)
        assert one.test_accuracy == pytest.approx(alone.test_accuracy, abs=0.01)
        assert one.rates == pytest.approx(alone.rates, abs=0.01)


def test_an_order_of_its_own_for_every_network():
    first, second = train_perceptron((0, 1), hidden=(8,), epochs=1)
    assert not torch.equal(
        first.state_dict["layers.0.weight"], second.state_dict["layers.0.weight"]
    )


def test_stacked_layers_have_the_gradients_of_each():
    models = [nn.Linear(5, 3) for _ in range(4)]
    x, values = torch.randn(4, 7, 5), stacked(models)
    with StackedLayers():
        functional_call(models[0], values, (x,)).square().sum().backward()
    for number, model in enumerate(models):
        model(x[number]).square().sum().backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(values[name].grad[number], parameter.grad)


def test_unstacked_parameters_are_each_networks_own():
    models = [nn.Linear(2, 2) for _ in range(3)]
    values = stacked(models)
    with torch.no_grad():
        values["bias"] += torch.arange(3.0)[:, None]
    before = [model.bias.detach().clone() for model in models]
    unstack(values, models)
    for number, (model, was) in enumerate(zip(models, before, strict=True)):
        assert torch.equal(model.bias, was + number)


def test_the_mean_is_over_a_batch_and_the_sum_over_networks():
    logits, labels = torch.randn(2, 6, 4), torch.randint(4, (2, 6))
    each = [nn.functional.cross_entropy(*pair) for pair in zip(logits, labels, strict=True)]
    torch.testing.assert_close(mean_cross_entropy(logits, labels), sum(each))


def test_what_is_missing_is_trained_together_and_kept_for_each(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINBOOK_STORE", str(tmp_path))
    settings = {"hidden": (4,), "epochs": 1}
    known = trained("perceptron", 1, **settings)
    each = trained_each("perceptron", (0, 1, 2), **settings)
    assert [one.seed for one in each] == [0, 1, 2]
    assert len(list(tmp_path.rglob("*.joblib"))) == 3
    assert each[1].test_accuracy == known.test_accuracy
    again = trained("perceptron", 2, **settings)
    assert torch.equal(again.state_dict["layers.0.weight"], each[2].state_dict["layers.0.weight"])
