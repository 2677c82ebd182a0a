"""What the page limitations/spiking measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from brainbook.evidence.datasets import digits
from brainbook.models.digits.classifiers import GRID, rounded_accuracy, trained
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import profile
from opjoules.pricing import break_even
from opjoules.pricing.schemes import compare_models
from opjoules.pricing.targets import TARGETS, price
from opjoules.published import spiking as published

from .numbers import headline

SIZES = ((16,), (32,), (64,), (32, 32), (64, 64), (128, 128))


LARGEST = (128, 128)


NANO = 1e9


TITLES = {
    "fp32": "fp32, arithmetic only",
    "fp32-memory": "fp32 with memory",
    "int8": "int8, arithmetic only",
    "int8-memory": "int8 with memory",
    "int8-skip": "int8 with memory, zeros skipped",
    "loihi": "Loihi (others: int8 with memory)",
}


COUNTS = ["macs", "effective_macs", "dense", "acs", "neuron_updates"]


@dataclass(frozen=True)
class BreakEven:
    """Curves (hardware, memory, timesteps, rate), published thresholds, and measured layers.

    ``layers`` has a row per ``timesteps``, and the mean spike rate per layer, ``rate_1`` ….
    """

    curves: pd.DataFrame
    thresholds: pd.DataFrame
    layers: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The three tables below one another, ``part`` naming them, for CSV."""
        parts = {"curve": self.curves, "threshold": self.thresholds, "layer": self.layers}
        return pd.concat([t.assign(part=name) for name, t in parts.items()], ignore_index=True)


def _name(hidden: Sequence[int]) -> str:
    return "-".join(map(str, (64, *hidden, 10)))


def _priced(family: str, network: str, seed: int, trainer: str, settings: dict) -> pd.DataFrame:
    """One trained network: held-out accuracy, operations, and its price in every scenario."""
    found = trained(trainer, seed, **settings)
    operations = count_operations(found.model(), torch.as_tensor(digits(seed).test_images))
    accuracy = {32: found.test_accuracy, 8: rounded_accuracy(found)}
    rates = {f"rate_{i}": rate for i, rate in enumerate(getattr(found, "rates", ()), start=1)}
    rows = [
        {
            "family": family, "network": network, "seed": seed, "scenario": name,
            "accuracy": accuracy[target.bits], **operations[COUNTS].sum(), **rates,
            **{k: v * NANO for k, v in price(operations, name).joules._asdict().items()},
        }
        for name, target in TARGETS.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def measure_networks(seeds: Sequence[int], time_steps: int) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_accuracy_energy.

    One row per network, seed and scenario: accuracy on held-out digits at the scenario's
    precision, operations per inference, and energy (low, central, high) in nJ per inference.
    """
    spikes = {"time_steps": time_steps}
    plan = [("perceptron", _name(h), "perceptron", {"hidden": h}) for h in SIZES]
    plan += [("spiking", _name(h), "spiking", {"hidden": h, **spikes}) for h in SIZES]
    plan.append(("rate-coded", _name(LARGEST), "spiking", {"coding": "rate", **spikes}))
    plan.append(("transformer", "small", "transformer", {}))
    tables = [_priced(f, n, seed, t, s) for f, n, t, s in plan for seed in seeds]
    return pd.concat(tables, ignore_index=True)


def measure_tuning(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spiking: mean validation accuracy per family and learning rate."""
    rows = [
        (family, rate, trained(family, seed, part="validation", learning_rate=rate).test_accuracy)
        for family, rates in GRID.items()
        for rate in rates
        for seed in seeds
    ]
    table = pd.DataFrame(rows, columns=["family", "learning rate", "validation accuracy"])
    return table.groupby(["family", "learning rate"], as_index=False, sort=False).mean()


def measure_time_steps(seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_time_steps: the largest network at several T.

    Columns as ``measure_networks``, and ``timesteps`` (0 for the perceptron of that size).
    """
    plan = [("spiking", {"hidden": LARGEST, "time_steps": step}, step) for step in steps]
    plan.append(("perceptron", {"hidden": LARGEST}, 0))
    tables = [
        _priced(family, _name(LARGEST), seed, family, settings).assign(timesteps=step)
        for family, settings, step in plan
        for seed in seeds
    ]
    return pd.concat(tables, ignore_index=True)


def measure_break_even(steps: pd.DataFrame) -> BreakEven:
    """Page limitations/spiking, figure draw_break_even: from the table of measure_time_steps."""
    spiking = steps[(steps["family"] == "spiking") & (steps["scenario"] == "fp32")]
    layers = spiking.groupby("timesteps")[["rate_1", "rate_2"]].mean().reset_index()
    times = list(layers["timesteps"])
    curves = [break_even.with_memory(f"45nm_{f}", times, [LARGEST]) for f in ("fp32", "int8")]
    return BreakEven(pd.concat(curves, ignore_index=True), break_even.thresholds(), layers)


def measure_published() -> pd.DataFrame:
    """Page limitations/spiking, figure draw_published: printed rows, recomputed and corrected."""
    rows, stems = published.recompute(), published.first_convolution_charge()
    printed = published.published_rows().set_index("network").loc[rows["network"]].reset_index()
    rows.insert(
        rows.columns.get_loc("source"), "statement", [_statement(r) for r in printed.itertuples()]
    )
    return rows.merge(stems.drop(columns="family"), on="network", how="left")


def _statement(row) -> str:
    """What the page claims of a printed row."""
    if row.family == "ViT slip":
        return f"The energy printed for {row.network} is that of the smaller ViT-B/16."
    if row.family == "BERT":
        return (
            f"On {int(row.input_size)} tokens, a length that its table does not print, "
            f"{row.network} needs the printed energy."
        )
    return (
        "Following the method of its table to the letter gives the printed energy of "
        f"{row.network}."
    )


def measure_schemes(seeds: Sequence[int], time_steps: int) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_schemes: two spiking networks by every scheme.

    ``pair``: our largest against the perceptron of its size, a row per ``seed``; the published
    Spikingformer 8-512 against its dense counterpart (no seed).
    """
    tables, families = [], {"spiking": {"time_steps": time_steps}, "perceptron": {}}
    for seed in seeds:
        pair = [trained(f, seed, hidden=LARGEST, **s).model() for f, s in families.items()]
        table = compare_models(*pair, torch.as_tensor(digits(seed).test_images))
        tables.append(table.assign(pair=f"digits, {_name(LARGEST)}", seed=seed))
    tables.append(published.spikingformer_schemes().assign(pair="Spikingformer 8-512"))
    return pd.concat(tables, ignore_index=True)


def measure_headline(networks: pd.DataFrame, margin: float) -> dict[str, float]:
    """Page limitations/spiking: numbers of the prose, from the table of measure_networks."""
    return headline(networks, _name(LARGEST), margin)


def measure_constants() -> pd.DataFrame:
    """Page limitations/spiking: every constant that the figures use, in pJ, with its source."""
    names = ("45nm_fp32", "45nm_int8", "loihi")
    table = pd.concat([profile(name).as_dataframe() for name in names], ignore_index=True)
    return table.rename(columns=lambda name: name.replace("_pj", ", pJ").replace("word_", ""))
