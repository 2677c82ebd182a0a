"""What the page attention/one_astrocyte asserts."""

from __future__ import annotations

import numpy as np

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import mean_interval
from brainbook.models.astrocyte.tuned import BARE
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.maps import Positive

from .measure import UNBIASED, Measured, loss_by_noise, on_same_heads, typical_errors

PAPER = "kozachkov2023building"


def claims(result: Measured) -> list[Claim]:
    """Page attention/one_astrocyte: all that it asserts."""
    return [
        *exact(result),
        *laws(result),
        *size_claims(result),
        *text_claims(result),
        *map_claims(result),
        leak_claim(result),
    ]


def exact(result: Measured) -> list[Claim]:
    """Identities, in float64."""
    return [
        identity(
            "small-moves",
            "Moving and mixing queries and keys leaves every score as it is.",
            result.deviations["moves"],
        ),
        identity(
            "small-settled",
            "At the rates used, drive, leak and lateral inhibition cancel.",
            result.deviations["settled"],
            source="fixed point of the lateral network",
        ),
    ]


def laws(result: Measured) -> list[Claim]:
    """Closed forms: what tuned units cannot reach, and how random ones scatter."""
    return [
        law(
            "small-law",
            "For Gaussian keys a mixture of tuned units leaves 1 - κᵀK⁻¹κ (ratio of squares).",
            mean_interval(result.mixture_ratio, over="seeds"),
            expected=1,
            precision=0.1,  # of squares: a twentieth of the error itself
            source="1 - κᵀK⁻¹κ with κ = exp(-(q - c)ᵀS(q - c)/2)",
        ),
        law(
            "small-draw-laws",
            "Cosines, optimal features, and antithetic, orthogonal and simplex draws have the "
            "variance of their closed forms (ratio).",
            mean_interval(result.draw_ratio, over="seeds"),
            expected=1,
            precision=0.05,  # dependent rows taken for independent ones shift the ratio by more
            source="choromanski2021rethinking",
            role="check",
        ),
    ]


def size_claims(result: Measured) -> list[Claim]:
    """How small, on held-out documents; a repetition is a document."""
    published, tuned, many = result.published, result.tuned, result.many
    rodent = result.cells.query("species == 'rodent' and bound == 'high'")["units"].item()
    ours = tuned.medians().loc[Landmarks.name]
    fits = max(units for units in ours.columns if units <= rodent)
    trace, bare = (typical_errors(tuned.errors(p), Landmarks.name, fits) for p in ("trace", BARE))
    return [
        ordering(
            "small-goal",
            f"With {fits:,} tuned units, which one rodent astrocyte holds, the median head errs "
            f"by less than {result.goal:g}, averaged over held-out documents (goal minus error).",
            mean_interval(result.goal - ours[fits], over="documents"),
            source="bushong2002protoplasmic",
            unresolved="Documents differ by more than the mean lies below the goal.",
        ),
        ordering(
            "small-beats-published",
            f"{fits:,} tuned units beat {many:,} random ones (log ratio).",
            mean_interval(
                np.log(published.curve("output")[many] / ours[fits]).dropna(), over="documents"
            ),
            source=PAPER,
        ),
        ordering(
            "small-factor",
            f"At the error of {many:,} random units, tuned units save more than a factor of a "
            "thousand in the median head (log10).",
            mean_interval(
                np.log10(result.saved.groupby("seed")["factor"].median()), over="documents"
            ),
            expected=3,  # from the published 10^5 units to 100, a sixth of the least budget
            source=PAPER,
        ),
        ordering(
            "small-trace",
            f"With {fits:,} tuned units, and a read-out of the usual log normaliser beside the "
            f"astrocyte, the median head's trace errs less than the published map's with {many:,} "
            "(log ratio).",
            mean_interval(np.log(published.curve("trace")[many] / trace), over="documents"),
            source=PAPER,
        ),
        ordering(
            "small-bare-trace",
            "Without that read-out the astrocyte's own trace errs more than with it, even at its "
            "best gain (log ratio).",
            mean_interval(np.log(bare / trace), over="documents"),
            source=PAPER,
        ),
    ]


def text_claims(result: Measured) -> list[Claim]:
    """Known text against new text."""
    ours = result.tuned.medians().loc[Landmarks.name]
    known = result.tuned.medians(split="calibration").loc[Landmarks.name].dropna(axis=1)
    both = known.columns.max()  # the largest size at which every fit read a known passage
    return [
        ordering(
            "small-gap",
            f"{both:,} tuned units imitate known passages better than held-out ones (log ratio).",
            mean_interval(np.log(ours[both] / known[both]), over="documents"),
            source="held-out equals known",
        )
    ]


def map_claims(result: Measured) -> list[Claim]:
    """Against the other maps, at equal numbers of units."""
    random = result.unbiased.query("part == 'output'")
    tuned = on_same_heads(result.tuned, random)
    with_all = set(random["units"]) & set(tuned.query("map == @Gated.name")["units"])
    units = max(with_all)
    plain, fitted = (typical_errors(random, name, units) for name in (Positive.name, UNBIASED))
    gated, lateral = (typical_errors(tuned, name, units) for name in (Gated.name, Landmarks.name))
    return [
        ordering(
            "small-unbiased",
            f"The best unbiased map beats the published one at {units:,} units (log ratio).",
            mean_interval(np.log(plain / fitted), over="documents"),
            source="likhosherstov2023favor",
        ),
        ordering(
            "small-gated",
            f"Positive tuned units beat the best unbiased map at {units:,} units (log ratio).",
            mean_interval(np.log(fitted / gated), over="documents"),
            source="likhosherstov2023favor",
        ),
        ordering(
            "small-lateral",
            f"Lateral inhibition beats positive tuned units at {units:,} units (log ratio).",
            mean_interval(np.log(gated / lateral), over="documents"),
            source="williams2001nystrom",
        ),
    ]


def leak_claim(result: Measured) -> Claim:
    """Noise on every rate while reading."""
    noisy = result.noisy
    least, most = (loss_by_noise(noisy, ridge) for ridge in (noisy.ridge.min(), noisy.ridge.max()))
    return ordering(
        "small-leak",
        f"With {noisy.noise.max():.0%} noise a larger lateral leak loses less (log ratio).",
        mean_interval(least - most, over="documents"),
        source="larger rates cancel less exactly",
    )
