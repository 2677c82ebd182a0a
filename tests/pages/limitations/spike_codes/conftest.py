"""The page limitations/spike_codes at a small size: few images, few epochs, three seeds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainbook.evidence.datasets import Split, digits
from brainbook.models.digits.perceptron import train_perceptron
from brainbook.models.digits.spiking_network import train_spiking
from brainbook.models.spiking.clip_floor_shift import train_rounded
from brainbook.pages.limitations.spike_codes import measure
from brainbook.pages.limitations.spike_codes.candidates import TrainedSet
from brainbook.pages.limitations.spike_codes.networks import Reader
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP

SEEDS = (0, 1, 2)
STEPS = (1, 4, 8, 16)
TOKENS = 32  # of the passages whose heads are sent as spikes


def read(seed: int, hidden: tuple[int, ...]) -> Reader:
    """A briefly trained perceptron with a part of its images."""
    split = digits(seed)
    few = Split(
        split.train_images[:300],
        split.train_labels[:300],
        split.test_images[:100],
        split.test_labels[:100],
    )
    return Reader(seed, few, train_perceptron(seed, hidden=hidden, epochs=4).model())


@pytest.fixture(scope="session")
def readers():
    return [read(seed, (20, 20)) for seed in SEEDS]


@pytest.fixture(scope="session")
def shallow():
    return [read(seed, (20,)) for seed in SEEDS]


@pytest.fixture(scope="session")
def sets(readers):
    return [
        TrainedSet(
            reader,
            {
                levels: train_rounded(reader.seed, hidden=(20, 20), levels=levels, epochs=1)
                for levels in (1, 3, 7)
            },
            {1: train_spiking(reader.seed, hidden=(20, 20), time_steps=1, epochs=1)},
        )
        for reader in readers
    ]


@pytest.fixture(scope="session")
def energies(sets):
    return measure.measure_networks(sets, 1)


@pytest.fixture(scope="session")
def measured(readers, shallow, energies):
    conversion, mismatches = measure.measure_conversion(readers, STEPS)
    return measure.Measured(
        conversion=conversion,
        mismatches=mismatches,
        thresholds=measure.measure_thresholds(readers, (2, 32)),
        codes=measure.measure_codes(readers, STEPS),
        times=measure.measure_spike_times(readers, shallow, 3),
        bits=measure.measure_bits(readers, shallow, 3),
        rule=measure.measure_rule(),
        energies=energies,
        published=measure.measure_published(),
        attention=measure.measure_attention(SEEDS, (1, 4, 16), TOKENS),
    )


@pytest.fixture(scope="session")
def lawful(measured):
    """The small run with its laws met to a thousandth, and a cheap end of each front."""
    noise = np.random.default_rng(0)

    def near(values):
        return values * (1 + 1e-3 * noise.standard_normal(len(values)))

    conversion, codes, attention = measured.conversion, measured.codes, measured.attention
    twins, networks = measured.bits.twins, measured.energies.networks
    binned = measured.times.binned
    kept = networks["schedule"].eq(IN_ACCUMULATORS) & networks["scenario"].eq("memory")
    timed = networks["family"].eq("first spike") & (networks["scenario"].eq("arithmetic") | kept)
    words = networks["family"].eq("ANN, few bits") & networks["scenario"].eq("skip")
    regular = attention["product"] == "regular coincidences"
    cheap = np.where(timed | words, 1.0, 3.0)
    expected = attention["law"].fillna(20.0)
    return replace(
        measured,
        conversion=conversion.assign(
            error=near(conversion["law"]), largest=near(conversion["layer"].astype(float)).round(2)
        ),
        codes=codes.assign(error=near(codes["law"]), current=near(codes["current_law"])),
        times=replace(
            measured.times, binned=binned.assign(spikes=near(np.full(len(binned), 0.15)))
        ),
        bits=replace(
            measured.bits, twins=twins.assign(ratio=near(np.where(twins["steps"] > 1, 5.0, 1.0)))
        ),
        energies=replace(
            measured.energies, networks=networks.assign(accuracy=0.97, central=near(cheap))
        ),
        attention=attention.assign(error=near(np.where(regular, 20.0, expected))),
    )


@pytest.fixture
def made_up() -> pd.DataFrame:
    """Five networks of one seed in one scenario."""
    rows = [
        ("ANN, few bits", "a", 0.90, 1.0),
        ("ANN, int8", "b", 0.95, 2.0),
        ("first spike", "c", 0.94, 3.0),
        ("first spike", "d", 0.90, 0.5),
        ("ANN, fp32", "e", 0.99, 9.0),
    ]
    columns = ["family", "network", "accuracy", "central"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(scenario="memory", schedule=STEP_BY_STEP, seed=0)
