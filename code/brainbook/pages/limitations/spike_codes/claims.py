"""What the page on spike codes asserts about conversion, codes, bits, energy and attention."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim

from . import (
    errors as code_trials,
)
from .measure import (
    measure_published,
    measure_rule,
)

PREFIX = "spike-codes"
SETTLED = 4  # time steps from which the laws for spread-out values are held to
RUECKAUER, BU = "rueckauer2017conversion", "bu2022optimal"


def _slope(rows: pd.DataFrame, column: str, steps: str = "steps") -> tuple[float, float]:
    """Slope of log error against log steps: mean over seeds, and four standard errors."""
    found = [
        np.polyfit(np.log(part[steps]), np.log(part[column]), 1)[0]
        for _, part in rows.groupby("seed")
    ]
    return float(np.mean(found)), float(4 * np.std(found, ddof=1) / np.sqrt(len(found)))


def _ratio(rows: pd.DataFrame, measured: str, law: str, power: int = 2) -> tuple[float, float]:
    """Mean over seeds of (measured/law)^power, and four standard errors."""
    found = ((rows[measured] / rows[law]) ** power).groupby(rows["seed"]).mean()
    return float(found.mean()), float(4 * found.std(ddof=1) / np.sqrt(len(found)))


def conversion_claims(errors: pd.DataFrame, mismatches: int) -> list[Claim]:
    """From ``conversion_errors`` and ``first_layer_mismatches``."""
    first, second = (errors[errors["layer"] == layer] for layer in (1, 2))
    over = int((first["largest"] > 1 + 1e-9).sum())
    late = second[second["steps"] >= SETTLED]
    square, spread = _ratio(first[first["steps"] >= SETTLED], "error", "law")
    slope, wide = _slope(first[first["steps"] >= SETTLED], "error")
    deep, deep_wide = _slope(late, "error")
    return [
        Claim(f"{PREFIX}-count", "The closed form gives every spike count of the first layer.",
              "exact", mismatches, 0, 0, "neurons", f"n = clip(⌊(T·z + v₀)/θ⌋, 0, T); {BU}"),
        Claim(f"{PREFIX}-bound", "No rate of the first layer is off by more than θ/(2T).",
              "exact", over, 0, 0, "runs", "closed form: |θ·n/T − clip(z, 0, θ)| ≤ θ/(2T)"),
        Claim(f"{PREFIX}-bound-tight", "The largest error of the first layer is θ/(2T), not less.",
              "law", first["largest"].max(), 1.0, 0.01, "θ/(2T)", "closed form: θ/(2T)"),
        Claim(f"{PREFIX}-square", "The first layer's mean square error is θ²/(12·T²).", "law",
              square, 1.0, max(spread, 0.03), "1", "closed form: θ²/(12·T²), spread-out values"),
        Claim(f"{PREFIX}-slope", "The first layer's error falls as 1/T.", "law", slope, -1.0,
              max(wide, 0.02), "1", "closed form: slope −1"),
        Claim(f"{PREFIX}-slope-deep", "The second layer's error falls as 1/T too, where no "
              "activation is cut off.", "law", deep, -1.0, max(deep_wide, 0.05), "1",
              "closed form: slope −1, membranes stay bounded"),
        Claim(f"{PREFIX}-balance", "In each layer, spikes times threshold equal the input minus "
              "the rise of the membrane.", "exact", errors["balance"].max(), 0.0, 1e-10, "1",
              f"closed form: θ·n = T·z̄ + v₀ − v_T; {RUECKAUER}"),
        Claim(f"{PREFIX}-inside", "A neuron whose last membrane lies between zero and its "
              "threshold has the spike count of the closed form, in each layer.", "exact",
              errors["miscounted"].sum(), 0, 0, "neurons", f"closed form; {BU}"),
        Claim(f"{PREFIX}-bound-deep", "In the second layer errors exceed θ/(2T).", "ordering",
              late.groupby("seed")["largest"].max().min(), 1.0, 0.1, "θ/(2T)", "measured here"),
    ]  # fmt: skip


def code_claims(codes: pd.DataFrame, exact: pd.DataFrame, binned: pd.DataFrame) -> list[Claim]:
    """From ``code_errors``, ``exact_spike_times`` and ``binned_spike_times``."""
    poisson, regular = (codes[codes["code"] == c] for c in ("poisson", "regular"))
    binary = codes[(codes["code"] == "binary") & (codes["steps"] >= SETTLED)]
    square, spread = _ratio(poisson, "error", "law")
    slope, wide = _slope(poisson, "error")
    current, current_wide = _ratio(poisson, "current", "current_law", 1)
    even, even_wide = _slope(regular[regular["steps"] >= SETTLED], "error")
    word, word_wide = _ratio(binary, "error", "law")
    return [
        Claim(f"{PREFIX}-poisson", "The mean square error of a Poisson rate is p(1 − p)/T.", "law",
              square, 1.0, max(spread, 0.01), "1", "closed form: p(1 − p)/T"),
        Claim(f"{PREFIX}-poisson-slope", "The error of a Poisson rate falls as the root of 1/T.",
              "law", slope, -0.5, max(wide, 0.01), "1", "closed form: slope −1/2"),
        Claim(f"{PREFIX}-poisson-current", "With Poisson pixels, the first layer's mean input has "
              "the variance Σ w²p(1 − p)/T.", "law", current, 1.0, max(current_wide, 0.03), "1",
              "closed form: Σ w²p(1 − p)/T"),
        Claim(f"{PREFIX}-regular-slope", "The error of evenly spaced spikes falls as 1/T.", "law",
              even, -1.0, max(even_wide, 0.02), "1", "closed form: slope −1"),
        Claim(f"{PREFIX}-binary", "Spikes weighted as binary digits have a mean square error of "
              "1/(12·(2^T − 1)²).", "law", word, 1.0, max(word_wide, 0.03), "1",
              "closed form: 1/(12·(2^T − 1)²)"),
        Claim(f"{PREFIX}-first-spike", "In continuous time, one spike a neuron gives the "
              "activations and logits of the rectifier network.", "exact",
              exact["difference"].max(), 0.0, 1e-10, "1", "stanojevic2023exact"),
        Claim(f"{PREFIX}-first-spike-bins", "In K time bins, one spike a neuron gives the logits "
              "of the network with K + 1 levels, through both hidden layers.", "exact",
              binned["difference"].max(), 0.0, 1e-10, "1", "closed form: n = ⌊a·K/θ + ½⌋"),
        Claim(f"{PREFIX}-first-spike-once", "No neuron of the time code spikes twice.", "exact",
              binned["most"].max(), 1, 0, "spikes", "closed form: at most one"),
        Claim(f"{PREFIX}-rates-uneven", "With spike rates and two hidden layers, the logits "
              "differ from those of the network with as many levels.", "ordering",
              binned[binned["bins"] > 1].groupby("seed")["rate_difference"].min().min(), 0.0, 1e-3,
              "1", BU),
    ]  # fmt: skip


def bit_claims(
    twins: pd.DataFrame, rule: tuple[float, float], published: pd.DataFrame, spikes: float
) -> list[Claim]:
    """From the twins of ``measure_bits``, the rule for multipliers, ``spike_codes.csv``, and the
    spikes per neuron of the time code."""
    printed = published.set_index("key").loc["first_spike_density"]
    return [
        Claim(f"{PREFIX}-twins", "With one hidden layer, T time steps and ⌈log2(T + 1)⌉ bits "
              "are the same function.", "exact", twins["difference"].max(), 0.0, 1e-10, "1",
              "yan2024reconsidering"),
        Claim(f"{PREFIX}-multiplier", "The rule that a multiplier costs as its two widths' product "
              "leads from the published 8-bit to the published 32-bit energy.", "number", rule[0],
              rule[1], 0.1 * rule[1], "pJ", "horowitz2014computing"),
        Claim(f"{PREFIX}-density", "The time code sends fewer spikes per neuron than published "
              "networks that were trained with it.", "ordering", printed["value"] / spikes, 1.0,
              0.05, "1", printed["source"]),
    ]  # fmt: skip


def energy_claims(networks: pd.DataFrame, twins: pd.DataFrame) -> list[Claim]:
    """From ``measure_networks`` and the twins of ``measure_bits``."""
    largest = twins[twins["steps"] == twins["steps"].max()]
    ratio = largest.groupby("scenario")["ratio"].mean()
    few = twins[(twins["steps"] == twins["steps"].min())].groupby("scenario")["ratio"].mean()
    means = networks.groupby(["scenario", "family", "network"])[["accuracy", "central"]].mean()
    return [
        Claim(f"{PREFIX}-twins-one-bit", "One time step and one bit cost the same with memory, "
              "within a tenth: with ones and zeros both only add.", "law", few["memory"], 1.0, 0.1,
              "1", "closed form: at T = 1 the two networks are one"),
        Claim(f"{PREFIX}-twins-dear", "In many steps the spikes need more energy than the bits, "
              "memory paid for.", "ordering", ratio["memory"], 1.0, 0.5, "1",
              "yan2024reconsidering"),
        Claim(f"{PREFIX}-first-spike-cheap", "If only arithmetic is paid for, the time code holds "
              "the cheap end of the front.", "ordering",
              _gap(means.loc["arithmetic"], "first spike"), 1.0, 0.1, "1", "measured here"),
        Claim(f"{PREFIX}-words-cheap", "If memory is paid for and zeros are skipped, networks "
              "without spikes hold the cheap end of the front.", "ordering",
              1 / _gap(means.loc["skip"], ("converted, rates", "converted, Poisson", "first spike",
                                           "trained with spikes")), 1.0, 0.02, "1",
              "measured here"),
    ]  # fmt: skip


def _gap(means: pd.DataFrame, family: str | tuple[str, ...], least: float = 0.95) -> float:
    """Cheapest network of other families over the cheapest of ``family``, of those that read at
    least a share ``least`` correctly."""
    able = means[means["accuracy"] >= least]["central"]
    own = able.index.get_level_values("family").isin(
        [family] if isinstance(family, str) else family
    )
    return float(able[~own].min() / able[own].min())


def attention_claims(attention: pd.DataFrame, counts: pd.DataFrame, tokens: int) -> list[Claim]:
    """From ``attention_errors`` and MiniLM's table of counted operations."""
    count, random, regular = (
        attention[(attention["product"] == name) & (attention["steps"] >= SETTLED)]
        for name in ("counts", "poisson coincidences", "regular coincidences")
    )
    square, spread = _ratio(count, "error", "law")
    chance, chance_wide = _ratio(random, "error", "law")
    slope, wide = _slope(count, "error")
    root, root_wide = _slope(random, "error")
    layers, width, macs = 6, 384, counts.groupby("kind")["macs"].sum()
    last = attention["steps"].max()
    gain = (regular[regular["steps"] == last].set_index("seed")["error"]
            / count[count["steps"] == last].set_index("seed")["error"])  # fmt: skip
    return [
        Claim(f"{PREFIX}-attention-count", "The count sees MiniLM's attention products.", "exact",
              macs["product"], layers * 2 * tokens**2 * width, 1e-3, "MAC",
              "closed form: L·2·N²·D", dtype="float32"),
        Claim(f"{PREFIX}-attention-weights", "The count sees MiniLM's products with weights.",
              "exact", macs["linear"], layers * 12 * tokens * width**2 + width**2, 1e-3, "MAC",
              "closed form: L·12·N·D² + D²", dtype="float32"),
        Claim(f"{PREFIX}-attention-rounding", "Counting queries and keys in T steps gives scores "
              "the error of rounding both.", "law", square, 1.0, max(spread, 0.05), "1",
              "closed form: (Δ_k²·|q|² + Δ_q²·|k|²)/12 + d·Δ_q²·Δ_k²/144"),
        Claim(f"{PREFIX}-attention-slope", "That error falls as 1/T.", "law", slope, -1.0,
              max(wide, 0.03), "1", "closed form: slope −1"),
        Claim(f"{PREFIX}-attention-coincidence", "Coincidences of random spikes give scores the "
              "variance Σ (s_q·s_k)²·p·r·(1 − p·r)/T.", "law", chance, 1.0,
              max(chance_wide, 0.05), "1", "closed form: Σ (s_q·s_k)²·p·r·(1 − p·r)/T"),
        Claim(f"{PREFIX}-attention-coincidence-slope", "That error falls as the root of 1/T.",
              "law", root, -0.5, max(root_wide, 0.03), "1", "closed form: slope −1/2"),
        Claim(f"{PREFIX}-attention-regular", "Even spacing does not save coincidences: in the most "
              "steps, their error is many times that of counts.", "ordering", gain.mean(), 1.0,
              4.0, "1", "measured here"),
    ]  # fmt: skip


def claims(
    conversion: pd.DataFrame, mismatches: int, codes: pd.DataFrame,
    times: code_trials.SpikeTimes, bits: code_trials.Bits, networks: pd.DataFrame,
    attention: pd.DataFrame, counts: pd.DataFrame, tokens: int,
) -> list[Claim]:  # fmt: skip
    """Page limitations/spike_codes: what it asserts, from the results of the functions above."""
    return [
        *conversion_claims(conversion, mismatches),
        *code_claims(codes, times.exact, times.binned),
        *bit_claims(bits.twins, measure_rule(), measure_published(), times.binned["spikes"].max()),
        *energy_claims(networks, bits.twins),
        *attention_claims(attention, counts, tokens),
    ]
