"""Packing matrices onto cores: every weight once, limits kept, closed forms met."""

from __future__ import annotations

import numpy as np
import pytest

from opjoules.cores import mapping
from opjoules.cores.mapping import Core, Matrix

D = 384
BLOCK = tuple(Matrix(name, D, D) for name in ("query", "key", "value", "output")) + (
    Matrix("up", D, 4 * D),
    Matrix("down", 4 * D, D),
)
ODD = (Matrix("a", 300, 70), Matrix("b", 17, 513), Matrix("c", 5, 3))
CROSSBAR = Core("x", 64, 8, rows=256, columns=256)
MEMORY = Core("y", 128, 8, memory=131072, neurons=1024, inputs=4096)


def placed(pieces, matrices):
    """How often each weight is placed, by matrix."""
    found = {m.name: np.zeros((m.inputs, m.outputs), dtype=int) for m in matrices}
    for p in pieces.to_dict("records"):
        rows = slice(p["row"], p["row"] + p["rows"])
        found[p["matrix"]][rows, p["column"] : p["column"] + p["columns"]] += 1
    return found


@pytest.mark.parametrize("on", [CROSSBAR, MEMORY], ids=["crossbar", "memory"])
@pytest.mark.parametrize("matrices", [BLOCK, ODD], ids=["block", "odd"])
@pytest.mark.parametrize("method", [mapping.spread, mapping.pack])
def test_every_weight_is_placed_exactly_once(on, matrices, method):
    pieces = method(matrices, on)
    assert all((count == 1).all() for count in placed(pieces, matrices).values())
    load = (pieces["rows"] * pieces["columns"]).groupby(pieces["core"]).sum()
    assert (load <= on.capacity).all()
    least = mapping.lower_bound(matrices, on)
    assert (
        least
        <= mapping.count(mapping.pack(matrices, on))
        <= mapping.count(mapping.spread(matrices, on))
    )
    assert 0 < mapping.utilisation(pieces, on) <= 1


def test_counts_of_the_block_are_closed_forms():
    weights = 12 * D**2
    assert mapping.lower_bound(BLOCK, CROSSBAR) == -(-weights // 256**2) == 27
    assert mapping.count(mapping.spread(BLOCK, CROSSBAR)) == 4 * 2 * 2 + 2 * 6 + 6 * 2
    assert mapping.count(mapping.pack(BLOCK, CROSSBAR)) == 27
    assert mapping.lower_bound(mapping.two_lines(BLOCK), MEMORY) == -(-2 * weights // 131072)


def test_neurons_and_inputs_limit_a_core_with_memory():
    few = Core("z", 1, 8, memory=10**6, neurons=10, inputs=400)
    pieces = mapping.pack((Matrix("a", 300, 25), Matrix("b", 200, 5)), few)
    by_core = pieces.groupby("core")
    assert (by_core["columns"].sum() <= 10).all() and (by_core["rows"].sum() <= 400).all()
    assert mapping.count(pieces) == 4  # 10 + 10 + 5 neurons, and b's inputs fit beside none
    with pytest.raises(ValueError, match="fan-in of 500; a core of z takes 400"):
        mapping.pack((Matrix("a", 500, 2),), few)
    with pytest.raises(ValueError, match="fan-in of 500 weights; a core of w holds 100"):
        mapping.spread((Matrix("a", 500, 2),), Core("w", 1, 8, memory=100))


def test_pieces_in_one_crossbar_do_not_overlap_in_area():
    tiles = mapping.pack((Matrix("a", 384, 384), Matrix("b", 128, 128)), CROSSBAR)
    assert mapping.count(tiles) == 3  # 2.25 crossbars of 256 by 256, and a quarter


def test_limits_come_from_the_data():
    assert mapping.mappable() == ("Loihi", "TrueNorth", "SpiNNaker2", "HERMES PCM")
    loihi = mapping.core("Loihi")
    assert (loihi.memory, loihi.neurons, loihi.inputs, loihi.per_tile) == (131072, 1024, 4096, 4)
    assert loihi.weight_bits == 8 and mapping.core("Loihi", 16).weight_bits == 9
    true_north = mapping.core("TrueNorth")
    # Four one-bit rows make a weight of four bits, so a quarter of the rows.
    assert (true_north.rows, true_north.columns, true_north.weight_bits) == (64, 256, 4)
    assert mapping.core("TrueNorth", 1).rows == 256
    assert mapping.core("HERMES PCM").capacity == 65536
    with pytest.raises(ValueError, match="chip: got 'Loihi 2'; allowed are .*HERMES"):
        mapping.core("Loihi 2")
    with pytest.raises(ValueError, match="weight_bits: got 0"):
        mapping.core("Loihi", 0)
