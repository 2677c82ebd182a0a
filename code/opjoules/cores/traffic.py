"""Messages between the cores that hold a transformer block, and how far they travel.

The block's weight matrices sit on cores. What has no weights (attention products with softmax;
residual sums with layer normalisation) runs on two further nodes. A message is one number or
one spike of one unit. Messages travel on a mesh along x first, then along y. *Unicast* sends
one copy to each core that needs the number; *multicast* sends one copy along the shared part of
the way and splits where the ways part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import pandas as pd
from scipy.optimize import quadratic_assignment

NORMALISE, ATTEND = "normalise", "attend"
SERVICES = (NORMALISE, ATTEND)
STREAMS = {
    "block input": (NORMALISE, ("query", "key", "value")),
    "queries": ("query", (ATTEND,)),
    "keys": ("key", (ATTEND,)),
    "values": ("value", (ATTEND,)),
    "context": (ATTEND, ("output",)),
    "attention output": ("output", (NORMALISE,)),
    "feed-forward input": (NORMALISE, ("up",)),
    "hidden": ("up", ("down",)),
    "block output": ("down", (NORMALISE,)),
}


@dataclass(frozen=True)
class Mesh:
    """``width`` by ``height`` tiles, each with ``per_tile`` cores behind one router.

    Raises
    ------
    ValueError : a size below one.
    """

    width: int
    height: int
    per_tile: int = 1

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.per_tile) < 1:
            raise ValueError(f"mesh: got {self}; every size must be at least 1")

    @classmethod
    def fitting(cls, nodes: int, per_tile: int = 1) -> Mesh:
        """The smallest square mesh with a place for every node."""
        side = ceil(sqrt(ceil(nodes / per_tile)))
        return cls(side, side, per_tile)

    @property
    def slots(self) -> int:
        """Places for cores."""
        return self.width * self.height * self.per_tile

    @property
    def xy(self) -> np.ndarray:
        """Tile coordinates of each place, (slots, 2)."""
        tile = np.arange(self.slots) // self.per_tile
        return np.stack([tile % self.width, tile // self.width], axis=1)

    @property
    def distances(self) -> np.ndarray:
        """Hops between any two places, (slots, slots)."""
        return np.abs(self.xy[:, None] - self.xy[None]).sum(axis=-1)

    def mean_distance(self, distinct: bool) -> float:
        """Mean hops between two places drawn at random; closed form.

        Along a side of k tiles the mean of |i − j| over all pairs is (k² − 1)/(3k), so a
        k-by-k mesh has 2(k² − 1)/(3k). If the two places must differ (``distinct``), pairs of
        a place with itself drop out: times slots/(slots − 1), which is 2k/3 for k by k.
        """
        sides = np.array([self.width, self.height], dtype=float)
        mean = float(((sides**2 - 1) / (3 * sides)).sum())
        return mean * self.slots / (self.slots - 1) if distinct else mean


def flows(pieces: pd.DataFrame, events: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Messages per token between cores, grouped where source and destinations are the same.

    Parameters
    ----------
    pieces : mapping of the block's matrices, from ``mapping.spread`` or ``mapping.pack``.
    events : messages per token of each unit, (units,), by stream of ``STREAMS``.

    Nodes are the cores, then the two services. A neuron whose fan-in lies on several cores is
    added up on the one with its first inputs; the others send it a partial sum per token, spikes
    or not.

    Columns
    -------
    stream : one of ``STREAMS``, or ``partial sums``.
    source, targets : a node, and a tuple of other nodes.
    messages : per token.

    Raises
    ------
    ValueError : ``events`` has other streams than ``STREAMS``, or a matrix with a line for each
        sign is split between its lines, so that a unit belongs to several pieces.
    """
    if set(events) != set(STREAMS):
        raise ValueError(f"events: got streams {sorted(events)}; needed are {sorted(STREAMS)}")
    cores = int(pieces["core"].max()) + 1
    service = {name: cores + i for i, name in enumerate(SERVICES)}
    rows = [
        row
        for stream, (source, targets) in STREAMS.items()
        for row in _stream(pieces, service, stream, source, targets, np.asarray(events[stream]))
    ]
    owners = pieces[pieces["row"] == 0].set_index(["matrix", "column"])["core"]
    for piece in pieces[pieces["row"] > 0].to_dict("records"):
        owner = owners[piece["matrix"], piece["column"]]
        rows.append(("partial sums", piece["core"], (owner,), float(piece["columns"])))
    table = pd.DataFrame(rows, columns=["stream", "source", "targets", "messages"])
    table["targets"] = [
        tuple(sorted(set(targets) - {source}))
        for source, targets in zip(table["source"], table["targets"], strict=True)
    ]
    return table[table["targets"].map(len) > 0].reset_index(drop=True)


