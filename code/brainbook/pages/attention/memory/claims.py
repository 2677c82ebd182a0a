"""What the page attention/memory asserts: from measurements to claims."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim, identity, law, number, ordering
from brainbook.evidence.intervals import Interval, mean_interval

from .capacity import Capacity, doublings
from .circuits import DENSE, NEUTRAL, PUBLISHED, SLOW
from .heads import CLASSES
from .measure import LAWS, Collapse, Measured

# What would refute a law. A factor ln N in a capacity moves its slope by 1/ln N, 0.12 at the
# largest N. Heights of neighbouring laws differ by factors: 3 between degrees, 1.4 and more for
# the rule without errors.
SLOPE, HEIGHT = 0.1, 0.1
WRONG_BITS = 0.15  # a load two hundredths higher makes about so many more
DOUBLING = 0.05  # what leaving the root of N out of the exponential law does to its slope
COINCIDENCE = 0.1  # as for the other heights
ONE_NEURON = 1 / 64  # of the circuit's neurons


def claims(measured: Measured) -> list[Claim]:
    """Page attention/memory: all that it asserts."""
    return [
        *identities(measured.gaps),
        *collapse_claims(measured.collapse),
        *power_claims(measured.capacity),
        *exponential_claims(measured.capacity),
        *circuit_claims(measured.recall, measured.growth),
        *start_claims(measured.starts),
        *length_claims(measured.keys),
        *class_claims(measured.keys),
        *iteration_claims(measured.iteration, measured.storage),
    ]


def joint(values: pd.Series) -> Interval:
    """Interval over seeds that holds for all laws of the page at once (Bonferroni)."""
    return mean_interval(values, over="seeds", sentences=LAWS)


def over_seeds(values: pd.Series) -> Interval:
    """Interval of the mean over seeds, for one statement."""
    return mean_interval(values, over="seeds")


def over_documents(values: pd.Series) -> Interval:
    """Interval of the mean over documents, for one statement."""
    return mean_interval(values, over="documents")


def identities(gaps: dict[str, float]) -> list[Claim]:
    """Identities, in float64."""
    statements = {
        "memory-minilm": (
            "One update from MiniLM's queries gives the weights of all 72 of its heads."
        ),
        "memory-values": "The same weights over the values give what MiniLM's heads pass on.",
        "memory-rise": (
            "Along trajectories of the two layers the energy never rises (share of its fall)."
        ),
        "memory-rest": "Without leak, synapses and processes stand still in the eliminated state.",
        "memory-drive": "There the neurons follow the dense memory of degree four.",
        "memory-energy": "There the circuit's energy is that of the dense memory of degree four.",
        "memory-circuit-rise": (
            "Along trajectories of the circuit the energy never rises (share of fall)."
        ),
    }
    return [
        identity(id, statement, gaps[id.removeprefix("memory-")])
        for id, statement in statements.items()
    ]


def collapse_claims(collapse: Collapse) -> list[Claim]:
    """The Hopfield network."""
    source, falls = "amit1987statistical", collapse.falls
    return [
        number(
            "memory-critical-load",
            "The mean-field equations end at the published load.",
            collapse.critical,
            expected=facts.value("associative_memory.csv", "critical_load"),
            tolerance=5e-4,  # half its last printed digit
            source=source,
        ),
        law(
            "memory-retrieval-errors",
            "Wrong bits below the collapse over the mean field's (ratio).",
            joint(collapse.error_ratio()),
            expected=1,
            precision=WRONG_BITS,
            source=source,
        ),
        ordering(
            "memory-collapse-falls",
            "The load of the collapse falls as the network grows.",
            over_seeds(falls.iloc[:, 0] - falls.iloc[:, -1]),
            source=source,
        ),
        ordering(
            "memory-collapse-above",
            "At the sizes here it is still above the mean field's load.",
            over_seeds(falls.iloc[:, -1] - collapse.critical),
            source=source,
        ),
    ]


def power_claims(capacity: Capacity) -> list[Claim]:
    """Energies that are powers: how the capacity grows, and how high it is."""
    slopes, ratios = capacity.slopes(), capacity.ratios()
    ids = {
        2: ("memory-slope-2", "memory-height-2"),
        3: ("memory-slope-3", "memory-height-3"),
        4: ("memory-slope-4", "memory-height-4"),
    }
    made = []
    for degree, (slope, height) in ids.items():
        made += [
            law(
                slope,
                f"Degree {degree}: patterns at a fixed bit error grow as N^{degree - 1} (slope).",
                joint(slopes[degree]),
                expected=degree - 1,
                precision=SLOPE,
                source="krotov2016dense",
                after_looking=True,
            ),
            law(
                height,
                f"Degree {degree}: their number is the published law's, nothing fitted (ratio).",
                joint(ratios[degree]),
                expected=1,
                precision=HEIGHT,
                source="krotov2016dense",
            ),
        ]
    return made


def exponential_claims(capacity: Capacity) -> list[Claim]:
    """The exponential energy: all patterns stable, and one bit of one."""
    every = capacity.every
    heights = (every["patterns"] / every["law"]).groupby(every["seed"]).mean()
    return [
        law(
            "memory-exponential-slope",
            "Exponential: all patterns stable; log2 of K times the root of N grows by 1/2 a "
            "neuron.",
            joint(doublings(capacity.rooted())),
            expected=0.5,
            precision=DOUBLING,
            source="demircigil2017model",
        ),
        law(
            "memory-exponential-height",
            "Exponential: the median collapse is where two patterns differ in one bit (ratio).",
            joint(heights),
            expected=1,
            precision=COINCIDENCE,
            source="sqrt(2 ln 2 2^N / N)",
        ),
        law(
            "memory-single-bit-slope",
            "Exponential: at a fixed error of one bit, log2 K grows by one a neuron.",
            joint(doublings(capacity.single)),
            expected=1,
            precision=DOUBLING,
            source="2 p 2^N",
        ),
    ]


def circuit_claims(recall: pd.DataFrame, growth: pd.Series) -> list[Claim]:
    """Neurons, synapses and astrocyte processes."""
    source = "kozachkov2025neuron"
    full = recall[recall["system"] == PUBLISHED].set_index(["time", "seed"])
    start, end = recall["time"].min(), recall["time"].max()
    last = recall[recall["time"] == end].set_index(["system", "seed"])["membrane"]
    return [
        ordering(
            "memory-circuit-recalls",
            "From the published start, synapses and processes set for the cue, the circuit "
            "completes a damaged memory (gain of overlap).",
            over_seeds(full["overlap"].loc[end] - full["overlap"].loc[start]),
            source=source,
        ),
        law(
            "memory-circuit-agrees",
            "From there it ends with the signs of the dense memory (share of neurons).",
            joint(full["agreement"].loc[end]),
            expected=1,
            precision=ONE_NEURON,
            source=source,
        ),
        ordering(
            "memory-circuit-saddle",
            "Deviations from the eliminated state grow (rate).",
            over_seeds(growth),
            source="zero: neither grow nor decay",
        ),
        ordering(
            "memory-circuit-leaves",
            "Its membranes leave the dense memory's (log ratio at the end).",
            over_seeds(np.log(last[PUBLISHED] / last[DENSE])),
            source="zero: the same membranes",
        ),
    ]


def start_claims(starts: pd.DataFrame) -> list[Claim]:
    """What the circuit's start puts in, and what slow synapses do; means over sizes, by seed."""
    source = "kozachkov2025neuron"
    alike = starts[starts["order"] != SLOW].groupby(["start", "seed"])
    means = alike[["cue", "at_once", "end"]].mean()
    patient = starts[(starts["order"] == SLOW) & (starts["leak"] == 0)]
    neutral, published = means.loc[NEUTRAL], means.loc[PUBLISHED]
    return [
        ordering(
            "memory-circuit-neutral",
            "From the cue alone, synapses and processes at zero and time constants within a factor "
            "of ten, the circuit completes a damaged memory (gain of overlap).",
            over_seeds(neutral["end"] - neutral["cue"]),
            source=source,
            after_looking=True,
            reason="synapses first take up the cue itself and hold the neurons there, before the "
            "processes have sent what is stored",
        ),
        law(
            "memory-circuit-slow-synapses",
            "With synapses ten thousand times slower than neurons and processes, and no leak, it "
            "ends at the memory from there (overlap of signs).",
            joint(patient.groupby("seed")["end"].mean()),
            expected=1,
            precision=ONE_NEURON,
            source="processes settle before synapses hold the cue",
            after_looking=True,
        ),
        law(
            "memory-circuit-at-once",
            "At the published start one product of the synapses with the cue gives the memory "
            "(overlap of signs).",
            joint(published["at_once"]),
            expected=1,
            precision=ONE_NEURON,
            source="g(0) is T contracted with the cue",
            after_looking=True,
        ),
    ]


