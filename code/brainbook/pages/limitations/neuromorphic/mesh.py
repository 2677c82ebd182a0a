"""How far the messages of a block travel on the mesh of a chip, by placement of its mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from opjoules.cores import mapping, traffic
from opjoules.cores.mapping import Matrix
from opjoules.cores.traffic import Mesh

from .block import on_lines

PLACED = ("HERMES PCM", "SpiNNaker2", "Loihi")
Events = Mapping[str, np.ndarray]  # messages per token of each unit, by stream


@dataclass(frozen=True)
class Packed:
    """The packed cores of a block on the smallest mesh that takes them.

    flows : messages between cores, see ``opjoules.cores.traffic.flows``.
    nodes : cores in use and the two services.
    """

    flows: pd.DataFrame
    nodes: int
    mesh: Mesh

    @classmethod
    def on(cls, chip: str, weights: Sequence[Matrix], events: Events) -> Packed:
        """A block with matrices ``weights`` that sends ``events``, on ``chip``."""
        core = mapping.core(chip)
        pieces = mapping.pack(on_lines(weights, chip), core)
        nodes = mapping.count(pieces) + len(traffic.SERVICES)
        return cls(traffic.flows(pieces, events), nodes, Mesh.fitting(nodes, core.per_tile))

    def placements(self, seeds: Sequence[int]) -> Iterator[tuple[str, int, np.ndarray]]:
        """Name, seed and places (nodes,): in order once, at random and optimised by seed."""
        yield "in order", -1, np.arange(self.nodes)
        for seed in seeds:
            rng = np.random.default_rng(seed)
            yield "at random", seed, traffic.place_at_random(self.nodes, self.mesh, rng)
            yield "optimised", seed, traffic.place_well(self.flows, self.nodes, self.mesh, seed)


def placements(
    weights: Sequence[Matrix], events: Events, chips: Sequence[str], seeds: Sequence[int]
) -> pd.DataFrame:
    """Hops per token and block for three ways to place the packed cores on a square mesh.

    Columns
    -------
    chip, tiles : the chip, and the tiles along a side of its mesh.
    copies : messages per token, one for each destination.
    expected : mean hops of a copy at random places, closed form.
    placement, seed : in order (seed -1), at random, optimised.
    way, hops : unicast or multicast, and hops per token.
    """
    rows = []
    for chip in chips:
        packed = Packed.on(chip, weights, events)
        copies, expected = traffic.copies(packed.flows), packed.mesh.mean_distance(distinct=True)
        fixed = (chip, copies, packed.mesh.width, expected)
        for name, seed, places in packed.placements(seeds):
            xy = packed.mesh.xy[places]  # (nodes, 2)
            for way in (traffic.unicast, traffic.multicast):
                rows.append((*fixed, name, seed, way.__name__, way(packed.flows, xy)))
    names = ["chip", "copies", "tiles", "expected", "placement", "seed", "way", "hops"]
    return pd.DataFrame(rows, columns=names)


def loihi_hops(
    weights: Sequence[Matrix], events: Events, seeds: Sequence[int]
) -> tuple[float, float, float]:
    """Hops per token and block on Loihi's mesh: optimised multicast, unicast, random unicast."""
    table = placements(weights, events, ["Loihi"], seeds)
    mean = table.groupby(["placement", "way"])["hops"].mean()
    ways = [("optimised", "multicast"), ("optimised", "unicast"), ("at random", "unicast")]
    return tuple(float(mean[way]) for way in ways)
