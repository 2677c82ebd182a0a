"""What the memory page asserts: from measurements to claims, with tolerances from repetitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import CONFIDENCE, half_width
from brainbook.models.memory.dense import capacity_slopes
from brainbook.models.memory.hopfield import collapse_load, critical_load, mean_field_overlap
from brainbook.models.memory.modern_hopfield import uniform_keys

from .circuits import Capacity
from .heads import CLASSES
from .measure import (
    GROUPS,
    MEMBERS,
)

RETRIEVAL_LOADS = (0.10, 0.12)  # between them the theory gives errors, and retrieval is safe
SMALLEST = 512  # neurons from which slopes of capacity are fitted
LAWS = 13  # law claims of the page: their intervals hold together with 95%


def joint_half_width(values: pd.Series) -> float:
    """Half the interval of the mean that holds for all ``LAWS`` at once with 95% (Bonferroni)."""
    spread = len(values) - 1
    joint = 1 - (1 - CONFIDENCE) / LAWS
    wider = stats.t.ppf((1 + joint) / 2, spread) / stats.t.ppf((1 + CONFIDENCE) / 2, spread)
    return half_width(values) * float(wider)


def _law(name: str, told: str, values: pd.Series, expected: float, source: str) -> Claim:
    """A law that holds within the joint interval of the mean over repetitions."""
    return Claim(
        f"memory-{name}", told, "law", values.mean(), expected, joint_half_width(values), "1",
        source,
    )  # fmt: skip


def _order(
    name: str, told: str, values: pd.Series, source: str, expected: float = 0, reason: str = ""
) -> Claim:
    """An order that the mean over repetitions shows beyond its 95% interval."""
    return Claim(
        f"memory-{name}", told, "ordering", values.mean(), expected, half_width(values), "1",
        source, reason,
    )  # fmt: skip


def exact(gaps: dict[str, float]) -> list[Claim]:
    """Identities, in float64."""
    told = {
        "torch": "One update of the modern Hopfield network is torch's softmax attention.",
        "minilm": "One update from MiniLM's queries gives the weights of all 72 of its heads.",
        "values": "The same weights over the values give what MiniLM's heads pass on.",
        "layers": "Two layers of neurons with a hidden layer at rest make one step of attention.",
        "rise": "Along trajectories of the two layers the energy never rises (share of its fall).",
        "rest": "Without leak, synapses and processes stand still in the eliminated state.",
        "drive": "There the neurons follow the dense memory of degree four.",
        "energy": "There the circuit's energy is that of the dense memory of degree four.",
        "circuit-rise": "Along trajectories of the circuit the energy never rises (share of fall).",
    }
    return [
        Claim(f"memory-{name}", told[name], "exact", gap, 0, 1e-10, "1", "identity: both sides")
        for name, gap in gaps.items()
    ]


def error_ratio(table: pd.DataFrame) -> pd.Series:
    """1 - m over the mean field's, largest network, mean over safe loads; by seed."""
    rows = table[table["neurons"] == table["neurons"].max()]
    rows = rows[rows["load"].between(*RETRIEVAL_LOADS)]
    expected = 1 - rows["load"].map(mean_field_overlap)
    return ((1 - rows["overlap"]) / expected).groupby(rows["seed"]).mean()


def collapse_claims(table: pd.DataFrame) -> list[Claim]:
    """The Hopfield network.

    Raises
    ------
    ValueError : a network does not collapse within the loads measured.
    """
    published = facts.value("associative_memory.csv", "critical_load")
    fall = collapse_load(table).unstack("neurons")
    if fall.isna().any(axis=None):
        raise ValueError(
            f"neurons: got {list(fall.columns)}; for one of them the collapse lies outside the "
            f"loads measured, {table['load'].min()} to {table['load'].max()}"
        )
    nearer = fall.iloc[:, 0] - fall.iloc[:, -1]
    above = fall.iloc[:, -1] - critical_load()
    return [
        Claim("memory-critical-load", "The mean-field equations end at the published load.",
              "number", critical_load(), published, 5e-4, "1", "amit1987statistical"),
        _law("retrieval-errors", "Wrong bits below the collapse over the mean field's (ratio).",
             error_ratio(table), 1, "amit1987statistical"),
        _order("collapse-falls", "The load of the collapse falls as the network grows.",
               nearer, "amit1987statistical"),
        _order("collapse-above", "At the sizes here it is still above the mean field's load.",
               above, "amit1987statistical"),
    ]  # fmt: skip


