"""What the page attention/astrocytes asserts."""

from __future__ import annotations

import torch

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import difference_interval, mean_interval
from brainbook.models.astrocyte.circuit import write
from brainbook.models.astrocyte.error import PARTS

from .fitting import lead_of_learning, overfitting, random_by_passage
from .measure import LAW, Measured, law_slopes, log_gain, log_lead, tail_slopes

PAPER = "kozachkov2023building"
SLOPE = 0.05  # a tenth of the exponent; over the four decades fitted, a factor of 1.6 in the error
SQUARE = 0.2  # of mean squares: a tenth of the error itself
SIZE = "sum over pairs of keys of a a' exp((q + k)·(q + k'))"


def claims(result: Measured) -> list[Claim]:
    """Page attention/astrocytes: all that it asserts."""
    return [
        *exact(result),
        *gaussian_claims(result),
        *language_claims(result),
        *vision_claims(result),
        *fit_claims(result),
        *cell_claims(result),
    ]


def exact(result: Measured) -> list[Claim]:
    """Identities, in float64."""
    gaps, (synapses, _) = result.deviations, write(torch.ones(1, 1000), torch.ones(1, 64))
    return [
        identity(
            "astrocyte-by-token",
            "Hebbian updates token by token end at the synapses written at once.",
            gaps["by-token"],
        ),
        identity(
            "astrocyte-processes",
            "The astrocyte's updates token by token end at the sum over tokens.",
            gaps["processes"],
        ),
        identity(
            "astrocyte-kernel",
            "The circuit is attention with the kernel φ(q)·φ(k) instead of exp(q·k).",
            gaps["kernel"],
        ),
        identity(
            "astrocyte-logs",
            "Reading in log space, block by block, gives the output of the plain matrices.",
            gaps["logs"],
        ),
        identity(
            "astrocyte-absolute",
            "The trace keeps its absolute size in log space, with no smoothing constant.",
            gaps["absolute"],
        ),
        identity(
            "astrocyte-centring",
            "exp(q·k) splits into a centred part and factors of q alone and k alone.",
            gaps["centring"],
        ),
        identity(
            "astrocyte-torch",
            "The softmax attention used here is torch's scaled_dot_product_attention.",
            gaps["torch"],
        ),
        identity(
            "astrocyte-synapses",
            "H has one synapse for each pair of an output and a hidden unit.",
            synapses.numel(),
            expected=64 * 1000,
            source="d m",
        ),
    ]


def gaussian_claims(result: Measured) -> list[Claim]:
    """The laws, where the closed form says that they apply."""
    gaussian = result.gaussian
    slope = {part: mean_interval(law_slopes(gaussian, part), over="seeds") for part in PARTS}
    size = {part: mean_interval(gaussian.squares(part, LAW), over="seeds") for part in PARTS}
    most = gaussian.curve("output", LAW).columns[-1]
    lead = -log_lead(gaussian, "Taylor", "output", most, LAW)
    return [
        law(
            "astrocyte-pair-variance",
            "One pair's estimate has the relative variance of the closed form (ratio).",
            mean_interval(result.pair_ratio, over="seeds"),
            expected=1,
            precision=0.05,  # the largest of the variances is off by this if R is by 0.04
            source="(e^R - 1)/m with R = |q + k|²",
        ),
        law(
            "astrocyte-slope-output",
            "On small Gaussian inputs the error of the output falls as m^(-1/2).",
            slope["output"],
            expected=-0.5,
            precision=SLOPE,
            source="m^(-1/2)",
        ),
        law(
            "astrocyte-size-output",
            "The closed form gives the size of the output error, nothing fitted (ratio).",
            size["output"],
            expected=1,
            precision=SQUARE,
            source=SIZE,
        ),
        law(
            "astrocyte-slope-trace",
            "On small Gaussian inputs the error of the trace p falls as m^(-1/2).",
            slope["trace"],
            expected=-0.5,
            precision=SLOPE,
            source="m^(-1/2)",
        ),
        law(
            "astrocyte-size-trace",
            "The closed form gives the size of the trace p error, nothing fitted (ratio).",
            size["trace"],
            expected=1,
            precision=SQUARE,
            source=SIZE,
        ),
        ordering(
            "astrocyte-taylor-wins-on-gaussian",
            "On small Gaussian inputs a degree-2 Taylor kernel beats the largest circuit "
            "(log ratio).",
            mean_interval(lead, over="seeds"),
            source="the Taylor kernel's error",
        ),
    ]


