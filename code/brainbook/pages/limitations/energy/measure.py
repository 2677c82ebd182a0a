"""What the page limitations/energy measures: opens networks, images and text, hands them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import TEST_TEXTS, digits, text
from brainbook.evidence.intervals import mean_interval
from brainbook.models.attention.minilm_text import token_numbers
from brainbook.models.digits.classifiers import trained_each
from brainbook.models.digits.training import Trained, seeded
from opjoules.brain import optimal_rate
from opjoules.brain.budget import cortical_cells, mean_rates, signalling_shares
from opjoules.published import transformers as published

from . import floor
from .activity import neuron_rates, rectifiers, shares_on
from .identities import Printed

HIDDEN, FAN_OUT = (128, 128), (128, 10)  # neurons of each hidden layer, and what a spike reaches
PROFILES = {"45nm_fp32": "32 bit, 45 nm", "45nm_int8": "8 bit, 45 nm", "7nm_int8": "8 bit, 7 nm"}
STEPS = (0.001, 0.0025, 0.005)  # s; time steps of a nerve cell
MACHINES = ("Loihi", "8-bit, memory", "8-bit, arithmetic")
PRICES = (0, 1, 4)  # of a spike in training, times the page's own
PERCENT = 100


@dataclass(frozen=True)
class Budgets:
    """Shares of signalling energy by process and study (%), and Lennie's rate by changed input."""

    shares: pd.DataFrame
    rates: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """Both tables in one, for CSV."""
        long = self.shares.reset_index().melt("process", value_name="percent")
        parts = {"shares": long, "rates": self.rates}
        return pd.concat(parts, names=["part"]).reset_index(level=0)


@dataclass(frozen=True)
class Quiet:
    """Cortical cells, and trained networks on several machines, with their best rates.

    ``networks`` has a row per ``price`` of a spike in training, ``seed``, hidden ``layer`` and
    ``machine``: ``accuracy`` and ``rate`` on held-out digits, cost ``ratio`` (also ``_low``,
    ``_high``), its ``optimum``, and ``share``, the layer's bits per energy over the best.
    """

    cells: pd.DataFrame
    networks: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """Both in one, for CSV."""
        parts = {"cell": self.cells, "network": self.networks}
        return pd.concat(parts, names=["part"]).reset_index(level=0)

    @property
    def own(self) -> pd.DataFrame:
        """Rows of ``networks`` at the page's own price, between nothing and four times that."""
        prices = self.networks["price"]
        return self.networks[prices == prices.drop_duplicates().median()]

    @property
    def on_loihi(self) -> pd.DataFrame:
        """Rows of ``networks`` on Loihi."""
        return self.networks[self.networks["machine"] == "Loihi"]


@dataclass(frozen=True)
class Measured:
    """All that the claims and the numbers of the page rest on.

    Attributes
    ----------
    runs, answers, above : of ``measure_training``, ``measure_inference``, ``measure_above_floor``.
    floor, ladder, pairs : of ``measure_floor``, ``measure_ladder``, ``measure_comparisons``.
    budgets, quiet, active, identities, printed : of the functions ``measure_…`` of these names.
    temperature : K, of Landauer's bound.
    """

    runs: pd.DataFrame
    answers: pd.DataFrame
    above: pd.DataFrame
    floor: pd.DataFrame
    budgets: Budgets
    pairs: pd.DataFrame
    ladder: pd.DataFrame
    quiet: Quiet
    active: pd.DataFrame
    identities: dict[str, float]
    printed: dict[str, Printed]
    temperature: float


def measure_training() -> pd.DataFrame:
    """Page limitations/energy, figure draw_training_energy: printed and recomputed, MWh."""
    return published.training_runs()


def listed_training(runs: pd.DataFrame) -> pd.DataFrame:
    """Training runs as the page shows them."""
    return runs[["model", "mwh", "recomputed_mwh", "evidence", "boundary", "source"]]


def measure_inference() -> pd.DataFrame:
    """Page limitations/energy, figure draw_inference_energy: J per query and J per token."""
    return published.inference_energies()


def listed_inference(answers: pd.DataFrame) -> pd.DataFrame:
    """Energies of inference as the page shows them."""
    columns = ["system", "per", "low", "value", "high", "boundary", "evidence", "source"]
    return answers[columns].rename(columns={"value": "joules"})


def measure_above_floor() -> pd.DataFrame:
    """Page limitations/energy, figure draw_above_floor: published over bare arithmetic."""
    return published.above_floor()


