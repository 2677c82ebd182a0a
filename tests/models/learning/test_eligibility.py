"""e-prop and the gradient through time, against automatic differentiation."""

from __future__ import annotations

import pytest
import torch

from brainbook.models.learning.eligibility import (
    ROWS,
    BackpropagationThroughTime,
    Eprop,
    SymmetricEprop,
    draw_spiking_net,
    low_pass,
)

UNITS, HOLD = 7, 2


class Surrogate(torch.autograd.Function):
    """Spike forward, pseudo-derivative backward."""

    @staticmethod
    def forward(context, membrane, rule):
        context.save_for_backward(membrane)
        context.rule = rule
        return rule.spikes(membrane)

    @staticmethod
    def backward(context, error):
        return error * context.rule.pseudo_derivative(context.saved_tensors[0]), None


@pytest.fixture
def task():
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(2, 4, 64, generator=generator, dtype=torch.float64)
    targets = torch.randn(2, 4, 10, generator=generator, dtype=torch.float64)
    return inputs, targets


def by_autograd(rule, net, task):
    """An independent simulation whose reset carries no gradient."""
    inputs, targets = task
    recurrent, readout = (w.clone().requires_grad_() for w in net.weights)
    v = z = torch.zeros(2, 4, UNITS, dtype=torch.float64)
    y, loss = torch.zeros(2, 4, 10, dtype=torch.float64), 0.0
    one = torch.ones(2, 4, 1, dtype=torch.float64)
    steps = ROWS * rule.hold
    for t in range(steps):
        row = inputs.reshape(2, 4, ROWS, ROWS)[:, :, t // rule.hold]
        u = torch.cat([row, z, one], dim=-1)
        v = rule.alpha * v + u @ recurrent.transpose(1, 2) - rule.threshold * z.detach()
        z = Surrogate.apply(v, rule)
        arriving = torch.cat([z, one], dim=-1) @ readout.transpose(1, 2)
        y = rule.kappa * y + (1 - rule.kappa) * arriving
        loss = loss + 0.5 * ((y - targets) ** 2).sum() / (4 * steps)
    return torch.autograd.grad(loss, (recurrent, readout))


def test_through_time_is_the_gradient(task):
    rule = BackpropagationThroughTime(HOLD)
    net = draw_spiking_net((0, 1), UNITS, torch.float64)
    record = rule.run(net, net.weights, *task)
    assert 0.02 < float(rule.spikes(record.activity["v"]).mean()) < 0.9
    found = rule.gradients(record.activity, net, net.weights)
    for one, truth in zip(found, by_autograd(rule, net, task), strict=True):
        assert torch.allclose(one, truth, atol=1e-12)


@pytest.mark.parametrize("make", [Eprop, SymmetricEprop])
def test_traces_formed_forward_in_time_give_the_same_sum(task, make):
    rule = make(HOLD)
    net = draw_spiking_net((0, 1), UNITS, torch.float64)
    wires = rule.wires(net)
    activity = rule.run(net, wires, *task).activity
    stepwise = rule.contributions(activity, net, wires).sum(dim=0)
    assert torch.allclose(stepwise, rule.gradients(activity, net, wires)[0], atol=1e-12)


def test_eprop_differs_from_the_gradient_only_through_other_neurons(task):
    rule = SymmetricEprop(HOLD)
    net = draw_spiking_net((0, 1), UNITS, torch.float64)
    for connected in (True, False):
        if not connected:
            net.weights[0][..., ROWS:-1] = 0
        activity = rule.run(net, rule.wires(net), *task).activity
        found = rule.gradients(activity, net, rule.wires(net))[0]
        same = torch.allclose(found, rule.true_gradients(net, *task)[0], atol=1e-12)
        assert same is not connected


def test_low_pass_is_a_geometric_sum():
    signal = torch.zeros(1, 1, 5, 1, dtype=torch.float64)
    signal[0, 0, 1] = 1
    assert low_pass(signal, 0.5).flatten().tolist() == [0, 1, 0.5, 0.25, 0.125]


def test_pixels_drive_as_strongly_whatever_the_number_of_units():
    for units in (5, 30):
        entries = draw_spiking_net(range(40), units, torch.float64).weights[0]
        pixels = entries[..., :ROWS].square().sum(-1)  # (replicas, units)
        assert float(pixels.mean()) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Eprop(hold=0), "hold: got 0"),
        (lambda: Eprop(alpha=1.0), "alpha: got 1.0"),
        (lambda: Eprop(kappa=-0.1), "kappa: got -0.1"),
        (lambda: Eprop(slope=0), "slope: got"),
        (lambda: draw_spiking_net((0,), 0), "units: got 0"),
    ],
)
def test_wrong_settings_are_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
