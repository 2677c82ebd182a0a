"""The page attention/memory at a small size."""

from dataclasses import replace

import numpy as np
import pytest

from brainbook.evidence import facts
from brainbook.models.memory import dense
from brainbook.models.memory.hopfield import mean_field_overlap
from brainbook.pages.attention.memory import capacity as capacities
from brainbook.pages.attention.memory import circuits, heads, measure

SEEDS = (0, 1, 2)


@pytest.fixture(scope="session")
def collapse():
    return measure.measure_collapse(1600, SEEDS)


@pytest.fixture(scope="session")
def capacity():
    error = facts.value("associative_memory.csv", "bit_error")
    return capacities.Capacity(
        dense.capacity_table(measure.DEGREES, [32, 512, 1024, 2048], range(5), 6000, error),
        dense.failure_table(range(12, 21, 2), SEEDS, trials=30),
        capacities.single_bit_table((12, 16, 20), SEEDS, 6000, error),
        dense.perfect_table(measure.DEGREES, [32, 512]),
    )


@pytest.fixture(scope="session")
def descent():
    return circuits.shares(circuits.descent_table([0], time=3))


@pytest.fixture(scope="session")
def gaps(descent):
    return measure.measure_identities(0, descent)


@pytest.fixture(scope="session")
def recalled():
    return measure.measure_recall(range(5))


@pytest.fixture(scope="session")
def started():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(circuits, "CONDITIONS", (((24, 2), 0.0), ((24, 2), 1.0)))
        return circuits.starts_table(SEEDS)


@pytest.fixture(scope="session")
def keys():
    names = heads.long_texts(64)
    trained = {tokens: heads.read(names, tokens) for tokens in (16, 64)}
    return heads.keys_table(trained, heads.read_untrained(names, 64))


@pytest.fixture(scope="session")
def iterated():
    return measure.measure_iteration(32)


@pytest.fixture(scope="session")
def measured(collapse, capacity, gaps, recalled, started, keys, iterated):
    rest = (*recalled, started, keys, *iterated)
    return measure.Measured(collapse, capacity, gaps, *rest)


@pytest.fixture(scope="session")
def lawful(measured):
    """The small run with the noise of its laws taken away: all laws hold to a thousandth."""
    noise = np.random.default_rng(0)

    def near(values):
        return values * (1 + 1e-3 * noise.standard_normal(len(values)))

    capacity, collapse = measured.capacity, measured.collapse
    powers = capacity.powers.assign(capacity=near(capacity.powers["law"]))
    powers["ratio"] = powers["capacity"] / powers["law"]
    tables = {
        name: table.assign(patterns=near(table["law"]))
        for name, table in (("every", capacity.every), ("single", capacity.single))
    }
    errors = 1 - collapse.table["load"].map(mean_field_overlap)
    table = collapse.table.assign(overlap=1 - near(errors))
    sizes = near(np.ones(len(collapse.falls)))[:, None] * [0.17, 0.165, 0.16, 0.155]
    falls = 0 * collapse.falls + sizes
    return replace(
        measured,
        capacity=replace(capacity, powers=powers, **tables),
        collapse=replace(collapse, table=table, falls=falls),
    )