@store.kept
def measure_floor(lengths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/energy, figure draw_floor: MiniLM on real text, MACs and J per token."""
    model, _ = pretrained.minilm()
    texts = [token_numbers(text(name)) for name in TEST_TEXTS]
    return floor.per_token(model, texts, lengths, tuple(PROFILES))


def measure_budgets() -> Budgets:
    """Page limitations/energy, figure draw_brain_budget."""
    return Budgets(signalling_shares(), mean_rates())


def _brief(epochs: int | None) -> dict[str, int]:
    return {} if epochs is None else {"epochs": epochs}


@store.kept
def measure_quiet(seeds: Sequence[int], spike_price: float, epochs: int | None = None) -> Quiet:
    """Page limitations/energy, figure draw_optimal_rate: spiking networks against the optimum.

    ``spike_price`` is the page's own; nothing and four times as much are tried as well.
    ``epochs`` of training are those of the network if not given.
    """
    rows = []
    for price in (factor * spike_price for factor in PRICES):
        settings = {"hidden": HIDDEN, "spike_price": price} | _brief(epochs)
        for seed, network in zip(seeds, trained_each("spiking", seeds, **settings), strict=True):
            layers = neuron_rates(network.model(), torch.as_tensor(digits(seed).test_images))
            fixed = {"price": price, "seed": seed, "accuracy": network.test_accuracy}
            rows += [
                fixed | _against_optimum(machine, layer, rates)
                for machine in MACHINES
                for layer, rates in enumerate(layers, start=1)
            ]
    return Quiet(cortical_cells(STEPS), pd.DataFrame(rows))


def _against_optimum(machine: str, layer: int, rates: np.ndarray) -> dict:
    """A hidden layer with ``rates`` (neurons,) on one of ``MACHINES``: columns of ``Quiet``."""
    fan_out = FAN_OUT[layer - 1]
    if machine == "Loihi":
        ratio = optimal_rate.loihi_ratio(fan_out)
    else:
        memory = machine.endswith("memory")
        ratio = optimal_rate.machine_ratio("45nm_int8", HIDDEN[0], fan_out, memory)
    return {
        "layer": layer,
        "machine": machine,
        "rate": rates.mean(),
        "ratio_low": ratio.low,
        "ratio": ratio.central,
        "ratio_high": ratio.high,
        "optimum_low": optimal_rate.optimal_rate(ratio.high),
        "optimum": optimal_rate.optimal_rate(ratio.central),
        "optimum_high": optimal_rate.optimal_rate(ratio.low),
        "share": optimal_rate.share_of_best(rates, ratio.central),
    }


@store.kept
def measure_active(
    seeds: Sequence[int], widths: Sequence[int], epochs: int | None = None
) -> pd.DataFrame:
    """Page limitations/energy: rectifiers that are on for held-out digits.

    Columns
    -------
    network, seed, layer : a perceptron with one hidden layer of each of ``widths``, and the
        vision transformer.
    trained, untrained : share that is on, 0 to 1, after and before training.
    """
    plan = [(f"perceptron, {n} units", "perceptron", {"hidden": (n,)}) for n in widths]
    plan.append(("vision transformer", "transformer", {}))
    rows = []
    for name, family, settings in plan:
        networks = trained_each(family, seeds, **settings, **_brief(epochs))
        for seed, network in zip(seeds, networks, strict=True):
            pair = network.model(), _untrained(network)
            images = torch.as_tensor(digits(seed).test_images)
            shares = zip(*(shares_on(net, rectifiers(net), images) for net in pair), strict=True)
            rows += [(name, seed, layer, *both) for layer, both in enumerate(shares, start=1)]
    return pd.DataFrame(rows, columns=["network", "seed", "layer", "trained", "untrained"])


def _untrained(network: Trained) -> nn.Module:
    """The network before training."""
    return seeded(lambda: network.build(network.shape), network.seed)


def shares_by_seed(active: pd.DataFrame) -> pd.DataFrame:
    """Active rectifiers of ``measure_active``, mean over layers: indexed by network and seed."""
    return active.groupby(["network", "seed"], sort=False)[["trained", "untrained"]].mean()


def listed_active(active: pd.DataFrame) -> pd.DataFrame:
    """Active rectifiers as the page shows them.

    Columns
    -------
    network : perceptrons by width, and the vision transformer.
    trained, untrained : share that is on, %, mean over seeds.
    half width : of the interval of ``trained``.
    """
    rows = []
    for name, shares in (PERCENT * shares_by_seed(active)).groupby("network", sort=False):
        after = mean_interval(shares["trained"], over="seeds")
        rows.append((name, after.mean, after.half_width, shares["untrained"].mean()))
    return pd.DataFrame(rows, columns=["network", "trained", "half width", "untrained"])
