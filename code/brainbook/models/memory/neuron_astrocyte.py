"""Associative memory of neurons, synapses and astrocyte processes (Kozachkov et al. 2025).

State: membrane x (N,), synapses s (N, N), processes p (N, N); leading dimensions are batched.
With rates phi = tanh(a x), g = tanh(b s), psi = tanh(c p)::

    tau_n dx_i/dt  = -x_i + sum_j g_ij phi_j
    tau_s ds_ij/dt = -leak s_ij + phi_i phi_j + psi_ij
    tau_p dp_ij/dt = -leak p_ij + sum_kl T_ijkl psi_kl + g_ij

and the memories in the coupling between processes, T_ijkl = sum xi_i xi_j xi_k xi_l / N^3. T is
never formed: its product with an (N, N) matrix costs K N^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Circuit:
    """Patterns (K, N) of +-1, gains of the three rates, leak of synapses and processes.

    Raises
    ------
    ValueError : patterns are not a matrix of +-1, a gain is not positive, the leak negative.
    """

    patterns: np.ndarray
    gains: tuple[float, float, float] = (5.0, 5.0, 5.0)
    leak: float = 0.0

    def __post_init__(self) -> None:
        if self.patterns.ndim != 2 or not (np.abs(self.patterns) == 1).all():
            raise ValueError("patterns: got other entries or shape; allowed is a (K, N) of +-1")
        if min(self.gains) <= 0:
            raise ValueError(f"gains: got {self.gains}; must be positive")
        if self.leak < 0:
            raise ValueError(f"leak: got {self.leak}; must be at least 0")

    @property
    def neurons(self) -> int:
        return self.patterns.shape[1]

    def couple(self, processes: np.ndarray) -> np.ndarray:
        """sum_kl T_ijkl psi_kl of (..., N, N) rates of the processes."""
        xi = self.patterns  # (K, N)
        match = ((xi @ processes) * xi).sum(-1)  # sum_kl xi_k psi_kl xi_l, (..., K)
        return (xi.T * match[..., None, :]) @ xi / self.neurons**3

    def rates(self, state: tuple) -> tuple:
        """phi (..., N), g and psi (..., N, N)."""
        return tuple(np.tanh(gain * part) for gain, part in zip(self.gains, state, strict=True))

    def drives(self, state: tuple) -> tuple:
        """tau dx/dt, tau ds/dt, tau dp/dt."""
        x, s, p = state
        phi, g, psi = self.rates(state)
        outer = phi[..., :, None] * phi[..., None, :]
        return (
            -x + np.einsum("...ij,...j->...i", g, phi),
            -self.leak * s + outer + psi,
            -self.leak * p + self.couple(psi) + g,
        )

    def energy(self, state: tuple) -> np.ndarray:
        """Energy that the dynamics never raises, (...,).

        Legendre terms of the three layers and their couplings; the sums over pairs (i, j) of
        synapses and processes count each pair twice, hence the halves. Its derivatives with
        respect to phi, g and psi are minus the drives (for s and p: minus half of them).
        """
        phi, g, psi = self.rates(state)
        legendre = [
            (part * rate - _log_cosh(gain * part) / gain)
            for gain, part, rate in zip(self.gains, state, (phi, g, psi), strict=True)
        ]
        layers = legendre[0].sum(-1)
        layers = layers + 0.5 * self.leak * (legendre[1] + legendre[2]).sum((-2, -1))
        neurons = np.einsum("...ij,...i,...j->...", g, phi, phi)
        contacts = (g * psi).sum((-2, -1))
        transport = (psi * self.couple(psi)).sum((-2, -1))
        return layers - 0.5 * neurons - 0.5 * contacts - 0.25 * transport

    def eliminated(self, x: np.ndarray) -> tuple:
        """State in which synapses and processes stand still at membrane ``x``, without leak.

        psi_ij = -phi_i phi_j and g_ij = sum_kl T_ijkl phi_k phi_l.

        Raises
        ------
        ValueError : the leak is not zero, or |g| would have to exceed one (too many patterns).
        """
        if self.leak:
            raise ValueError(f"leak: got {self.leak}; the elimination needs 0")
        phi = np.tanh(self.gains[0] * x)
        outer = phi[..., :, None] * phi[..., None, :]
        needed = self.couple(outer)
        if np.abs(needed).max() >= 1:
            raise ValueError(
                f"patterns: got {len(self.patterns)}; the synapses would need rates of "
                f"{np.abs(needed).max():.2f}, and tanh allows less than 1"
            )
        s = np.arctanh(needed) / self.gains[1]
        return x, s, -np.arctanh(outer) / self.gains[2]

    def path(self, state: tuple, taus: tuple, steps: int, step: float) -> Iterator[tuple]:
        """The state at the start and after each Euler step.

        Raises
        ------
        ValueError : a time constant is not longer than the step.
        """
        if min(taus) <= step:
            raise ValueError(f"step: got {step}; must be shorter than the time constants {taus}")
        yield state
        for _ in range(steps):
            drives = self.drives(state)
            state = tuple(
                part + step / tau * drive
                for part, drive, tau in zip(state, drives, taus, strict=True)
            )
            yield state

    def run(self, state: tuple, taus: tuple, steps: int, step: float) -> tuple[list, np.ndarray]:
        """The last state of :meth:`path`, and of all: membranes (steps + 1, ..., N) and energies
        (steps + 1, ...).

        Raises
        ------
        ValueError : as :meth:`path`.
        """
        last, membranes, energies = state, [], []
        for last in self.path(state, taus, steps, step):
            membranes.append(last[0])
            energies.append(self.energy(last))
        return last, np.stack(membranes), np.stack(energies)


def _log_cosh(x: np.ndarray) -> np.ndarray:
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2)


def dense_drive(circuit: Circuit, x: np.ndarray) -> np.ndarray:
    """-x_i + sum over patterns of xi_i (xi . phi)^3 / N^3: the dense memory of degree four."""
    phi = np.tanh(circuit.gains[0] * x)
    match = (phi @ circuit.patterns.T / circuit.neurons) ** 3
    return -x + match @ circuit.patterns


def dense_energy(circuit: Circuit, x: np.ndarray) -> np.ndarray:
    """Legendre term of the neurons minus sum over patterns of (xi . phi)^4 / (4 N^3)."""
    gain = circuit.gains[0]
    phi = np.tanh(gain * x)
    legendre = (x * phi - _log_cosh(gain * x) / gain).sum(-1)
    return legendre - ((phi @ circuit.patterns.T) ** 4).sum(-1) / (4 * circuit.neurons**3)


def run_dense(circuit: Circuit, x: np.ndarray, steps: int, step: float) -> np.ndarray:
    """Euler steps of the dense memory with a time constant of one: (steps + 1, ..., N)."""
    path = [x]
    for _ in range(steps):
        path.append(path[-1] + step * dense_drive(circuit, path[-1]))
    return np.stack(path)
