"""The page's results: published tables as they are, networks made up where training decides."""

import pandas as pd
import pytest
import torch

from brainbook.evidence.datasets import digits
from brainbook.models.digits.perceptron import Perceptron, PerceptronShape
from brainbook.models.digits.spiking_network import SpikingNetwork, SpikingShape
from brainbook.pages.limitations import spiking as page
from brainbook.pages.limitations.spiking.measure import TITLES, Measured
from brainbook.pages.limitations.spiking.rivals import LARGEST, SCHEDULED, network_name
from opjoules.pricing.schedules import SCHEDULES, STEP_BY_STEP
from opjoules.pricing.schemes import compare_models
from opjoules.published.spiking import spikingformer_schemes

SEEDS, STEPS = (0, 1, 2), 4
LARGE, SMALL = network_name(LARGEST), network_name((16,))
CHEAPER = {"fp32": 2.0, "fp32-memory": 1.6, "int8": 2.0, "int8-memory": 1.5, "int8-skip": 0.5,
           "loihi": 0.5}  # fmt: skip


def made_up_networks() -> pd.DataFrame:
    """Small and large networks: of one size spikes are cheaper, small perceptrons as accurate."""
    closed = page.measure_identities()
    rate = 0.05
    acs = STEPS * rate * (128 * 128 + 128 * 10)
    rows = []
    for seed in SEEDS:
        noise = 1 + 0.01 * seed
        for scenario in TITLES:
            for family, network, accuracy, macs, spikes, energy in (
                ("perceptron", SMALL, 0.98, 1e3, 0, 1.0),
                ("perceptron", LARGE, 0.99, closed["perceptron"], 0, 20.0),
                ("spiking", SMALL, 0.96, 1e3, 100, 5.0),
                ("spiking", LARGE, 0.98, 64 * 128, acs, 20.0 / CHEAPER[scenario]),
                ("rate-coded", LARGE, 0.96, 0, 5e3, 30.0),
                ("transformer", "small", 0.98, closed["transformer"], 0, 500.0),
            ):
                rows.append(
                    {"family": family, "network": network, "seed": seed, "scenario": scenario,
                     "accuracy": accuracy, "macs": macs, "effective_macs": macs / 2,
                     "dense": macs + spikes, "acs": spikes, "neuron_updates": 0.0,
                     "low": 0.9 * energy * noise, "central": energy * noise,
                     "high": 1.2 * energy * noise,
                     "rate_1": rate if family == "spiking" else None,
                     "rate_2": rate if family == "spiking" else None}
                )  # fmt: skip
    return on_all_schedules(pd.DataFrame(rows))


def on_all_schedules(networks: pd.DataFrame) -> pd.DataFrame:
    """Rows for each schedule; on every one spikes get a tenth cheaper than on the one before."""
    moving = networks["scenario"].isin(SCHEDULED)
    tables = [networks[~moving].assign(schedule=STEP_BY_STEP)]
    for place, name in enumerate(SCHEDULES):
        rows = networks[moving]
        spared = rows["central"] * 0.9**place
        dense = rows["family"] == "perceptron"
        tables.append(rows.assign(schedule=name, central=rows["central"].where(dense, spared)))
    return pd.concat(tables, ignore_index=True)


def made_up_steps(networks: pd.DataFrame) -> pd.DataFrame:
    """The large spiking network, more accurate at more steps, and its perceptron."""
    large = networks[networks["network"] == LARGE]
    spiking = large[large["family"] == "spiking"]
    parts = [
        spiking.assign(
            timesteps=steps,
            accuracy=0.95 + 0.01 * power + 0.001 * spiking["seed"],
            rate_2=0.2 - 0.05 * power,
        )
        for power, steps in enumerate((1, 2, 4))
    ]
    parts.append(large[large["family"] == "perceptron"].assign(timesteps=0))
    return pd.concat(parts, ignore_index=True)


def untrained_schemes() -> pd.DataFrame:
    """Schemes of two networks that have learnt nothing, and of the published pair."""
    images = torch.as_tensor(digits(0).test_images[:20])
    pair = SpikingNetwork(SpikingShape(LARGEST, STEPS)), Perceptron(PerceptronShape(LARGEST))
    own = compare_models(*(network.eval().requires_grad_(False) for network in pair), images)
    published = spikingformer_schemes().assign(pair="Spikingformer 8-512")
    own = own.assign(pair=f"digits, {LARGE}", seed=0)
    return pd.concat([own, published], ignore_index=True)


@pytest.fixture(scope="package")
def measured() -> Measured:
    networks = made_up_networks()
    steps = made_up_steps(networks)
    return Measured(
        networks=networks,
        steps=steps,
        balance=page.measure_break_even(steps),
        printed=page.measure_published(),
        reprints=page.measure_reprints(),
        schedules=page.measure_schedules(networks, page.share_of_held_out(1)),
        schemes=untrained_schemes(),
        identities=page.measure_identities(),
        time_steps=STEPS,
        margin_images=1,
    )
