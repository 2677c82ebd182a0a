"""Every synapse of a head's circuit, counted: how many units fit into a budget.

Counted for one head of width d, with stored values of the same width:

- *input*: from the head's query and key neurons to each unit, d a unit. Queries and keys come
  through the same synapses, as in the published circuit: in coordinates in which S of
  :mod:`brainbook.models.features.landmarks` is the identity, reading and writing weights of a
  tuned unit are the same.
- *stored*: from each cell that stores to the d output neurons; these the astrocyte ensheathes.
- *trace*: one contact of the astrocyte with each cell that stores.
- *lateral*: from each reading cell to each membrane that the network moves, its own as well: what
  a cell fires comes back to it. With two cells a unit also one to the interneuron through which a
  cell acts with the opposite sign.
- *relay*: within a unit that has several cells. Two cells that read and store: one synapse from
  the input cell to the cell above zero, two to the cell below, of either sign, for writing and
  reading. One reading cell around a baseline: one from the input cell to it, two from the input
  cell to the two cells that store, one from it to the cell below, and two, over an interneuron,
  to the cell above.
- *sum*: from each reading cell to the neuron that sums the rates, where the output is divided
  by that sum.

Not counted: what makes queries, keys and values, which attention needs as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PARTS = ("input", "stored", "trace", "lateral", "relay", "sum")


@dataclass(frozen=True)
class Wiring:
    """What a circuit needs for one head.

    counts : numbers of synapses by part (``PARTS``), given units m and width d.
    cells : cells that store, a unit.
    """

    counts: Callable[[int, int], dict[str, float]]
    cells: int

    def total(self, units: int, d: int) -> float:
        """All synapses of a head."""
        return sum(self.counts(units, d).values())

    def ensheathed(self, units: int, d: int) -> int:
        """What the astrocyte must reach: stored synapses, and a contact with each cell."""
        return self.cells * units * (d + 1)

    def units_within(self, budget: float, d: int) -> int:
        """Most units whose synapses, all of them, stay within ``budget``; 0 if one is too many."""
        low, high = 0, 1
        while self.total(high, d) <= budget:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.total(middle, d) <= budget else (low, middle)
        return low


def positive(m: int, d: int) -> dict[str, float]:
    """Published units, or tuned and gated ones: one cell a unit, no lateral synapse."""
    return {"input": m * d, "stored": m * d, "trace": m}


def inhibited(m: int, d: int) -> dict[str, float]:
    """One cell a unit, all inhibit each other."""
    return positive(m, d) | {"lateral": m * m, "sum": m}


def paired(m: int, d: int, between: float | None = None) -> dict[str, float]:
    """Two cells a unit, which all push each other; ``between``: other lateral synapses."""
    among = (2 * m) ** 2 if between is None else between
    return {
        "input": m * d,
        "stored": 2 * m * d,
        "trace": 2 * m,
        "lateral": among + 2 * m,
        "relay": 3 * m,
        "sum": 2 * m,
    }


def one_membrane(m: int, d: int) -> dict[str, float]:
    """Two cells a unit that share a membrane, so that each synapse moves both."""
    return paired(m, d, between=2 * m * m)


def around_baseline(m: int, d: int) -> dict[str, float]:
    """One reading cell a unit, around a baseline rate, and two cells that store."""
    return paired(m, d) | {"lateral": m * m, "relay": 6 * m, "sum": m}


def through_interneurons(m: int, d: int, share: float) -> dict[str, float]:
    """Two cells a unit, joined through ``share`` m pairs of interneurons, there and back."""
    return paired(m, d, between=2 * (2 * m) * (2 * share * m))


def shared(m: int, d: int, heads: int) -> dict[str, float]:
    """One reading network for all heads of a layer, its synapses divided among them.

    Its units see the queries of all heads. Each head keeps a unit of its own for writing, and
    two cells that store, each with a synapse from it and one from the reading network.
    """
    own = paired(m, d)
    return {
        "input": m * d + m * d * heads / heads,  # own keys; all heads' queries, divided
        "stored": own["stored"],
        "trace": own["trace"],
        "lateral": own["lateral"] / heads,
        "relay": own["relay"] / heads + 4 * m,
        "sum": own["sum"] / heads,
    }
