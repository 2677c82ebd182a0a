"""Placements of a small block whose messages are known."""

import numpy as np
import pytest

from brainbook.pages.limitations.neuromorphic import mesh
from opjoules.cores.mapping import Matrix
from opjoules.cores.traffic import STREAMS

D, WIDE = 256, 512
SIZES = {"query": (D, D), "key": (D, D), "value": (D, D), "output": (D, D), "up": (D, WIDE),
         "down": (WIDE, D)}  # fmt: skip
WEIGHTS = [Matrix(name, *size) for name, size in SIZES.items()]
EVENTS = {stream: np.ones(WIDE if stream == "hidden" else D) for stream in STREAMS}


@pytest.fixture(scope="module")
def table():
    return mesh.placements(WEIGHTS, EVENTS, ["HERMES PCM"], (0, 1))


def test_copies_share_the_way_in_a_multicast(table):
    wide = table.pivot(index=["placement", "seed"], columns="way", values="hops")
    assert (wide["multicast"] <= wide["unicast"]).all()


def test_the_optimiser_finds_a_shorter_way(table):
    hops = table[table["way"] == "unicast"].groupby("placement")["hops"].mean()
    assert hops["optimised"] < hops["in order"] and hops["optimised"] < hops["at random"]


def test_messages_are_copied_to_every_destination(table):
    # Queries, keys and values need the input; the rest goes to one place; the 256 inputs beyond
    # a crossbar's rows make partial sums of the 256 outputs of `down`.
    assert table["copies"].unique() == pytest.approx([(3 + 8) * D + 2 * D + D + D - D])


def test_hops_of_loihi_are_ordered_from_best_to_worst():
    low, central, high = mesh.loihi_hops(WEIGHTS, EVENTS, (0,))
    assert 0 < low <= central <= high
