"""Two circuits of neurons that recall: do their energies fall, and where do they end?

The network with two layers of neurons (Krotov and Hopfield 2021) and the circuit of neurons,
synapses and astrocyte processes (Kozachkov et al. 2025).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
import torch

from brainbook.models.memory.modern_hopfield import clustered_patterns, two_layers
from brainbook.models.memory.neuron_astrocyte import Circuit, dense_drive, dense_energy, run_dense

NEURONS, STORED = 64, 8  # of the neuron-astrocyte circuit
FLIPPED = 0.1  # probability that a bit of the cue is wrong
SLOW, SLOWLY, LONG = "synapses far slower", (1.0, 1e4, 1.0), 300.0  # its time constants, time
NEUTRAL, PUBLISHED, DENSE = "neutral start", "published start", "dense memory"
SYNAPSES = "synapses set"
STARTS = (NEUTRAL, SYNAPSES, PUBLISHED)
CONDITIONS = tuple(product(((32, 1), (32, 4), (64, 8)), (0.0, 1.0)))  # (neurons, stored), leak
ORDERS = {  # time constants of neurons, synapses, processes
    "neurons fastest": (1.0, 10.0, 10.0),
    "all equal": (1.0, 1.0, 1.0),
    "neurons slowest": (10.0, 1.0, 1.0),
}


def cued(seed: int, neurons: int = NEURONS, stored: int = STORED) -> tuple[Circuit, np.ndarray]:
    """A circuit with random memories and a damaged copy of the first, (neurons,)."""
    rng = np.random.default_rng(seed)
    circuit = Circuit(rng.choice([-1.0, 1.0], (stored, neurons)))
    flips = np.where(rng.random(neurons) < FLIPPED, -1.0, 1.0)
    return circuit, circuit.patterns[0] * flips


def descent_table(seeds: Sequence[int], time: float = 8.0, step: float = 0.01) -> pd.DataFrame:
    """Energy along trajectories; columns system, order, seed, time, energy.

    Two layers: 32 clustered patterns, random starts, hidden neurons fast or slow. Circuit: from
    a damaged memory, three orders of time constants.
    """
    tables = []
    steps = round(time / step)

    def keep(energy: np.ndarray, **labels) -> None:
        table = pd.DataFrame({"time": step * np.arange(len(energy)), "energy": energy})
        tables.append(table.assign(**labels))

    for seed in seeds:
        patterns = 4 * clustered_patterns(4, 8, 64, 0.5, seed)
        generator = torch.Generator().manual_seed(seed)
        visible = torch.randn(1, 64, generator=generator, dtype=torch.float64)
        hidden = torch.randn(1, 32, generator=generator, dtype=torch.float64)
        for order, taus in (("hidden fast", (1.0, 0.1)), ("hidden slow", (0.1, 1.0))):
            _, energy = two_layers(visible, hidden, patterns, taus, steps, step)
            keep(energy[:, 0].numpy(), system="two layers", order=order, seed=seed)
        circuit, cue = cued(seed)
        for order, taus in ORDERS.items():
            _, _, energy = circuit.run(circuit.eliminated(cue), taus, steps, step)
            keep(energy, system="circuit", order=order, seed=seed)
    return pd.concat(tables, ignore_index=True)


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """:func:`descent_table` with a column left: what the energy still falls, over its whole fall.

    Energies of different seeds differ more than any of them falls.
    """
    runs = table.groupby(["system", "order", "seed"])["energy"]
    low, high = runs.transform("min"), runs.transform("max")
    return table.assign(left=(table["energy"] - low) / (high - low))


def largest_rise(table: pd.DataFrame, system: str) -> float:
    """Largest rise of the energy from one step to the next, in units of its whole fall."""
    rises = []
    for _, rows in table[table["system"] == system].groupby(["order", "seed"]):
        energy = rows.sort_values("time")["energy"].to_numpy()
        rises.append(np.diff(energy).max() / (energy.max() - energy.min()))
    return max(0.0, float(max(rises)))


def recall_table(seeds: Sequence[int], time: float = 60.0, step: float = 0.05) -> pd.DataFrame:
    """Circuit, from two starts, and dense memory from one cue; thinned to 121 times.

    Columns
    -------
    seed, time : a row for each; time in membrane time constants, neurons fastest.
    system : :data:`NEUTRAL` or :data:`PUBLISHED` start of the circuit, or :data:`DENSE`.
    overlap : of the neurons' rates with the memory.
    membrane : mean absolute value.
    agreement : share of neurons whose sign is the dense memory's at the same time.
    """
    tables = []
    steps = round(time / step)
    thin = slice(None, None, max(1, steps // 120))
    for seed in seeds:
        circuit, cue = cued(seed)
        taus, gain = ORDERS["neurons fastest"], circuit.gains[0]
        dense = run_dense(circuit, cue, steps, step)
        paths = {
            name: circuit.run(start(circuit, cue, name), taus, steps, step)[1]
            for name in (NEUTRAL, PUBLISHED)
        }
        for system, path in (paths | {DENSE: dense}).items():
            table = pd.DataFrame(
                {
                    "time": step * np.arange(steps + 1),
                    "overlap": (np.tanh(gain * path) * circuit.patterns[0]).mean(-1),
                    "membrane": np.abs(path).mean(-1),
                    "agreement": (np.sign(path) == np.sign(dense)).mean(-1),
                }
            )
            tables.append(table[thin].assign(seed=seed, system=system))
    return pd.concat(tables, ignore_index=True)


def start(circuit: Circuit, cue: np.ndarray, name: str) -> tuple:
    """State with the membranes of a cue (..., N): one of :data:`STARTS`.

    Neutral: synapses and processes at zero. Published: where they stand still at the cue, without
    leak, as the authors' public code has it; g then holds T contracted with the cue already. In
    between: only the synapses so.
    """
    x, s, p = Circuit(circuit.patterns, circuit.gains).eliminated(cue)
    zero = np.zeros_like(s)
    return x, *{NEUTRAL: (zero, zero), SYNAPSES: (s, zero), PUBLISHED: (s, p)}[name]


def starts_table(seeds: Sequence[int], cues: int = 2, step: float = 0.2) -> pd.DataFrame:
    """From which start, and under which conditions, does the circuit complete a memory?

    Until six times the slowest time constant has passed. From the neutral start also :data:`SLOW`:
    processes settle while synapses have hardly begun; until :data:`LONG`.

    Columns
    -------
    neurons, stored, leak, order, start, seed : a row for each.
    cue : overlap of the cues' signs with the memory, mean over ``cues``.
    at_once : that of the signs after one product of the synapses' first rates with the cue.
    end : that of the membranes' signs at the end.
    """
    rows = []
    for ((neurons, stored), leak), seed in product(CONDITIONS, seeds):
        rng = np.random.default_rng([seed, neurons, stored])
        patterns = rng.choice([-1.0, 1.0], (stored, neurons))
        circuit = Circuit(patterns, leak=leak)
        damaged = patterns[0] * np.where(rng.random((cues, neurons)) < FLIPPED, -1.0, 1.0)
        for name in STARTS:
            state = start(circuit, damaged, name)
            first = np.einsum("cij,cj->ci", circuit.rates(state)[1], damaged)
            for order, taus in (ORDERS | ({SLOW: SLOWLY} if name == NEUTRAL else {})).items():
                steps = round(min(6 * max(taus), LONG) / step)
                ((last, *_),) = deque(circuit.path(state, taus, steps, step), maxlen=1)
                overlaps = (np.sign(x) @ patterns[0] / neurons for x in (damaged, first, last))
                found = [float(overlap.mean()) for overlap in overlaps]
                rows.append((neurons, stored, leak, order, name, seed, *found))
    columns = ["neurons", "stored", "leak", "order", "start", "seed", "cue", "at_once", "end"]
    return pd.DataFrame(rows, columns=columns)


def elimination_gaps(seed: int) -> dict[str, float]:
    """How far the eliminated circuit is from the dense memory of degree four, float64.

    rest: largest drive of synapses and processes. drive, energy: largest differences.
    """
    circuit, cue = cued(seed)
    membrane = cue * np.random.default_rng([seed, 1]).uniform(0.05, 0.4, cue.shape)
    state = circuit.eliminated(membrane)
    neuron, synapse, process = circuit.drives(state)
    return {
        "rest": float(max(np.abs(synapse).max(), np.abs(process).max())),
        "drive": float(np.abs(neuron - dense_drive(circuit, membrane)).max()),
        "energy": float(np.abs(circuit.energy(state) - dense_energy(circuit, membrane))),
    }


def gaps(seed: int, descent: pd.DataFrame) -> dict[str, float]:
    """All deviations from identities of the two circuits; ``descent`` from descent_table."""
    rises = {
        "rise": largest_rise(descent, "two layers"),
        "circuit-rise": largest_rise(descent, "circuit"),
    }
    return rises | elimination_gaps(seed)


def growth_rate(seed: int, neurons: int = 8, stored: int = 2, nudge: float = 1e-6) -> float:
    """Fastest growth of a small deviation from the eliminated state at a stored memory.

    Largest real part of the eigenvalues of the circuit's Jacobian (central differences) where
    the dense memory rests, all time constants one. Positive: the circuit does not stay there.
    One pattern alone would be the same experiment for each seed, up to signs.
    """
    rng = np.random.default_rng(seed)
    circuit = Circuit(rng.choice([-1.0, 1.0], (stored, neurons)), gains=(1.5, 1.5, 1.5))
    rest = run_dense(circuit, circuit.patterns[0], 4000, 0.05)[-1]
    parts = circuit.eliminated(rest)
    sizes = np.cumsum([part.size for part in parts])[:-1]

    def drive(flat: np.ndarray) -> np.ndarray:
        x, s, p = np.split(flat, sizes, axis=-1)
        square = (*flat.shape[:-1], neurons, neurons)
        drives = circuit.drives((x, s.reshape(square), p.reshape(square)))
        return np.concatenate([d.reshape(*flat.shape[:-1], -1) for d in drives], axis=-1)

    flat = np.concatenate([part.ravel() for part in parts])
    nudges = nudge * np.eye(len(flat))
    jacobian = (drive(flat + nudges) - drive(flat - nudges)).T / (2 * nudge)
    return float(np.linalg.eigvals(jacobian).real.max())