def _stream(
    pieces: pd.DataFrame,
    service: Mapping[str, int],
    stream: str,
    source: str,
    targets: tuple[str, ...],
    messages: np.ndarray,
) -> list[tuple]:
    """Groups of units of one stream that share source and destinations: rows of ``flows``.

    Parameters
    ----------
    pieces : of all matrices.
    service : node of each service.
    stream : its name.
    source, targets : the matrix or service that sends, those that receive.
    messages : per token of each unit, (units,).
    """
    columns = pieces[(pieces["matrix"] == source) & (pieces["row"] == 0)]
    rows = pieces[pieces["matrix"].isin(targets)]
    if len(rows) and int(rows["row"].max()) >= len(messages):
        raise ValueError(
            f"pieces: inputs of {targets} start at line {int(rows['row'].max())}, but stream "
            f"{stream!r} has {len(messages)} units; split matrices need one line per unit"
        )
    cuts = np.unique(np.r_[0, columns["column"], rows["row"], len(messages)]).astype(int)
    groups = []
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        origin = service.get(source)
        if origin is None:
            inside = (columns["column"] <= start) & (start < columns["column"] + columns["columns"])
            origin = int(columns.loc[inside, "core"].iloc[0])
        needing = (rows["row"] <= start) & (start < rows["row"] + rows["rows"])
        homes = {*rows.loc[needing, "core"], *(service[t] for t in targets if t in service)}
        groups.append((stream, origin, tuple(homes), float(messages[start:stop].sum())))
    return groups


def unicast(table: pd.DataFrame, xy: np.ndarray) -> float:
    """Hops per token if every destination gets a copy of its own; ``xy`` (nodes, 2)."""
    pairs = table.explode("targets")
    source, target = (
        xy[pairs[end].to_numpy(dtype=int)]  # (pairs, 2)
        for end in ("source", "targets")
    )
    return float(pairs["messages"].to_numpy() @ np.abs(source - target).sum(axis=1))


def copies(table: pd.DataFrame) -> float:
    """Messages per token, one for each destination."""
    return float((table["messages"] * table["targets"].map(len)).sum())


def multicast(table: pd.DataFrame, xy: np.ndarray) -> float:
    """Hops per token if copies share the way: x first, then y in each column needed.

    The tree covers the row from the source to the farthest column on either side, and in each
    column the span between the source's row and the destinations.
    """
    trees = [
        _tree(xy[source], xy[list(targets)])
        for source, targets in zip(table["source"], table["targets"], strict=True)
    ]
    return float(table["messages"].to_numpy() @ np.array(trees, dtype=float))


def _tree(source: np.ndarray, targets: np.ndarray) -> int:
    """Links of a multicast tree from one place (2,) to several (targets, 2)."""
    across = np.r_[source[0], targets[:, 0]]
    size = across.max() - across.min()
    for column in np.unique(targets[:, 0]):
        down = np.r_[source[1], targets[targets[:, 0] == column, 1]]
        size += down.max() - down.min()
    return int(size)


def traffic_matrix(table: pd.DataFrame, nodes: int) -> np.ndarray:
    """Messages per token from node to node, unicast, (nodes, nodes)."""
    pairs = table.explode("targets")
    index = pairs["source"].to_numpy(dtype=int), pairs["targets"].to_numpy(dtype=int)
    traffic = np.zeros((nodes, nodes))
    np.add.at(traffic, index, pairs["messages"].to_numpy(dtype=float))
    return traffic


def place_at_random(nodes: int, mesh: Mesh, rng: np.random.Generator) -> np.ndarray:
    """A place for each node, (nodes,), all different."""
    _check_room(nodes, mesh)
    return rng.permutation(mesh.slots)[:nodes]


def place_well(table: pd.DataFrame, nodes: int, mesh: Mesh, seed: int) -> np.ndarray:
    """Places that shorten the unicast way: quadratic assignment, refined by swapping pairs.

    Both steps are scipy's: the fast approximate algorithm (Vogelstein et al. 2015) from a random
    start, then 2-opt. A heuristic: nothing says that no better placement exists.
    """
    _check_room(nodes, mesh)
    traffic = np.zeros((mesh.slots, mesh.slots))  # places without a node send nothing
    traffic[:nodes, :nodes] = traffic_matrix(table, nodes)
    distances = mesh.distances.astype(float)
    options = {"rng": np.random.default_rng(seed), "P0": "randomized"}
    rough = quadratic_assignment(traffic, distances, method="faq", options=options)
    guess = np.stack([np.arange(mesh.slots), rough.col_ind], axis=1)  # (slots, 2): node, place
    refine = {"rng": np.random.default_rng(seed), "partial_guess": guess}
    return quadratic_assignment(traffic, distances, method="2opt", options=refine).col_ind[:nodes]


def _check_room(nodes: int, mesh: Mesh) -> None:
    if not 1 <= nodes <= mesh.slots:
        raise ValueError(f"nodes: got {nodes}; the mesh has {mesh.slots} places")
