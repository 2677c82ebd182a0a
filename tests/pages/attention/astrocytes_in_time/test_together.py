"""All limits at once: without limits the transformer, and each limit alone as elsewhere."""

import math

import numpy as np
import pytest

from brainbook.models.attention.softmax import relative_error
from brainbook.pages.attention.astrocytes_in_time import limits, timing, together
from brainbook.pages.attention.astrocytes_in_time.circuits import AMONG, EXACT, GATED, LATERAL
from brainbook.pages.attention.astrocytes_in_time.measure import measure_published
from brainbook.pages.attention.astrocytes_in_time.timing import over
from brainbook.pages.attention.astrocytes_in_time.together import ALL, NONE, ONE, REPAIRS

INTERVAL = 0.5


@pytest.fixture
def free():
    """A cell without limits."""
    cells = measure_published()
    cells[[f"{where}_decay_{end}" for where in ("process", "soma") for end in ("low", "high")]] = (
        math.inf
    )
    cells[[f"{where}_rise_{end}" for where in ("process", "soma") for end in ("low", "high")]] = 0.0
    cells["covered_share"] = 1.0
    return cells


def of(rows, name):
    return rows[rows["limits"] == name].sort_values("head")["error"].to_numpy()


def test_without_limits_the_exact_kernel_is_the_transformer(passages, free):
    rows = over(passages[:1], together.ideal_at_once, INTERVAL, free)
    assert set(rows["limits"]) == {*ONE, *ALL, NONE, *REPAIRS}
    assert rows[rows["limits"] != NONE]["error"].max() < 1e-4
    constant = over(passages[:1], timing.baselines)["constant"]
    np.testing.assert_allclose(of(rows, NONE), constant, rtol=1e-3, atol=1e-5)


def test_without_limits_a_circuit_is_what_it_was(first, free):
    part = first[GATED]
    rows = over([part], together.at_once, INTERVAL, free)
    alone = relative_error(part.cell.output(), part.exact)
    for name in (*ONE, *ALL, *REPAIRS):
        np.testing.assert_allclose(of(rows, name), alone, rtol=1e-3, err_msg=name)
    constant = over([part], limits.profile)["constant"]
    np.testing.assert_allclose(of(rows, NONE), constant, rtol=1e-3)


def test_single_limits_are_those_of_the_other_figures(first, passages):
    cells = measure_published()
    decay, rise = (cells[f"process_{key}"] / INTERVAL for key in ("decay_high", "rise_low"))
    for part in (first[LATERAL], first[GATED]):
        rows = over([part], together.at_once, INTERVAL, cells)
        leak = over([part], timing.leaking, (decay,))["error"]
        np.testing.assert_allclose(of(rows, "leak"), leak, rtol=1e-2)
        late = over([part], timing.late, (rise,))["error"]
        np.testing.assert_allclose(of(rows, "late divisor"), late, rtol=1e-2)
    rows = over(passages[:1], together.ideal_at_once, INTERVAL, cells)
    assert set(rows["circuit"]) == {EXACT}
    leak = over(passages[:1], timing.leak, (decay,)).query("leak == 'both'")["error"]
    np.testing.assert_allclose(of(rows, "leak"), leak, rtol=1e-3)


def test_scenes_take_the_ends_of_published_ranges():
    cells = measure_published()
    found = together.scenes(cells)
    assert found[ALL[0]] == (cells["process_decay_high"], cells["process_rise_low"])
    assert found[ALL[1]] == (cells["process_decay_low"], cells["process_rise_high"])
    assert found[ALL[2]] == (cells["soma_decay_high"], cells["soma_rise_low"])


def test_the_lateral_circuits_repair_is_a_network_that_knows_its_units(first):
    cells = measure_published()
    rows = over([first[AMONG]], together.at_once, INTERVAL, cells)
    assert set(rows["circuit"]) == {LATERAL} and set(rows["limits"]) == set(REPAIRS[2:])
    rest = over([first[LATERAL]], together.at_once, INTERVAL, cells)
    assert set(rest["limits"]) == {*ONE, *ALL, NONE, *REPAIRS[:2]}


def test_kind_ends_are_kinder(measured):
    by = measured.limits.at_once.groupby(["circuit", "limits"])["error"].median()
    for circuit in (EXACT, LATERAL, GATED):
        assert by[circuit, ALL[0]] < by[circuit, ALL[1]]
        assert by[circuit, REPAIRS[0]] < by[circuit, ALL[0]]
