"""Learning rules against automatic differentiation, closed forms and one another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.models.learning import rules
from brainbook.models.learning.equilibrium_propagation import EquilibriumPropagation
from brainbook.models.learning.hebbian import HebbianFeatures, oja_path
from brainbook.models.learning.predictive_coding import PredictiveCoding
from brainbook.models.learning.rules import draw_net
from brainbook.models.learning.training import learn

SEEDS, WIDTHS = (0, 1, 2), (6, 5, 4, 3)


@pytest.fixture
def task():
    generator = torch.Generator().manual_seed(7)
    inputs = torch.randn(len(SEEDS), 9, 6, generator=generator, dtype=torch.float64)
    targets = torch.randn(len(SEEDS), 9, 3, generator=generator, dtype=torch.float64)
    return inputs, targets


def net(gain=1.0):
    return draw_net(SEEDS, WIDTHS, gain, torch.float64)


def changes(rule, network, task, wires=None):
    wires = rule.wires(network) if wires is None else wires
    return rule.gradients(rule.run(network, wires, *task).activity, network, wires)


def by_autograd(network, task):
    inputs, targets = task
    weights = [w.clone().requires_grad_() for w in network.weights]
    signal = inputs
    for i, w in enumerate(weights):
        signal = torch.einsum("rbi,roi->rbo", signal, w[..., :-1]) + w[..., -1][:, None]
        signal = torch.tanh(signal) if i + 1 < len(weights) else signal
    loss = 0.5 * ((signal - targets) ** 2).sum() / inputs.shape[1]
    return torch.autograd.grad(loss, weights)


def test_backpropagation_is_the_gradient(task):
    network = net()
    for found, truth in zip(
        changes(rules.Backpropagation(), network, task), by_autograd(network, task), strict=True
    ):
        assert torch.allclose(found, truth, atol=1e-12)


@pytest.mark.parametrize("rule", [rules.FeedbackAlignment(), rules.KolenPollack()])
def test_random_feedback_equal_to_the_weights_is_backpropagation(task, rule):
    network = net()
    found = changes(rule, network, task, network.weights)
    truth = changes(rules.Backpropagation(), network, task)
    assert all(torch.equal(a, b) for a, b in zip(found, truth, strict=True))
    assert not torch.allclose(changes(rule, network, task)[0], truth[0])


def test_direct_feedback_is_its_formula(task):
    network, rule = net(), rules.DirectFeedbackAlignment()
    activity = rule.run(network, network.direct, *task).activity
    error = activity["x3"] - task[1]
    delta = (error @ network.direct[0]) * (1 - activity["x1"] ** 2)
    expected = torch.einsum("rbo,rbi->roi", delta, task[0]) / 9
    assert torch.allclose(changes(rule, network, task)[0][..., :-1], expected)


def test_sign_symmetry_keeps_signs_only():
    network = net()
    doubled = rules.Net([2 * w for w in network.weights], network.feedback, network.direct)
    rule = rules.SignSymmetry()
    for one, other, weights in zip(
        rule.wires(network), rule.wires(doubled), network.weights, strict=True
    ):
        assert torch.equal(one, other) and torch.equal(one.sign(), weights.sign())


def test_equilibrium_is_a_fixed_point_and_lowers_the_energy(task):
    network, rule = net(0.5), EquilibriumPropagation()
    start = rules.forward(network.weights, task[0])
    energies = []
    for sweeps in (1, 2, 4, 200):
        state = rule.settle(network, network.weights, start, task[1], 0.3, sweeps)
        energies.append(energy(network, state, task[1], 0.3))
    assert all(
        after <= before + 1e-12 for before, after in zip(energies, energies[1:], strict=False)
    )
    again = rule.settle(network, network.weights, state, task[1], 0.3, 1)
    assert all(torch.allclose(state[n], again[n], atol=1e-10) for n in ("x1", "x2", "x3"))


def energy(network, state, targets, beta):
    total = 0.5 * (state["x3"] ** 2).sum() + 0.5 * beta * ((state["x3"] - targets) ** 2).sum()
    for layer in (1, 2):
        s = state[f"x{layer}"]
        total = total + (s * torch.atanh(s) + 0.5 * torch.log1p(-(s**2))).sum()
    for layer in (1, 2, 3):
        drive = rules.drive(network.weights[layer - 1], state[f"x{layer - 1}"])
        total = total - (state[f"x{layer}"] * drive).sum()
    return float(total)


def test_equilibrium_gradient_is_that_of_finite_differences(task):
    network, rule = net(0.5), EquilibriumPropagation(1e-3, True, 200, 200)
    found = changes(rule, network, task)[0][1, 2, 3]

    def loss(shift):
        weights = [w.clone() for w in network.weights]
        weights[0][1, 2, 3] += shift
        moved = rules.Net(weights, network.feedback, network.direct)
        start = rules.forward(weights, task[0])
        state = rule.settle(moved, weights, start, task[1], 0.0, 300)
        return 0.5 * ((state["x3"] - task[1])[1] ** 2).sum() / 9

    assert float(found) == pytest.approx(float((loss(1e-4) - loss(-1e-4)) / 2e-4), rel=1e-5)


def test_predictive_coding_with_fixed_predictions_is_backpropagation(task):
    network = net()
    rule = PredictiveCoding(rate=1.0, steps=3, fixed=True)
    for found, truth in zip(changes(rule, network, task), by_autograd(network, task), strict=True):
        assert torch.allclose(found, truth, atol=1e-12)
    late = changes(PredictiveCoding(rate=1.0, steps=1, fixed=True), network, task)
    assert not torch.allclose(late[0], by_autograd(network, task)[0])


def test_predictive_coding_settles_downhill(task):
    network, energies = net(0.5), []
    for steps in (1, 5, 200):
        activity = PredictiveCoding(0.1, steps).run(network, network.weights, *task).activity
        energies.append(sum(float((activity[f"e{n}"] ** 2).sum()) for n in (1, 2, 3)))
    assert energies[0] > energies[1] > energies[2]


def test_oja_finds_the_first_component():
    generator = torch.Generator().manual_seed(3)
    mixing = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    covariance = mixing @ mixing.T
    values, vectors = np.linalg.eigh(covariance.numpy())
    start = torch.ones(5, dtype=torch.float64) / 5**0.5
    path = oja_path(covariance, start, 0.3 / values[-1], 4000)
    assert float(path[-1].norm()) == pytest.approx(1, abs=1e-12)
    assert abs(path[-1].numpy() @ vectors[:, -1]) == pytest.approx(1, abs=1e-12)
    with pytest.raises(ValueError, match="rate"):
        oja_path(covariance, start, 2 / values[-1], 1)


def test_hebbian_features_have_one_winner_and_grow_towards_length_one():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(1, 200, 6, generator=generator, dtype=torch.float64)
    network, rule = draw_net((0,), (6, 4, 3), 0.3, torch.float64), HebbianFeatures()
    targets = torch.zeros(1, 200, 3, dtype=torch.float64)
    assert torch.all(rule.compete(network, inputs)["won1"].sum(-1) == 1)
    for _ in range(3000):
        network.weights[0] = network.weights[0] - 0.1 * changes(rule, network, (inputs, targets))[0]
    lengths = network.weights[0][..., :-1].norm(dim=-1)
    assert lengths.numpy() == pytest.approx(np.ones((1, 4)), abs=0.05)


def test_kolen_pollack_moves_both_ways_alike(task):
    network, rule = net(), rules.KolenPollack(0.1)
    before = [w - b for w, b in zip(network.weights, network.feedback, strict=True)]
    learn(network, rule, *task, torch.full((len(SEEDS), 1, 1), 0.2, dtype=torch.float64))
    after = [w - b for w, b in zip(network.weights, network.feedback, strict=True)]
    assert all(torch.allclose(a, 0.9 * b) for a, b in zip(after, before, strict=True))


def test_recorded_activity_belongs_to_neurons():
    rule = rules.Backpropagation()
    names = ("x0", "x1 plus", "mu2", "target")
    assert [rule.neurons(name) for name in names] == ["below", "layer 1", "layer 2", "target"]


@pytest.mark.parametrize(
    ("make", "named"),
    [(lambda: draw_net((), WIDTHS), "seeds"), (lambda: draw_net((0,), (3,)), "widths"),
     (lambda: EquilibriumPropagation(beta=1.5), "beta"),
     (lambda: EquilibriumPropagation(free=0), "free"), (lambda: PredictiveCoding(rate=2), "rate"),
     (lambda: PredictiveCoding(precision=0), "precision"),
     (lambda: PredictiveCoding(steps=0), "steps"),
     (lambda: HebbianFeatures(speed=0), "speed"), (lambda: rules.KolenPollack(1.0), "decay")],
)  # fmt: skip
def test_wrong_settings_are_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()
