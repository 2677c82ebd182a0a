"""Messages on a mesh: conserved, no shorter than the shortest way, against brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from opjoules.cores import mapping, traffic
from opjoules.cores.mapping import Core, Matrix
from opjoules.cores.traffic import STREAMS, Mesh

D = 8
BLOCK = tuple(Matrix(name, D, D) for name in ("query", "key", "value", "output")) + (
    Matrix("up", D, 4 * D),
    Matrix("down", 4 * D, D),
)
EVENTS = {name: np.full(4 * D if name == "hidden" else D, 0.5) for name in STREAMS}


def flows(per_row=4):
    crossbar = Core("x", 64, 8, rows=per_row, columns=4)
    pieces = mapping.spread(BLOCK, crossbar)
    return pieces, traffic.flows(pieces, EVENTS), mapping.count(pieces) + 2


@pytest.mark.parametrize(("width", "height", "per_tile"), [(3, 3, 1), (5, 2, 1), (2, 3, 4)])
def test_mean_distance_is_its_closed_form(width, height, per_tile):
    mesh = Mesh(width, height, per_tile)
    far = mesh.distances
    assert far.mean() == pytest.approx(mesh.mean_distance(False), abs=1e-12)
    distinct = far.sum() / (mesh.slots * (mesh.slots - 1))
    assert distinct == pytest.approx(mesh.mean_distance(True), abs=1e-12)


def test_square_meshes_give_two_thirds_of_their_side():
    for k in range(2, 9):
        assert Mesh(k, k).mean_distance(True) == pytest.approx(2 * k / 3, abs=1e-12)
    assert Mesh.fitting(17, 4) == Mesh(3, 3, 4) and Mesh.fitting(16, 4) == Mesh(2, 2, 4)
    with pytest.raises(ValueError, match="mesh: got .*at least 1"):
        Mesh(0, 2)


def test_messages_are_those_of_the_streams():
    pieces, table, nodes = flows()
    sums = table.groupby("stream")["messages"].sum()
    assert all(sums[name] == pytest.approx(EVENTS[name].sum()) for name in STREAMS)
    split = pieces[pieces["row"] > 0]
    assert sums["partial sums"] == split["columns"].sum()
    assert int(table["targets"].map(max).max()) < nodes
    assert not any(s in t for s, t in zip(table["source"], table["targets"], strict=True))


def test_copies_go_to_every_core_that_needs_the_number():
    _, table, _ = flows()
    queries = table[table["stream"] == "block input"]
    # Three matrices with two column groups each: six copies of every input.
    assert set(queries["targets"].map(len)) == {6}
    hidden = table[table["stream"] == "hidden"]
    assert set(hidden["targets"].map(len)) == {2}


def test_unicast_equals_the_traffic_matrix_and_multicast_is_a_tree():
    _, table, nodes = flows()
    mesh = Mesh.fitting(nodes)
    places = traffic.place_at_random(nodes, mesh, np.random.default_rng(0))
    sent = traffic.traffic_matrix(table, nodes)
    far = mesh.distances[np.ix_(places, places)]
    xy = mesh.xy[places]
    assert traffic.unicast(table, xy) == pytest.approx(float((sent * far).sum()))
    assert sent.sum() == pytest.approx(traffic.copies(table))
    farthest = sum(
        m * far[s, list(t)].max()
        for s, t, m in zip(table["source"], table["targets"], table["messages"], strict=True)
    )
    assert farthest <= traffic.multicast(table, xy) <= traffic.unicast(table, xy)


def test_a_multicast_tree_counts_each_link_once():
    rng = np.random.default_rng(1)
    for _ in range(50):
        source, targets = rng.integers(0, 6, 2), rng.integers(0, 6, (4, 2))
        links = set()
        for x, y in targets:
            step = np.sign(x - source[0])
            links |= {("x", min(i, i + step)) for i in range(source[0], x, step or 1)}
            step = np.sign(y - source[1])
            links |= {("y", x, min(i, i + step)) for i in range(source[1], y, step or 1)}
        table = pd.DataFrame(
            {"stream": ["s"], "source": [0], "targets": [(1, 2, 3, 4)], "messages": [1.0]}
        )
        xy = np.vstack([source, targets])
        assert traffic.multicast(table, xy) == len(links)


def test_placement_finds_the_best_of_all_on_a_small_mesh():
    table = pd.DataFrame(
        {
            "stream": "s",
            "source": [0, 1, 2, 3],
            "targets": [(1,), (2,), (3,), (0,)],
            "messages": [5.0, 1.0, 4.0, 2.0],
        }
    )
    mesh = Mesh(2, 3)
    best = min(
        traffic.unicast(table, mesh.xy[list(order)]) for order in permutations(range(mesh.slots), 4)
    )
    found = [
        traffic.unicast(table, mesh.xy[traffic.place_well(table, 4, mesh, seed)])
        for seed in range(3)
    ]
    assert min(found) == best and len(set(traffic.place_well(table, 4, mesh, 0))) == 4
    again = traffic.place_well(table, 4, mesh, 0)
    assert (again == traffic.place_well(table, 4, mesh, 0)).all()


def test_errors_say_what_is_wrong():
    pieces, _, _ = flows()
    with pytest.raises(ValueError, match="events: got streams"):
        traffic.flows(pieces, {"hidden": np.ones(3)})
    doubled = mapping.spread(mapping.two_lines(BLOCK), Core("x", 64, 8, rows=4, columns=4))
    with pytest.raises(ValueError, match="one line per unit"):
        traffic.flows(doubled, EVENTS)
    with pytest.raises(ValueError, match="nodes: got 10; the mesh has 4 places"):
        traffic.place_at_random(10, Mesh(2, 2), np.random.default_rng(0))
