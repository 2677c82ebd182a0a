"""What the page limitations/spike_codes asserts.

Intervals are over splits of the same digits, each with other weights, or over documents. All laws
hold together (Bonferroni): the page says that formulas tell the errors.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, number, ordering
from brainbook.evidence.intervals import mean_interval
from opjoules.pricing.schedules import IN_ACCUMULATORS
from opjoules.pricing.targets import on_schedule

from .laws import DEEP_TILT, SHARED, SLOPE, SPREAD, SQUARE, TILT, joint, settled, slopes, squares
from .measure import Bits, Measured
from .prices import dearer
from .spike_times import SpikeTimes

EQUAL = 0.1  # what rounding costs more than an update, over the energy of the smallest twin
RUECKAUER, BU, YAN = "rueckauer2017conversion", "bu2022optimal", "yan2024reconsidering"


def claims(measured: Measured) -> list[Claim]:
    """Page limitations/spike_codes: all that it asserts."""
    return [
        *first_layer_claims(measured.conversion, measured.mismatches),
        *deep_claims(measured.conversion),
        *code_claims(measured.codes),
        *spike_time_claims(measured.times),
        *bit_claims(measured.bits, measured.rule),
        *energy_claims(measured.energies.networks),
        *attention_claims(measured.attention),
    ]


def first_layer_claims(errors: pd.DataFrame, mismatches: int) -> list[Claim]:
    """Rates of the first hidden layer, whose input is constant."""
    first = errors[errors["layer"] == 1]
    late = settled(first)
    return [
        identity(
            "spike-codes-count",
            "The closed form gives every spike count of the first layer.",
            mismatches,
            unit="neurons",
            source=f"n = clip(⌊(T·z + v₀)/θ⌋, 0, T); {BU}",
        ),
        identity(
            "spike-codes-bound",
            "No rate of the first layer is off by more than θ/(2T).",
            int((first["largest"] > 1 + 1e-9).sum()),
            unit="runs",
            source="closed form: |θ·n/T − clip(z, 0, θ)| ≤ θ/(2T)",
        ),
        law(
            "spike-codes-bound-tight",
            "The largest error of the first layer is θ/(2T), not less.",
            first["largest"].max(),
            expected=1,
            precision=0.01,  # some of 100,000 activations lie that close to the middle
            unit="θ/(2T)",
            source="closed form: θ/(2T)",
        ),
        law(
            "spike-codes-square",
            "The first layer's mean square error is θ²/(12·T²).",
            joint(squares(late)),
            expected=1,
            precision=SQUARE,
            approximation=SPREAD,
            source="closed form: θ²/(12·T²), spread-out values",
        ),
        law(
            "spike-codes-slope",
            "The first layer's error falls as 1/T.",
            joint(slopes(late)),
            expected=-1,
            precision=SLOPE,
            approximation=TILT,
            source="closed form: slope −1",
        ),
    ]


def deep_claims(errors: pd.DataFrame) -> list[Claim]:
    """The balance of every layer, and rates of the second, whose input arrives as spikes."""
    late = settled(errors[errors["layer"] == 2])
    return [
        law(
            "spike-codes-slope-deep",
            "The second layer's error falls as 1/T too, where no activation is cut off.",
            joint(slopes(late)),
            expected=-1,
            precision=SLOPE,
            approximation=DEEP_TILT,
            source="closed form: slope −1, membranes stay bounded",
        ),
        identity(
            "spike-codes-balance",
            "In each layer, spikes times threshold equal the input minus the rise of the membrane.",
            errors["balance"].max(),
            source=f"closed form: θ·n = T·z̄ + v₀ − v_T; {RUECKAUER}",
        ),
        identity(
            "spike-codes-inside",
            "A neuron whose last membrane lies between zero and its threshold has the spike count "
            "of the closed form, in each layer.",
            errors["miscounted"].sum(),
            unit="neurons",
            source=f"closed form; {BU}",
        ),
        ordering(
            "spike-codes-bound-deep",
            "In the second layer errors exceed θ/(2T).",
            mean_interval(late.groupby("seed")["largest"].max(), over="splits"),
            expected=1,
            unit="θ/(2T)",
            source="measured here",
        ),
    ]


def code_claims(codes: pd.DataFrame) -> list[Claim]:
    """Codes for one value. With random spikes the laws are exact, with levels as above."""
    poisson, binary = (codes[codes["code"] == code] for code in ("poisson", "binary"))
    currents = (poisson["current"] / poisson["current_law"]).groupby(poisson["seed"]).mean()
    return [
        law(
            "spike-codes-poisson",
            "The mean square error of a Poisson rate is p(1 − p)/T.",
            joint(squares(poisson)),
            expected=1,
            precision=SQUARE,
            source="closed form: p(1 − p)/T",
        ),
        law(
            "spike-codes-poisson-slope",
            "The error of a Poisson rate falls as the root of 1/T.",
            joint(slopes(poisson)),
            expected=-0.5,
            precision=SLOPE,
            source="closed form: slope −1/2",
        ),
        law(
            "spike-codes-poisson-current",
            "With Poisson pixels, the first layer's mean input has the variance Σ w²p(1 − p)/T.",
            joint(currents),
            expected=1,
            precision=SQUARE,
            source="closed form: Σ w²p(1 − p)/T",
        ),
        law(
            "spike-codes-binary",
            "Spikes weighted as binary digits have a mean square error of 1/(12·(2^T − 1)²).",
            joint(squares(settled(binary))),
            expected=1,
            precision=SQUARE,
            approximation=SPREAD,
            source="closed form: 1/(12·(2^T − 1)²)",
        ),
    ]


def spike_time_claims(times: SpikeTimes) -> list[Claim]:
    """One spike a neuron."""
    exact, binned = times.exact, times.binned
    uneven = binned[binned["bins"] > 1].groupby("seed")["rate_difference"].min()
    return [
        identity(
            "spike-codes-first-spike",
            "In continuous time, one spike a neuron gives the activations and logits of the "
            "rectifier network.",
            exact["difference"].max(),
            source="stanojevic2023exact",
            role="finding",
        ),
        identity(
            "spike-codes-first-spike-bins",
            "In K time bins, one spike a neuron gives the logits of the network with K + 1 "
            "levels, through both hidden layers.",
            binned["difference"].max(),
            source="closed form: n = ⌊a·K/θ + ½⌋",
            role="finding",
        ),
        ordering(
            "spike-codes-rates-uneven",
            "With spike rates and two hidden layers, the logits differ from those of the network "
            "with as many levels.",
            mean_interval(uneven, over="splits"),
            source=BU,
        ),
    ]


def bit_claims(bits: Bits, rule: tuple[float, float]) -> list[Claim]:
    """The same function in bits and in steps, and what both cost."""
    kept = on_schedule(bits.twins, IN_ACCUMULATORS)
    memory = kept[kept["scenario"] == "memory"]
    ratios = memory.pivot(index="seed", columns="steps", values="ratio")
    by_rule, printed = rule
    return [
        identity(
            "spike-codes-twins",
            "With one hidden layer, T time steps and ⌈log2(T + 1)⌉ bits are the same function.",
            bits.twins["difference"].max(),
            source=YAN,
            role="finding",
        ),
        number(
            "spike-codes-multiplier",
            "The rule that a multiplier costs as its two widths' product leads from the published "
            "8-bit to the published 32-bit energy.",
            by_rule,
            expected=printed,
            tolerance=0.1 * printed,  # the 8-bit energy is printed to one digit, a quarter of it
            unit="pJ",
            source="horowitz2014computing",
        ),
        law(
            "spike-codes-twins-one-bit",
            "One time step and one bit cost the same with memory and membranes in accumulators, "
            "within a tenth: with ones and zeros both only add.",
            joint(ratios.iloc[:, 0]),
            expected=1,
            precision=EQUAL,
            approximation=EQUAL,  # rounding a unit multiplies once, the neuron's update only adds
            source="closed form: at T = 1 the two networks are one",
        ),
        ordering(
            "spike-codes-twins-dear",
            "In many steps the spikes need more energy than the bits, memory paid for, on every "
            "schedule.",
            mean_interval(ratios.iloc[:, -1], over="splits"),
            expected=1,
            margin=EQUAL,  # by which equal twins may differ
            source=YAN,
        ),
    ]


def energy_claims(networks: pd.DataFrame) -> list[Claim]:
    """Which family holds the cheap end of the front, split by split."""
    spiking = ("converted, rates", "converted, Poisson", "first spike", "trained with spikes")
    return [
        ordering(
            "spike-codes-first-spike-cheap",
            "If only arithmetic is paid for, the time code holds the cheap end of the front.",
            mean_interval(dearer(networks, "arithmetic", ("first spike",)), over="splits"),
            expected=1,
            source="measured here",
        ),
        ordering(
            "spike-codes-words-cheap",
            "If memory is paid for step by step and zeros are skipped, networks without spikes "
            "hold the cheap end of the front.",
            mean_interval(1 / dearer(networks, "skip", spiking), over="splits"),
            expected=1,
            source="measured here",
        ),
        ordering(
            "spike-codes-first-spike-kept",
            "With membranes in accumulators the time code holds the cheap end though memory is "
            "paid for; no machine skips zeros here.",
            mean_interval(
                dearer(networks, "memory", ("first spike",), IN_ACCUMULATORS), over="splits"
            ),
            expected=1,
            source="measured here",
        ),
    ]


def attention_claims(attention: pd.DataFrame) -> list[Claim]:
    """Scores of MiniLM's heads when queries and keys are spike trains."""
    count, random, regular = (
        settled(attention[attention["product"] == name])
        for name in ("counts", "poisson coincidences", "regular coincidences")
    )
    last = attention["steps"].max()
    counted, even, chance = (
        rows[rows["steps"] == last].set_index("seed")["error"] for rows in (count, regular, random)
    )
    return [
        law(
            "spike-codes-attention-rounding",
            "Counting queries and keys in T steps gives scores the error of rounding both.",
            joint(squares(count), over="documents"),
            expected=1,
            precision=SQUARE,
            approximation=SHARED,
            source="closed form: (Δ_k²·|q|² + Δ_q²·|k|²)/12 + d·Δ_q²·Δ_k²/144",
        ),
        law(
            "spike-codes-attention-slope",
            "That error falls as 1/T.",
            joint(slopes(count), over="documents"),
            expected=-1,
            precision=SLOPE,
            approximation=TILT,
            source="closed form: slope −1",
        ),
        law(
            "spike-codes-attention-coincidence",
            "Coincidences of random spikes give scores the variance Σ (s_q·s_k)²·p·r·(1 − p·r)/T.",
            joint(squares(random), over="documents"),
            expected=1,
            precision=SQUARE,
            source="closed form: Σ (s_q·s_k)²·p·r·(1 − p·r)/T",
        ),
        law(
            "spike-codes-attention-coincidence-slope",
            "That error falls as the root of 1/T.",
            joint(slopes(random), over="documents"),
            expected=-0.5,
            precision=SLOPE,
            source="closed form: slope −1/2",
        ),
        ordering(
            "spike-codes-attention-regular",
            "Even spacing does not save coincidences: in the most steps their error is nearer, as "
            "a ratio, to that of random spikes than to that of counts.",
            mean_interval(even / np.sqrt(counted * chance), over="documents"),
            expected=1,
            source="measured here",
        ),
    ]