def language_claims(result: Measured) -> list[Claim]:
    """What happens on the heads of MiniLM; a repetition is a document."""
    minilm, (small, large) = result.minilm, result.published
    worst = minilm.over_constant(large)
    return [
        ordering(
            "astrocyte-more-units",
            f"On MiniLM {large:,} units beat {small:,} (log ratio of output errors).",
            mean_interval(log_gain(minilm, "output", (small, large)), over="documents"),
            source=PAPER,
        ),
        ordering(
            "astrocyte-slower-than-law",
            "On MiniLM the error falls more slowly than m^(-1/2) (slope).",
            mean_interval(tail_slopes(minilm), over="documents"),
            expected=-0.5,
            source="slope -1/2",
        ),
        ordering(
            "astrocyte-beats-uniform",
            f"On MiniLM {large:,} units beat uniform attention (log ratio).",
            mean_interval(log_lead(minilm, "uniform", "output", large), over="documents"),
            source="uniform attention's error",
        ),
        ordering(
            "astrocyte-beats-taylor",
            f"On MiniLM {large:,} units beat the degree-2 Taylor kernel (log ratio).",
            mean_interval(log_lead(minilm, "Taylor", "output", large), over="documents"),
            source="the Taylor kernel's error",
        ),
        ordering(
            "astrocyte-block-beats-uniform",
            f"Blocks of {large:,} units a head beat uniform attention.",
            mean_interval(log_lead(minilm, "uniform", "block", large), over="documents"),
            source="uniform attention's error",
        ),
        ordering(
            "astrocyte-every-head-follows",
            f"With {large:,} units every MiniLM head's trace is nearer to Z than the best "
            "constant (ratio).",
            worst.min(),
            expected=1,
            source=PAPER,
            reason=f"{(worst <= 1).sum()} of {len(worst)} heads fail: their keys and queries are "
            "long, and where R = |q + k|² is large the closed form asks for about e^R units.",
        ),
    ]


def vision_claims(result: Measured) -> list[Claim]:
    """What happens on images; a repetition is a split, and splits share images."""
    vision, (small, large) = result.vision, result.published
    gain = {
        part: mean_interval(log_gain(vision, part, (small, large)), over="splits")
        for part in ("output", "trace")
    }
    return [
        ordering(
            "astrocyte-more-units-vision",
            f"On digits {large:,} units beat {small:,} (log ratio of errors).",
            gain["output"],
            source=PAPER,
        ),
        ordering(
            "astrocyte-vision-trace",
            f"On digits {large:,} units bring the trace nearer to Z than {small:,} (log ratio).",
            gain["trace"],
            source=PAPER,
            reason="The mean over splits lies within its own 95% interval of zero: a trace rests "
            "on rare hidden units, so its error varies from draw to draw as much as it improves.",
        ),
    ]


def fit_claims(result: Measured) -> list[Claim]:
    """Is it overfitting?"""
    fit, gap = result.fit, overfitting(result.fit)
    known, unseen = random_by_passage(fit)
    few = fit.query("method == 'learned'")["units"].max()
    many = fit.query("method == 'random'")["units"].max()
    return [
        law(
            "astrocyte-random-has-no-gap",
            "Random units err as much on calibration passages as on test passages (difference).",
            difference_interval(unseen, known, over="passages"),
            expected=0,
            precision=0.05,  # a tenth of the error that units learned from one passage hide
            source="zero: held-out equals known",
        ),
        ordering(
            "astrocyte-one-passage-overfits",
            "Units learned from one passage err more on held-out text.",
            mean_interval(gap.iloc[:, 0], over="seeds"),
            source="zero: held-out equals known",
        ),
        ordering(
            "astrocyte-gap-closes",
            "The gap to held-out text shrinks as units learn from more passages.",
            mean_interval(gap.iloc[:, 0] - gap.iloc[:, -1], over="seeds"),
            source="zero: held-out equals known",
        ),
        ordering(
            "astrocyte-learned-beats-random",
            f"Held-out: {few} learned units beat {many:,} random.",
            mean_interval(lead_of_learning(fit), over="seeds"),
            source="zhang2024hedgehog",
        ),
    ]


def cell_claims(result: Measured) -> list[Claim]:
    """What one cell can hold, and for how long."""
    large, tokens = result.published[1], len(result.minilm.traces[0].log_z)
    return [
        ordering(
            "astrocyte-published-size-exceeds-a-cell",
            f"The published {large:,} units at d = 64 need more synapses than a human astrocyte "
            "reaches.",
            64 * large,
            expected=result.cells["synapses"].max(),
            unit="synapses",
            source="oberheim2009uniquely",
        ),
        ordering(
            "astrocyte-outlasts-calcium",
            "Writing one token per calcium rise takes longer than the slowest calcium decay.",
            tokens * facts.value("astrocyte_cells.csv", "process_rise_high"),
            expected=facts.value("astrocyte_cells.csv", "soma_decay_high"),
            unit="s",
            source="depitta2012computational",
        ),
    ]
