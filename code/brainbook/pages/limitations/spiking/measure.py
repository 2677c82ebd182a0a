"""What the page limitations/spiking measures: trained networks, counted and priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import store
from brainbook.evidence.datasets import digits
from brainbook.evidence.intervals import mean_interval
from brainbook.models.digits.classifiers import GRID, Trained, rounded_accuracy, trained_each
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import profile
from opjoules.pricing import break_even
from opjoules.pricing.schedules import SCHEDULES, STEP_BY_STEP
from opjoules.pricing.schemes import compare_models
from opjoules.pricing.targets import TARGETS, on_schedule, price
from opjoules.published.spiking import spikingformer_schemes

from .printed import Reprints
from .rivals import LARGEST, SCHEDULED, network_name

SIZES = ((16,), (32,), (64,), (32, 32), (64, 64), LARGEST)
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
PROFILES = ("45nm_fp32", "45nm_int8", "loihi")


@dataclass(frozen=True)
class BreakEven:
    """Curves of ``break_even.with_memory``, published thresholds, and measured layers.

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

    @property
    def bands(self) -> pd.DataFrame:
        """Published thresholds in spikes per neuron and time step.

        Columns
        -------
        threshold, study : row of ``thresholds``, and who published it.
        timesteps, low, high : a threshold per image is divided by the number of steps.
        """
        rows = []
        for row in self.thresholds.itertuples():
            per_image = np.isnan(row.timesteps_low)
            ends = (row.timesteps_low, row.timesteps_high)
            for steps in self.layers["timesteps"] if per_image else ends:
                share = steps if per_image else 1
                rows.append((row.Index, row.study, steps, row.low / share, row.high / share))
        return pd.DataFrame(rows, columns=["threshold", "study", "timesteps", "low", "high"])


@dataclass(frozen=True)
class Measured:
    """All that the claims and the numbers of the page rest on.

    Attributes
    ----------
    networks, steps, schedules, schemes, printed : tables of ``measure_networks``,
        ``measure_time_steps``, ``measure_schedules``, ``measure_schemes`` and
        ``measure_published``.
    balance, reprints, identities : of ``measure_break_even``, ``measure_reprints`` and
        ``measure_identities``.
    time_steps : of the networks in ``networks``.
    margin_images : "as accurate" allows so many more errors among the held-out images.
    """

    networks: pd.DataFrame
    steps: pd.DataFrame
    balance: BreakEven
    printed: pd.DataFrame
    reprints: Reprints
    schedules: pd.DataFrame
    schemes: pd.DataFrame
    identities: dict[str, float]
    time_steps: int
    margin_images: int

    @property
    def held_out(self) -> int:
        """Images of each split that no network learns from."""
        return held_out_images()

    @property
    def margin(self) -> float:
        """``margin_images`` as a share of the held-out images."""
        return share_of_held_out(self.margin_images)


def held_out_images() -> int:
    """Images of each split of the digits that no network learns from."""
    return len(digits(0).test_labels)


def share_of_held_out(images: int) -> float:
    """So many images as a share of the held-out ones."""
    return images / held_out_images()


def priced(classifier: Trained, images: Tensor) -> pd.DataFrame:
    """A trained classifier on every target of ``opjoules.pricing.targets``, on every schedule.

    Columns
    -------
    scenario, schedule : name of the target; step by step where no schedule changes its price.
    accuracy : on held-out digits, at the precision of the target.
    macs, effective_macs, dense, acs, neuron_updates : operations per image of ``images``.
    rate_1 … : spikes per neuron and step of each hidden layer, if it has spikes.
    low, central, high : nJ per image.
    """
    operations = count_operations(classifier.model(), images)
    accuracy = {32: classifier.test_accuracy, 8: rounded_accuracy(classifier)}
    rates = {f"rate_{i}": r for i, r in enumerate(getattr(classifier, "rates", ()), start=1)}
    rows = []
    for name, target in TARGETS.items():
        row = {"scenario": name, "accuracy": accuracy[target.bits], **operations[COUNTS].sum()}
        for schedule in SCHEDULES if name in SCHEDULED else (STEP_BY_STEP,):
            joules = price(operations, name, schedule).joules._asdict()
            nanojoules = {end: NANO * value for end, value in joules.items()}
            rows.append(row | {"schedule": schedule} | rates | nanojoules)
    return pd.DataFrame(rows)


