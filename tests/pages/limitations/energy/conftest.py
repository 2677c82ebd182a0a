"""The page's results: published tables as they are, short texts, networks made up."""

import numpy as np
import pandas as pd
import pytest

from brainbook.pages.limitations import energy as page
from brainbook.pages.limitations.energy.measure import Measured, Quiet, _against_optimum

SEEDS, PRICE = (0, 1, 2), 4e-4
MACHINES = ("Loihi", "8-bit, memory", "8-bit, arithmetic")
RATES = {  # mean of each hidden layer, by price: both below the optimum at the page's own
    0.0: {1: 0.1, 2: 0.3},
    PRICE: {1: 0.03, 2: 0.15},
    4 * PRICE: {1: 0.01, 2: 0.05},
}


def made_up_networks() -> pd.DataFrame:
    rows = [
        {"price": price, "seed": seed, "accuracy": 0.98 - 0.01 * seed}
        | _against_optimum(machine, layer, np.linspace(0.5, 1.5, 16) * mean * (1 + 0.01 * seed))
        for price, layers in RATES.items()
        for seed in SEEDS
        for layer, mean in layers.items()
        for machine in MACHINES
    ]
    return pd.DataFrame(rows)


def made_up_rectifiers() -> pd.DataFrame:
    """Perceptrons that are sparser where they are wider, and a transformer that is not sparse."""
    trained = {"perceptron, 8 units": 0.6, "perceptron, 64 units": 0.2, "vision transformer": 0.45}
    rows = [
        (name, seed, 1, share + 0.01 * seed, 0.5)
        for name, share in trained.items()
        for seed in SEEDS
    ]
    return pd.DataFrame(rows, columns=["network", "seed", "layer", "trained", "untrained"])


@pytest.fixture(scope="package")
def measured() -> Measured:
    empty = page.measure_quiet((), PRICE)
    return Measured(
        runs=page.measure_training(),
        answers=page.measure_inference(),
        above=page.measure_above_floor(),
        floor=page.measure_floor((16, 256)),
        budgets=page.measure_budgets(),
        pairs=page.measure_comparisons(20),
        ladder=page.measure_ladder(310.0),
        quiet=Quiet(empty.cells, made_up_networks()),
        active=made_up_rectifiers(),
        identities=page.measure_identities(),
        printed=page.measure_printed(),
        temperature=310.0,
    )
