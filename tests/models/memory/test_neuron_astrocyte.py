"""Neurons, synapses, astrocyte processes: against the full tensor, gradients and dense memory."""

import numpy as np
import pytest
import torch

from brainbook.models.memory import neuron_astrocyte as nam


def circuit(seed=0, neurons=9, stored=3, **options) -> nam.Circuit:
    rng = np.random.default_rng(seed)
    return nam.Circuit(rng.choice([-1.0, 1.0], (stored, neurons)), **options)


def state(seed=1, neurons=9) -> tuple:
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(2, neurons, neurons)) * 0.3
    square = (square + square.swapaxes(1, 2)) / 2
    return rng.normal(size=neurons) * 0.3, square[0], square[1]


def test_coupling_is_the_full_tensor():
    one = circuit()
    xi = one.patterns
    tensor = np.einsum("mi,mj,mk,ml->ijkl", xi, xi, xi, xi) / 9**3
    processes = state()[1]
    full = np.einsum("ijkl,kl->ij", tensor, processes)
    assert one.couple(processes) == pytest.approx(full, abs=1e-12)
    assert tensor == pytest.approx(tensor.transpose(2, 3, 0, 1))


@pytest.mark.parametrize("leak", [0.0, 0.7])
def test_drives_are_minus_the_gradient_of_the_energy(leak):
    one, now = circuit(leak=leak, gains=(1.5, 2.0, 1.2)), state()
    drives, nudge = one.drives(now), 1e-6
    for part, factor in ((0, 1.0), (1, 0.5), (2, 0.5)):
        index = (2,) if part == 0 else (2, 5)
        slope = one.gains[part] * (1 - one.rates(now)[part][index] ** 2)
        sides = []
        for sign in (1, -1):
            moved = [piece.copy() for piece in now]
            moved[part][index] += sign * nudge
            sides.append(one.energy(tuple(moved)))
        gradient = (sides[0] - sides[1]) / (2 * nudge) / slope
        # the energy of this entry alone; its mirror image adds the other half
        expected = factor * drives[part][index]
        if part == 0:
            assert -gradient == pytest.approx(expected, rel=1e-5)
        else:
            assert -gradient == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("taus", [(1.0, 10.0, 10.0), (1.0, 1.0, 1.0), (10.0, 1.0, 1.0)])
def test_energy_falls_for_any_order_of_time_constants_and_with_leak(taus):
    for leak in (0.0, 1.0):
        one = circuit(neurons=20, leak=leak)
        _, _, energy = one.run(state(neurons=20), taus, 600, 0.005)
        assert np.diff(energy).max() <= 1e-9 * np.ptp(energy)
        assert energy[0] - energy[-1] > 0.1


def test_dense_drive_is_minus_the_gradient_of_the_dense_energy():
    one, x = circuit(), state()[0]
    xi = torch.tensor(one.patterns)
    phi = torch.tanh(one.gains[0] * torch.tensor(x)).requires_grad_()
    interaction = ((xi @ phi) ** 4).sum() / (4 * 9**3)
    (force,) = torch.autograd.grad(interaction, phi)
    assert nam.dense_drive(one, x) == pytest.approx(-x + force.numpy(), abs=1e-12)
    path = nam.run_dense(one, x, 400, 0.02)
    assert np.diff(nam.dense_energy(one, path)).max() < 1e-12


@pytest.mark.parametrize(
    "options, named",
    [({"gains": (1.0, 0.0, 1.0)}, "gains"), ({"leak": -1.0}, "leak")],
)
def test_circuit_refuses_what_has_no_energy(options, named):
    with pytest.raises(ValueError, match=named):
        circuit(**options)


def test_other_errors_name_the_parameter():
    with pytest.raises(ValueError, match="patterns"):
        nam.Circuit(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="leak"):
        circuit(leak=1.0).eliminated(np.zeros(9))
    with pytest.raises(ValueError, match="patterns"):
        crowded = nam.Circuit(np.ones((40, 9)))
        crowded.eliminated(np.ones(9))
    with pytest.raises(ValueError, match="step"):
        circuit().run(state(), (1.0, 1.0, 1.0), 1, 2.0)