def length_claims(keys: pd.DataFrame) -> list[Claim]:
    """How many keys MiniLM's heads hold: layers, length."""
    trained = keys[keys["weights"] == "trained"]
    share = trained.groupby(["tokens", "document", "layer"])["share"].median().unstack("layer")
    first, last = share.loc[keys["tokens"].max()], share.loc[keys["tokens"].min()]
    zero = "zero: no difference"
    return [
        ordering(
            "memory-first-layer-averages",
            "The first layer averages over a larger share of keys than the last.",
            over_documents(first.iloc[:, 0] - first.iloc[:, -1]),
            source="ramsauer2021hopfield",
        ),
        ordering(
            "memory-longer-is-sharper",
            "The share of keys that holds 90% is smaller in longer texts.",
            over_documents(last.mean(axis=1) - first.mean(axis=1)),
            source=zero,
        ),
    ]


def class_claims(keys: pd.DataFrame) -> list[Claim]:
    """The published class of heads in the last layer."""
    end = keys[(keys["tokens"] == keys["tokens"].max()) & (keys["weights"] == "trained")]
    end = end[end["layer"] == end["layer"].max()]
    part = end.groupby("document")["regime"].value_counts(normalize=True).unstack(fill_value=0)
    part = part.reindex(columns=CLASSES, fill_value=0)
    return [
        ordering(
            "memory-last-layer-medium",
            "Medium metastable states are the commonest class in the last layer.",
            over_documents(part["III"] - part.drop(columns="III").max(axis=1)),
            source="ramsauer2021hopfield",
            reason=(
                f"{part['III'].mean():.0%} of the last layer's heads are in this class; MiniLM is "
                "a smaller model, trained to embed sentences by averaging over its last layer."
            ),
        )
    ]


def iteration_claims(iteration: pd.DataFrame, storage: pd.DataFrame) -> list[Claim]:
    """Attention fed back to itself."""
    keys = iteration.groupby(["updates", "document"])["keys"].median().unstack("updates")
    step, zero = np.log(keys), "zero: no difference"
    lost = 1 - storage.groupby("document")["stored"].mean()
    return [
        ordering(
            "memory-second-update-spreads",
            "A second update spreads the weights over more keys (log ratio).",
            over_documents(step[1] - step[0]),
            source=zero,
        ),
        ordering(
            "memory-iteration-contracts",
            "Many updates end on fewer keys than the first (log ratio).",
            over_documents(step[0] - step.iloc[:, -1]),
            source=zero,
        ),
        ordering(
            "memory-keys-not-stored",
            "More than half of a head's keys do not return to themselves.",
            over_documents(lost),
            expected=0.5,
            source="one half",
        ),
    ]