def per_unit_slopes(capacity: pd.DataFrame) -> pd.DataFrame:
    """Slopes against log N, by seed: memories per unit, per neuron, per connection (columns)."""
    slopes = capacity_slopes(per_unit(capacity), SMALLEST)[4]
    size = np.log(np.sort(capacity.loc[capacity["neurons"] >= SMALLEST, "neurons"].unique()))
    neurons = np.exp(size)
    units = np.polyfit(size, np.log(neurons + 2 * neurons**2), 1)[0]
    return pd.DataFrame({"unit": slopes - units, "connection": slopes - 4})


def per_unit(capacity: pd.DataFrame) -> pd.DataFrame:
    """Measured capacity over what a circuit is built of; adds columns to the capacity table.

    unit: N neurons, N^2 synapses and as many processes (degree 4); neurons and synapses
    (degree 2). hidden: K / (K + N), neurons of a network with one hidden neuron a memory.
    connection: entries of T (degree 4).
    """
    n, k = capacity["neurons"].astype(float), capacity["capacity"]
    units = n + np.where(capacity["degree"] == 4, 2, 1) * n**2
    return capacity.assign(unit=k / units, hidden=k / (k + n), connection=k / n**4)


def capacities(capacity: pd.DataFrame, failure: pd.DataFrame, single: pd.DataFrame) -> list[Claim]:
    """Dense memories: powers, and the exponential."""
    made = []
    slopes = capacity_slopes(capacity, SMALLEST)
    large = capacity[capacity["neurons"] >= SMALLEST]
    ratio = large.groupby(["seed", "degree"])["ratio"].mean().unstack("degree")
    for degree in slopes:
        told = f"Degree {degree}: patterns at a fixed bit error grow as N^{degree - 1} (slope)."
        made.append(_law(f"slope-{degree}", told, slopes[degree], degree - 1, "krotov2016dense"))
        told = f"Degree {degree}: their number is the published law's, nothing fitted (ratio)."
        made.append(_law(f"height-{degree}", told, ratio[degree], 1, "krotov2016dense"))
    slope = doublings(failure.assign(patterns=failure["patterns"] * failure["neurons"] ** 0.5))
    height = (failure["patterns"] / failure["law"]).groupby(failure["seed"]).mean()
    told = "Exponential: all patterns stable; log2 of K times the root of N grows by 1/2 a neuron."
    made.append(_law("exponential-slope", told, slope, 0.5, "demircigil2017model"))
    told = "Exponential: the median collapse is where two patterns differ in one bit (ratio)."
    made.append(_law("exponential-height", told, height, 1, "sqrt(2 ln 2 2^N / N)"))
    told = "Exponential: at a fixed error of one bit, log2 K grows by one a neuron."
    made.append(_law("single-bit-slope", told, doublings(single), 1, "2 p 2^N"))
    told = "Memories per unit of the neuron-astrocyte circuit grow in proportion to N (slope)."
    units = per_unit_slopes(capacity)
    made.append(_law("per-unit", told, units["unit"], 1, "kozachkov2025neuron"))
    told = "Memories per connection between processes fall as 1/N (slope)."
    made.append(_law("per-connection", told, units["connection"], -1, "N^3 over N^4"))
    return made


def doublings(table: pd.DataFrame) -> pd.Series:
    """Slope of log2 of the patterns against the number of neurons, by seed."""
    return table.groupby("seed")[["neurons", "patterns"]].apply(
        lambda rows: np.polyfit(rows["neurons"], np.log2(rows["patterns"]), 1)[0]
    )


def regimes(table: pd.DataFrame, between: float, members: int, count: int) -> list[Claim]:
    """Ramsauer's three kinds of fixed points."""
    keys = table.groupby(["beta", "seed"])["keys"].first().unstack("seed")
    source = "ramsauer2021hopfield"
    middle = np.minimum(keys.loc[between] - 1, members + 1 - keys.loc[between])
    return [
        Claim("memory-global-average", "At the smallest beta every start ends in the average.",
              "exact", keys.iloc[0].mean(), uniform_keys(count), 0, "patterns", source),
        _order("metastable", "At a medium beta a fixed point mixes several of one group.",
               middle, source),
        Claim("memory-single-pattern", "At the largest beta every pattern is a fixed point.",
              "exact", keys.iloc[-1].mean(), 1, 0, "patterns", source),
    ]  # fmt: skip


