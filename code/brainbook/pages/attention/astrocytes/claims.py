"""What the astrocyte page asserts: from measurements to claims, with tolerances from seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from scipy import stats

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import CONFIDENCE, half_width
from brainbook.models.astrocyte.circuit import write
from brainbook.models.astrocyte.error import PARTS
from brainbook.models.astrocyte.sweep import Sweep

from .measure import (
    LARGE,
    LAW,
    SMALL,
    WORDS,
    by_seed,
    measure_identities,
    measure_pair_law,
)
from .vision import Vision

PAPER = "kozachkov2023building"


def slopes(gaussian: Sweep, part: str, law: str) -> pd.Series:
    """Slope per seed in setting ``law``, over sizes where the closed form gives 0.1 or less."""
    return gaussian.slopes(part, law, (gaussian.constant(part, law) / 0.1) ** 2)


def tail_slopes(minilm: Sweep) -> pd.Series:
    """Slope of the output error per seed on MiniLM's median head, over the upper half of sizes."""
    sizes = minilm.curve("output").columns
    return minilm.slopes("output", "MiniLM", sizes[len(sizes) // 2])


def _law(name: str, told: str, values: pd.Series, expected: float, source: str) -> Claim:
    """A law that holds within the 95% interval of the mean over seeds."""
    tolerance = half_width(values)
    return Claim(f"astrocyte-{name}", told, "law", values.mean(), expected, tolerance, "1", source)


def _order(
    name: str, told: str, values: pd.Series, source: str, expected: float = 0, reason: str = ""
) -> Claim:
    """An order that the mean over seeds must show beyond its 95% interval."""
    margin, mean = half_width(values), values.mean()
    return Claim(f"astrocyte-{name}", told, "ordering", mean, expected, margin, "1", source, reason)


def exact(deviations: dict[str, float]) -> list[Claim]:
    """Identities, in float64."""
    told = {
        "by-token": "Hebbian updates token by token end at the synapses written at once.",
        "processes": "The astrocyte's updates token by token end at the sum over tokens.",
        "kernel": "The circuit is attention with the kernel φ(q)·φ(k) instead of exp(q·k).",
        "logs": "Reading in log space, block by block, gives the output of the plain matrices.",
        "absolute": "The trace keeps its absolute size in log space, with no smoothing constant.",
        "centring": "exp(q·k) splits into a centred part and factors of q alone and k alone.",
        "torch": "The softmax attention used here is torch's scaled_dot_product_attention.",
    }
    synapses, _ = write(torch.ones(1, 1000), torch.ones(1, 64))
    count = "H has one synapse for each pair of an output and a hidden unit."
    return [
        Claim(f"astrocyte-{name}", told[name], "exact", gap, 0, 1e-10, "1", "identity: both sides")
        for name, gap in deviations.items()
    ] + [Claim("astrocyte-synapses", count, "exact", synapses.numel(), 64 * 1000, 0, "1", "d m")]


def gaussian_claims(sweep: Sweep, ratio: pd.Series, law: str) -> list[Claim]:
    """The laws, where the closed form says that they apply."""
    told = "One pair's estimate has the relative variance of the closed form (ratio)."
    made = [_law("pair-variance", told, ratio, 1, "(e^R - 1)/m with R = |q + k|²")]
    for part in PARTS:
        told = f"On small Gaussian inputs the error of the {WORDS[part]} falls as m^(-1/2)."
        made.append(_law(f"slope-{part}", told, slopes(sweep, part, law), -0.5, "m^(-1/2)"))
        told = f"The closed form gives the size of the {WORDS[part]} error, nothing fitted (ratio)."
        source = "sum over pairs of keys of a a' exp((q + k)·(q + k'))"
        made.append(_law(f"size-{part}", told, sweep.squares(part, law), 1, source))
    ours = np.log(sweep.curve("output", law).iloc[:, -1])
    told = (
        "On small Gaussian inputs a degree-2 Taylor kernel beats the largest circuit (log ratio)."
    )
    taylor = ours - np.log(sweep.baseline("Taylor", "output", law))
    return [*made, _order("taylor-wins-on-gaussian", told, taylor, "the Taylor kernel's error")]


def trained(minilm: Sweep, vision: Vision, small: int, large: int) -> list[Claim]:
    """What happens on the heads of trained transformers."""
    output, block = (np.log(minilm.curve(part)) for part in ("output", "block"))
    seen = np.log(vision.curve("output"))
    base = {kind: np.log(minilm.baseline(kind, "output")) for kind in ("uniform", "Taylor")}
    blind = np.log(minilm.baseline("uniform", "block"))
    many = f"{large:,} units"
    told = f"With {many} every MiniLM head's trace is nearer to Z than the best constant (ratio)."
    reason = (
        f"{(minilm.over_constant(large) <= 1).sum()} of 72 heads fail: their keys and queries are "
        "long, and where R = |q + k|² is large the closed form asks for about e^R units."
    )
    worst = minilm.over_constant(large).min()
    sight = np.log(vision.curve("trace"))
    told_vision = f"On digits {many} bring the trace nearer to Z than {small:,} (log ratio)."
    reason_vision = (
        "The mean over splits lies within its own 95% interval of zero: a trace rests on rare "
        "hidden units, so its error varies from draw to draw as much as it improves."
    )
    return [
        _order("more-units", f"On MiniLM {many} beat {small:,} (log ratio of output errors).",
               output[small] - output[large], PAPER),
        _order("more-units-vision", f"On digits {many} beat {small:,} (log ratio of errors).",
               seen[small] - seen[large], PAPER),
        _order("vision-trace", told_vision, sight[small] - sight[large], PAPER,
               reason=reason_vision),
        _order("slower-than-law", "On MiniLM the error falls more slowly than m^(-1/2) (slope).",
               tail_slopes(minilm), "slope -1/2", -0.5),
        _order("beats-uniform", f"On MiniLM {many} beat uniform attention (log ratio).",
               base["uniform"] - output[large], "uniform attention's error"),
        _order("beats-taylor", f"On MiniLM {many} beat the degree-2 Taylor kernel (log ratio).",
               base["Taylor"] - output[large], "the Taylor kernel's error"),
        _order("block-beats-uniform", f"Blocks of {many} a head beat uniform attention.",
               blind - block[large], "uniform attention's error"),
        Claim("astrocyte-every-head-follows", told, "ordering", worst, 1, 0, "1", PAPER, reason),
    ]  # fmt: skip


def fitted(fit: pd.DataFrame) -> list[Claim]:
    """Is it overfitting?"""
    errors = by_seed(fit)
    learned = errors["learned"].droplevel("units").unstack("split")
    gap = (learned["test"] - learned["calibration"]).unstack("fitted_on")
    many = fit.query("method == 'random'")["units"].max()
    random = errors["random"][many].droplevel("fitted_on").unstack("split")
    final = learned["test"].unstack("fitted_on").iloc[:, -1]
    rows = fit.query("method == 'random' and units == @many")
    passages = rows.groupby(["split", "passage"])["error"].mean()
    known, unseen = passages["calibration"], passages["test"]
    scatter = np.sqrt(known.var() / len(known) + unseen.var() / len(unseen))
    tolerance = stats.t.ppf((1 + CONFIDENCE) / 2, min(len(known), len(unseen)) - 1) * scatter
    source, few = "zero: held-out equals known", fit.query("method == 'learned'")["units"].max()
    told = "Random units err as much on calibration passages as on test passages (difference)."
    return [
        Claim("astrocyte-random-has-no-gap", told, "law", unseen.mean() - known.mean(), 0,
              tolerance, "1", source),
        _order("one-passage-overfits", "Units learned from one passage err more on held-out text.",
               gap.iloc[:, 0], source),
        _order("gap-closes", "The gap to held-out text shrinks as units learn from more passages.",
               gap.iloc[:, 0] - gap.iloc[:, -1], source),
        _order("learned-beats-random", f"Held-out: {few} learned units beat {many:,} random.",
               np.log(random["test"] / final), "zhang2024hedgehog"),
    ]  # fmt: skip


def cell(budget: pd.DataFrame, tokens: int, large: int) -> list[Claim]:
    """What one cell can hold, and for how long."""
    held, needed = budget["synapses"].max(), 64 * large
    slowest = facts.value("astrocyte_cells.csv", "soma_decay_high")
    lasts = tokens * facts.value("astrocyte_cells.csv", "process_rise_high")
    size = (
        f"The published {large:,} units at d = 64 need more synapses than a human astrocyte "
        "reaches."
    )
    time = "Writing one token per calcium rise takes longer than the slowest calcium decay."
    return [
        Claim("astrocyte-published-size-exceeds-a-cell", size, "ordering", needed, held, 0,
              "synapses", "oberheim2009uniquely"),
        Claim("astrocyte-outlasts-calcium", time, "ordering", lasts, slowest, 0, "s",
              "depitta2012computational"),
    ]  # fmt: skip


def claims(
    gaussian: Sweep, minilm: Sweep, vision: Vision, fit: pd.DataFrame, cells: pd.DataFrame
) -> list[Claim]:
    """Page attention/astrocytes: all that it asserts; wording in ``models.circuit_claims``."""
    seeds = sorted(gaussian.frame["seed"].unique())
    tokens = len(minilm.traces[0].log_z)
    return [
        *exact(measure_identities(int(seeds[0]))),
        *gaussian_claims(gaussian, measure_pair_law(seeds), LAW),
        *trained(minilm, vision, SMALL, LARGE),
        *fitted(fit),
        *cell(cells, tokens, LARGE),
    ]