def _trained_and_priced(
    family: str, trainer: str, seeds: Sequence[int], epochs: int | None, **settings
) -> pd.DataFrame:
    """Networks of one size, a row per seed and target; columns of ``priced`` and three more."""
    network = "small" if trainer == "transformer" else network_name(settings.get("hidden", LARGEST))
    tables = []
    classifiers = trained_each(trainer, seeds, **settings, **_brief(epochs))
    for seed, classifier in zip(seeds, classifiers, strict=True):
        table = priced(classifier, torch.as_tensor(digits(seed).test_images))
        names = {"family": family, "network": network, "seed": seed}
        for place, (column, value) in enumerate(names.items()):
            table.insert(place, column, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _brief(epochs: int | None) -> dict[str, int]:
    return {} if epochs is None else {"epochs": epochs}


@store.kept
def measure_networks(
    seeds: Sequence[int],
    time_steps: int,
    sizes: Sequence[tuple[int, ...]] = SIZES,
    epochs: int | None = None,
) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_accuracy_energy: networks of every kind and size.

    ``epochs`` of training are those of each kind if not given. Columns as of ``priced``, and
    ``family``, ``network``, ``seed``.
    """
    spikes = {"time_steps": time_steps}
    plan = [("perceptron", "perceptron", {"hidden": hidden}) for hidden in sizes]
    plan += [("spiking", "spiking", {"hidden": hidden, **spikes}) for hidden in sizes]
    plan.append(("rate-coded", "spiking", {"coding": "rate", **spikes}))
    plan.append(("transformer", "transformer", {}))
    tables = [
        _trained_and_priced(family, trainer, seeds, epochs, **settings)
        for family, trainer, settings in plan
    ]
    return pd.concat(tables, ignore_index=True)


def means(networks: pd.DataFrame) -> pd.DataFrame:
    """Networks step by step, as means over seeds; indexed by scenario, family and network.

    Columns
    -------
    percent, half_width : accuracy, and the half width of the interval of its mean.
    low, central, high : nJ per image.
    """
    seeds = on_schedule(networks).groupby(["scenario", "family", "network"])
    accuracy = {key: mean_interval(100 * values, over="seeds") for key, values in seeds["accuracy"]}
    table = seeds[["low", "central", "high"]].mean()
    return table.assign(
        percent=[accuracy[key].mean for key in table.index],
        half_width=[accuracy[key].half_width for key in table.index],
    )


@store.kept
def measure_tuning(
    seeds: Sequence[int],
    grid: Mapping[str, Sequence[float]] = GRID,
    epochs: int | None = None,
) -> pd.DataFrame:
    """Page limitations/spiking: mean validation accuracy per family and learning rate."""
    options = {"part": "validation"} | _brief(epochs)
    rows = [
        (family, rate, network.test_accuracy)
        for family, rates in grid.items()
        for rate in rates
        for network in trained_each(family, seeds, learning_rate=rate, **options)
    ]
    table = pd.DataFrame(rows, columns=["family", "learning rate", "validation accuracy"])
    return table.groupby(["family", "learning rate"], as_index=False, sort=False).mean()


@store.kept
def measure_time_steps(
    seeds: Sequence[int], log2_steps: int, epochs: int | None = None
) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_time_steps: the largest network at several T.

    T are the powers of two up to two to the power ``log2_steps``. Columns as of
    ``measure_networks``, and ``timesteps`` (0 for the perceptron of that size).
    """
    plan = [("spiking", {"time_steps": 2**power}, 2**power) for power in range(log2_steps + 1)]
    plan.append(("perceptron", {}, 0))
    tables = [
        _trained_and_priced(family, family, seeds, epochs, hidden=LARGEST, **settings).assign(
            timesteps=steps
        )
        for family, settings, steps in plan
    ]
    return pd.concat(tables, ignore_index=True)


@store.kept
def measure_break_even(steps: pd.DataFrame) -> BreakEven:
    """Page limitations/spiking, figure draw_break_even: from the table of measure_time_steps."""
    spiking = steps[(steps["family"] == "spiking") & (steps["scenario"] == "fp32")]
    layers = spiking.groupby("timesteps")[["rate_1", "rate_2"]].mean().reset_index()
    times = list(layers["timesteps"])
    curves = [break_even.with_memory(f"45nm_{f}", times, [LARGEST]) for f in ("fp32", "int8")]
    return BreakEven(pd.concat(curves, ignore_index=True), break_even.thresholds(), layers)


@store.kept
def measure_schemes(
    seeds: Sequence[int], time_steps: int, epochs: int | None = None
) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_schemes: two spiking networks by every scheme.

    ``pair``: our largest against the perceptron of its size, a row per ``seed``; the published
    Spikingformer 8-512 against its dense counterpart (no seed).
    """
    tables, families = [], {"spiking": {"time_steps": time_steps}, "perceptron": {}}
    networks = [
        trained_each(family, seeds, hidden=LARGEST, **settings, **_brief(epochs))
        for family, settings in families.items()
    ]
    for seed, spiking, dense in zip(seeds, *networks, strict=True):
        images = torch.as_tensor(digits(seed).test_images)
        table = compare_models(spiking.model(), dense.model(), images)
        tables.append(table.assign(pair=f"digits, {network_name(LARGEST)}", seed=seed))
    tables.append(spikingformer_schemes().assign(pair="Spikingformer 8-512"))
    return pd.concat(tables, ignore_index=True)


def listed(schemes: pd.DataFrame) -> pd.DataFrame:
    """What each scheme of ``measure_schemes`` includes and leaves out, as the page shows it."""
    return schemes.drop_duplicates("scheme")[["scheme", "includes", "leaves_out", "source"]]


def measure_constants() -> pd.DataFrame:
    """Page limitations/spiking: every constant that the figures use, in pJ, with its source."""
    table = pd.concat([profile(name).as_dataframe() for name in PROFILES], ignore_index=True)
    return table.rename(columns=lambda name: name.replace("_pj", ", pJ").replace("word_", ""))