def circuit(recall: pd.DataFrame, growth: pd.Series) -> list[Claim]:
    """Neurons, synapses and astrocyte processes."""
    source = "kozachkov2025neuron"
    full = recall[recall["system"] == "circuit"].set_index(["time", "seed"])
    start, end = recall["time"].min(), recall["time"].max()
    last = recall[recall["time"] == end].set_index(["system", "seed"])["membrane"]
    gain = full["overlap"].loc[end] - full["overlap"].loc[start]
    away = np.log(last["circuit"] / last["dense memory"])
    return [
        _order("circuit-recalls", "The circuit completes a damaged memory (gain of overlap).",
               gain, source),
        _law("circuit-agrees", "It ends with the signs of the dense memory (share of neurons).",
             full["agreement"].loc[end], 1, source),
        _order("circuit-saddle", "Deviations from the eliminated state grow (rate).",
               growth, "zero: neither grow nor decay"),
        _order("circuit-leaves", "Its membranes leave the dense memory's (log ratio at the end).",
               away, "zero: the same membranes"),
    ]  # fmt: skip


def heads_claims(keys: pd.DataFrame, iteration: pd.DataFrame, storage: pd.DataFrame) -> list[Claim]:
    """MiniLM; the repetitions are documents."""
    source, zero = "ramsauer2021hopfield", "zero: no difference"
    long = keys[keys["tokens"] == keys["tokens"].max()]
    kind = long.groupby(["weights", "document"])["keys"].median()
    layers = keys[keys["weights"] == "trained"].groupby(["tokens", "document", "layer"])["share"]
    share = layers.median().unstack("layer")
    first, last = share.loc[share.index.levels[0][-1]], share.loc[share.index.levels[0][0]]
    end = long[(long["weights"] == "trained") & (long["layer"] == long["layer"].max())]
    part = end.groupby("document")["regime"].value_counts(normalize=True).unstack(fill_value=0)
    part = part.reindex(columns=CLASSES, fill_value=0)
    lead = part["III"] - part.drop(columns="III").max(axis=1)
    told = {
        "trained": "Training makes heads hold fewer keys than random weights do (log ratio).",
        "first": "The first layer averages over a larger share of keys than the last.",
        "third": "Medium metastable states are the commonest class in the last layer.",
        "longer": "The share of keys that holds 90% is smaller in longer texts.",
        "second": "A second update spreads the weights over more keys (log ratio).",
        "contracts": "Many updates end on fewer keys than the first (log ratio).",
        "stored": "More than half of a head's keys do not return to themselves.",
    }
    reason = (
        f"{part['III'].mean():.0%} of the last layer's heads are in this class; MiniLM is a "
        "smaller model, trained to embed sentences by averaging over its last layer."
    )
    step = np.log(iteration.groupby(["updates", "document"])["keys"].median().unstack("updates"))
    lost = 1 - storage.groupby("document")["stored"].mean()
    return [
        _order("trained-is-sharper", told["trained"], np.log(kind["untrained"] / kind["trained"]),
               zero),
        _order("first-layer-averages", told["first"], first[0] - first[first.columns[-1]], source),
        _order("last-layer-medium", told["third"], lead, source, reason=reason),
        _order("longer-is-sharper", told["longer"], last.mean(axis=1) - first.mean(axis=1), zero),
        _order("second-update-spreads", told["second"], step[1] - step[0], zero),
        _order("iteration-contracts", told["contracts"], step[0] - step[step.columns[-1]], zero),
        _order("keys-not-stored", told["stored"], lost, "one half", 0.5),
    ]  # fmt: skip


BETWEEN = 10  # a beta between averaging and single patterns


def claims(
    collapse: pd.DataFrame,
    capacity: Capacity,
    continuous: tuple[pd.DataFrame, dict[str, float]],
    recall: tuple[pd.DataFrame, pd.Series],
    heads: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> list[Claim]:
    """Page attention/memory: all that it asserts; wording in ``models.memory_claims``."""
    return [
        *exact(continuous[1]),
        *collapse_claims(collapse),
        *capacities(capacity.powers, capacity.every, capacity.single),
        *regimes(continuous[0], BETWEEN, MEMBERS, GROUPS * MEMBERS),
        *circuit(*recall),
        *heads_claims(*heads),
    ]
