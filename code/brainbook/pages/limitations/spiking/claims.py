"""What the page limitations/spiking asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, number, ordering
from brainbook.evidence.intervals import mean_interval
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP
from opjoules.pricing.targets import TARGETS

from .measure import TITLES, Measured
from .printed import Reprints
from .rivals import LARGEST, network_name, rival_ratios, size_ratios
from .schedules import PUBLISHED as PUBLISHED_PAIR

MEASURED_HERE = "measured here"
CLOSED_FORM = "closed form of both networks"
SAME_SIZE = {
    "fp32": "spiking-same-size-fp32",
    "fp32-memory": "spiking-same-size-fp32-memory",
    "int8": "spiking-same-size-int8",
    "int8-memory": "spiking-same-size-int8-memory",
    "int8-skip": "spiking-same-size-int8-skip",
    "loihi": "spiking-same-size-loihi",
}
RIVAL = {
    "fp32-memory": "spiking-rival-fp32-memory",
    "int8-memory": "spiking-rival-int8-memory",
    "int8-skip": "spiking-rival-int8-skip",
    "loihi": "spiking-rival-loihi",
}
PUBLISHED = {  # rows that print rounding explains; the others stand in a table of the page
    "SEW-ResNet-34": "spiking-published-sew-resnet-34",
    "SEW-ResNet-50": "spiking-published-sew-resnet-50",
    "SEW-ResNet-101": "spiking-published-sew-resnet-101",
    "SEW-ResNet-152": "spiking-published-sew-resnet-152",
    "Spiking ResNet-34, 350 steps": "spiking-published-spiking-resnet-34-350-steps",
    "tdBN ResNet-34, 6 steps": "spiking-published-tdbn-resnet-34-6-steps",
    "Spikingformer 8-384": "spiking-published-spikingformer-8-384",
    "Spikingformer 8-512": "spiking-published-spikingformer-8-512",
    "Spikingformer 8-768": "spiking-published-spikingformer-8-768",
    "Spikingformer 8-512 (log)": "spiking-published-spikingformer-8-512-log",
    "Swin-B": "spiking-published-swin-b",
    "ViT-L/16": "spiking-published-vit-l-16",
}
SLIPS = ("ViT-L/16",)  # rows whose print is not what their network needs: findings
STEM = {
    "Spikformer 8-384": "spiking-stem-spikformer-8-384",
    "Spikformer 6-512": "spiking-stem-spikformer-6-512",
    "Spikformer 8-512": "spiking-stem-spikformer-8-512",
    "Spikformer 10-512": "spiking-stem-spikformer-10-512",
    "Spikformer 8-768": "spiking-stem-spikformer-8-768",
}
OWN_STEM = {  # networks of another width than the one that all are charged for
    "Spikformer 8-384": "spiking-own-stem-spikformer-8-384",
    "Spikformer 8-768": "spiking-own-stem-spikformer-8-768",
}
CONFIRMED = ("seen", "quoted")


def claims(result: Measured) -> list[Claim]:
    """Page limitations/spiking: what it asserts."""
    return [
        *_counts(result),
        *_same_size(result.networks),
        *_rivals(result),
        *_time_steps(result.steps),
        *_break_even(result.identities),
        *_schedules(result.schedules),
        *_schemes(result.schemes),
        *_published(result.printed),
        *_stems(result.printed),
        *_reprints(result.reprints),
    ]


def _counts(result: Measured) -> list[Claim]:
    """Counts of trained networks, means over seeds, against their closed forms."""
    name = network_name(LARGEST)
    rows = result.networks[result.networks["scenario"] == "fp32"]
    means = rows.groupby(["family", "network"])[["macs", "acs", "rate_1", "rate_2"]].mean()
    spiking, (first, second) = means.loc["spiking", name], LARGEST
    # T · Σ rate · inputs · outputs
    driven = spiking["rate_1"] * first * second + spiking["rate_2"] * second * 10
    return [
        identity(
            "spiking-count-perceptron",
            "The count sees every product of the perceptron.",
            means.loc[("perceptron", name), "macs"],
            expected=result.identities["perceptron"],
            unit="MAC",
            source="closed form: Σ inputs · outputs",
        ),
        identity(
            "spiking-count-attention",
            "The count sees the transformer's attention products.",
            means.loc[("transformer", "small"), "macs"],
            expected=result.identities["transformer"],
            unit="MAC",
            source="closed form: (N − 1)·p²·D + L·(N·D²·(4 + 2r) + 2·N²·D) + 10·D",
        ),
        identity(
            "spiking-count-spikes",
            "Each spike costs one accumulate per synapse it reaches.",
            spiking["acs"],
            expected=result.time_steps * driven,
            dtype="float32",
            unit="AC",
            source="closed form: T · Σ rate · inputs · outputs",
        ),
    ]


def _same_size(networks: pd.DataFrame) -> list[Claim]:
    """Two networks of one size in every scenario; all six hold together with 95%.

    Each order is held to on the schedule that favours it least. From step by step to membranes
    in accumulators spikes only get cheaper, so it then holds on all of them.
    """
    ratios = {name: size_ratios(networks, name) for name in (STEP_BY_STEP, IN_ACCUMULATORS)}
    found = []
    for name, id in SAME_SIZE.items():
        loses = TARGETS[name].skips_zeros or bool(TARGETS[name].chip)
        ratio = ratios[IN_ACCUMULATORS if loses else STEP_BY_STEP][name]
        found.append(
            ordering(
                id,
                f"The largest spiking network needs {'more' if loses else 'less'} energy than the "
                f"perceptron of its size ({TITLES[name]}), on every schedule.",
                mean_interval(
                    ratio if loses else 1 / ratio, over="splits", sentences=len(SAME_SIZE)
                ),
                expected=1,
                source=MEASURED_HERE,
            )
        )
    return found


def _rivals(result: Measured) -> list[Claim]:
    """Against the cheapest perceptron, on the schedule best for spikes; all hold with 95%."""
    ratios = rival_ratios(result.networks, result.margin, IN_ACCUMULATORS)
    return [
        ordering(
            id,
            "Over the sizes (geometric mean), spiking networks need more energy than the "
            f"cheapest perceptron that is as accurate ({TITLES[name]}), on every schedule.",
            mean_interval(ratios[name], over="splits", sentences=len(RIVAL)),
            expected=1,
            source=MEASURED_HERE,
        )
        for name, id in RIVAL.items()
    ]


def _time_steps(steps: pd.DataFrame) -> list[Claim]:
    spiking = steps[(steps["scenario"] == "fp32") & (steps["timesteps"] > 0)]
    accuracy = spiking.pivot(index="seed", columns="timesteps", values="accuracy")
    least, most = accuracy.columns.min(), accuracy.columns.max()
    return [
        ordering(
            "spiking-time-steps",
            f"With {most} time steps the spiking network is more accurate than with {least}.",
            mean_interval(100 * (accuracy[most] - accuracy[least]), over="splits"),
            unit="percentage points",
            source=MEASURED_HERE,
        )
    ]


def _break_even(identities: dict[str, float]) -> list[Claim]:
    return [
        identity(
            "spiking-break-even-arithmetic",
            "Counting arithmetic and neuron updates, spikes cost less below the rate of the "
            "closed form; here 128 inputs and 16 steps.",
            identities["arithmetic"],
            expected=identities["arithmetic_closed"],
            unit="spikes per neuron and image",
            source="closed form: (n·MAC + C − T·(U + C)) / (n·AC)",
        ),
        law(
            "spiking-break-even-memory",
            "Step by step, a wide layer of spiking neurons breaks even near one spike per neuron "
            "and image, because fetching a weight costs far more than using it.",
            identities["memory"],
            expected=identities["memory_closed"],
            # What the closed form leaves out, updates and membranes, falls as one over the inputs,
            # of which there are 4,096; without memory the answer would be five.
            precision=0.002,
            unit="spikes per neuron and image",
            source="closed form: (MAC + fetch) / (AC + fetch)",
        ),
        law(
            "spiking-break-even-once",
            "With each weight fetched once and membranes in accumulators, the same layer breaks "
            "even where arithmetic alone does.",
            identities["once"],
            expected=identities["once_closed"],
            # Left out, per output and over 4,096 · 0.9 pJ: 16 updates of 5.5 pJ, and four more
            # spikes out and in at 10 pJ. With a fetch for each spike the answer would be one.
            precision=0.05,
            unit="spikes per neuron and image",
            source="closed form: MAC / AC",
        ),
    ]


def _schedules(schedules: pd.DataFrame) -> list[Claim]:
    """The schedule decides for the published network; over 32 and 8 bits at 45 nm.

    Nothing is left to chance in closed forms, so the orders have no margin.
    """
    pair = schedules[
        (schedules["case"] == PUBLISHED_PAIR) & schedules["words"].isin(("32 bits", "8 bits"))
    ]
    rows = pair.set_index("schedule")
    return [
        ordering(
            "spiking-schedule-fused",
            "Spikingformer 8-512 needs more energy than its dense counterpart while its membranes "
            "move, even with each weight fetched once and currents kept, at either end of the "
            "costs.",
            rows.loc[["layer by layer, fused"], "low"].min(),
            expected=1,
            source=CLOSED_FORM,
        ),
        ordering(
            "spiking-schedule-accumulators",
            "With membranes in accumulators as well it needs less, at either end of the costs.",
            1 / rows.loc[[IN_ACCUMULATORS], "high"].max(),
            expected=1,
            source=CLOSED_FORM,
        ),
    ]


def _schemes(schemes: pd.DataFrame) -> list[Claim]:
    """What papers report: operations alone."""
    rows = schemes[schemes["pair"].str.startswith("Spikingformer")].set_index("scheme")
    return [
        ordering(
            "spiking-scheme-operations",
            "By operations alone, Spikingformer 8-512 needs less energy than its dense "
            "counterpart.",
            1 / rows.loc["operations", "ratio"],
            expected=1,
            source=CLOSED_FORM,
        )
    ]


def _published(printed: pd.DataFrame) -> list[Claim]:
    """A row of print each, held to what its last digits leave open."""
    rows = printed[printed["status"].isin(CONFIRMED) & printed["network"].isin(PUBLISHED)]
    return [
        number(
            PUBLISHED[row.network],
            row.statement,
            row.recomputed_mj,
            expected=row.published_mj,
            tolerance=row.rounding_mj,
            unit="mJ",
            source=row.source,
            role="finding" if row.network in SLIPS else "check",
        )
        for row in rows.itertuples()
    ]


def _stems(printed: pd.DataFrame) -> list[Claim]:
    """What first convolutions were charged; the tolerance is what rounding of print leaves.

    For networks of width 512 the charge is their own: these rows are checks.
    """
    rows = printed[printed["status"].isin(CONFIRMED)].set_index("network")
    charged = [
        number(
            STEM[network],
            f"What {network} is charged beyond its spikes is the first convolution of the network "
            "of width 512, at every time step.",
            row["width_512_mj"],
            expected=row["residual_mj"],
            tolerance=row["stem_rounding_mj"],
            unit="mJ",
            source=row["source"],
            role="finding" if network in OWN_STEM else "check",
        )
        for network, row in rows.loc[rows.index.isin(STEM)].iterrows()
    ]
    own = [
        ordering(
            OWN_STEM[network],
            f"Its own first convolution would have cost {network} another energy than the one "
            "charged; the difference exceeds what rounding explains.",
            abs(row["own_width_mj"] - row["residual_mj"]),
            margin=row["stem_rounding_mj"],
            unit="mJ",
            source=row["source"],
        )
        for network, row in rows.loc[rows.index.isin(OWN_STEM)].iterrows()
    ]
    return charged + own


def _reprints(reprints: Reprints) -> list[Claim]:
    """Networks printed twice, and rows that lack inputs."""
    conflicts, prices = reprints.conflicts.set_index(["network", "second"]), reprints.prices
    slip = conflicts.loc["SEW-ResNet-34", "QKFormer table"]
    low = (prices["price_fj"] - prices["rounding_fj"]).max()
    high = (prices["price_fj"] + prices["rounding_fj"]).min()
    rated = reprints.missing.dropna(subset=["implied_rate", "printed_rate"])
    return [
        number(
            "spiking-reprint-sew-resnet",
            "The energy that a later table prints for SEW-ResNet-34 is that of SEW-ResNet-50.",
            slip["second_mj"],
            expected=conflicts.loc[("SEW-ResNet-50", "under review"), "energy_mj"],
            tolerance=5e-3,  # half the last digit of the later table
            unit="mJ",
            source=slip["source"],
        ),
        ordering(
            "spiking-reprint-one-price",
            "Under review, every spiking row of the Spikformer table paid one and the same price "
            "per operation: the intervals that rounding leaves share a range.",
            high - low,
            unit="fJ",
            source="zhou2023spikformer",
        ),
        ordering(
            "spiking-implied-rate",
            "The energy printed for HST-10-768 needs a higher mean spike rate than the highest "
            "that its paper prints, if only spikes are charged.",
            rated["implied_rate"].min(),
            expected=rated["printed_rate"].max(),
            margin=0.001,  # half the last digit of the printed energy moves the rate by less
            source="zhou2024qkformer",
        ),
    ]
