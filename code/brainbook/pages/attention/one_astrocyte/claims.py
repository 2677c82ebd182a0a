"""What the page on one astrocyte asserts: from measurements to claims."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch import Generator

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import half_width
from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.features.landmarks import Gated, Landmarks, Tuning, unexplained
from brainbook.models.features.maps import Positive
from brainbook.models.features.unbiased import Transformed

from .measure import (
    GOAL,
    PUBLISHED,
    UNBIASED,
)
from .sweeps import Small

NAMES = Landmarks.name, Gated.name


def _order(name: str, told: str, values: pd.Series, source: str, expected: float = 0) -> Claim:
    """An order that the mean over test documents must show beyond its 95% interval."""
    margin = half_width(values)
    return Claim(f"small-{name}", told, "ordering", values.mean(), expected, margin, "1", source)


def exact(seed: int) -> list[Claim]:
    """Identities, float64."""
    generator = Generator().manual_seed(seed)
    query, key = torch.randn(2, 3, 2, 20, 6, generator=generator, dtype=torch.float64)
    a, b = torch.randn(2, 2, 6, generator=generator, dtype=torch.float64)
    matrix = torch.randn(2, 6, 6, generator=generator, dtype=torch.float64) + 3 * torch.eye(6)
    moved = Transformed(a, b, matrix, Positive())
    scores = moved.moved_query(query) @ moved.moved_key(key).mT
    left = query @ key.mT
    right = scores + (key @ a.unsqueeze(-1)).mT + query @ b.unsqueeze(-1)
    right = right - (a * b).sum(-1).view(-1, 1, 1)
    features = Landmarks.fitted(query, key, 15, generator, ridge=0.05)
    rates = features.rates(query)
    curves = torch.stack([features.tuning_curves(one) for one in query])
    inhibition = torch.stack([rate @ features.overlap for rate in rates])
    silence = (curves - 0.05 * rates - inhibition).abs().max()
    return [
        Claim("small-moves", "Moving and mixing queries and keys leaves every score as it is.",
              "exact", (left - right).abs().max(), 0, 1e-10, "1", "identity: both sides"),
        Claim("small-settled", "At the rates used, drive, leak and lateral inhibition cancel.",
              "exact", silence, 0, 1e-10, "1", "fixed point of the lateral network"),
    ]  # fmt: skip


def law(seeds: Iterable[int], keys: int = 200_000, units: int = 10) -> list[Claim]:
    """The closed form for what tuned units cannot reach, against Gaussian keys (ratio)."""
    ratios = pd.Series({seed: _ratio(seed, keys, units) for seed in seeds})
    told = "For Gaussian keys a mixture of tuned units leaves 1 - κᵀK⁻¹κ (ratio of squares)."
    source = "1 - κᵀK⁻¹κ with κ = exp(-(q - c)ᵀS(q - c)/2)"
    tolerance = half_width(ratios)
    return [Claim("small-law", told, "law", ratios.mean(), 1, tolerance, "1", source)]


def _ratio(seed: int, keys: int, units: int) -> float:
    generator = Generator().manual_seed(seed)
    mix = torch.eye(3, dtype=torch.float64) / 2
    landmark, query = (
        torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in (units, 20)
    )
    metric, zero = (mix @ mix.T)[None], torch.zeros(1, 1, 3, dtype=torch.float64)
    tuned = Landmarks(Tuning(landmark[None], torch.zeros(1, units), zero, metric), ridge=1e-9)
    key = torch.randn(keys, 3, generator=generator, dtype=torch.float64) @ mix.T

    def functions(x):  # divided by their norms over Gaussian keys
        return (key @ x.T - ((x @ metric[0]) * x).sum(-1)).exp()

    left = functions(query) - functions(landmark) @ tuned.rates(query[None])[0].T
    return float(left.square().mean() / unexplained(tuned, query[None]).mean())


def size(
    published: Sweep, small: Small, saved: pd.DataFrame, goal: float, many: int
) -> list[Claim]:
    """How small, on held-out documents."""
    cells = {
        species: int(facts.value("astrocyte_cells.csv", f"{species}_synapses_high") // 32)
        for species in ("rodent", "human")
    }
    ours = small.medians().loc[Landmarks.name]
    fits = max(units for units in ours.columns if units <= cells["rodent"])
    theirs = published.curve("output")[many]
    followed = small.errors("trace").query("map == @Landmarks.name and units == @fits")
    traces = followed.groupby("seed")["error"].median()
    seen = small.medians(split="calibration").loc[Landmarks.name].dropna(axis=1)
    both = seen.columns.max()  # the largest size at which every fit read a known passage
    factor = np.log10(saved.groupby("seed")["factor"].median())
    astrocyte = "bushong2002protoplasmic"
    return [
        Claim("small-goal", f"With {fits:,} tuned units, which one rodent astrocyte holds, the "
              f"median head errs by less than {goal:g}, averaged over held-out documents (goal "
              "minus error).", "ordering", goal - ours[fits].mean(), 0, 0, "1", astrocyte),
        _order("beats-published", f"{fits:,} tuned units beat {many:,} random ones (log ratio).",
               np.log(theirs / ours[fits].reindex(theirs.index)).dropna(),
               "kozachkov2023building"),
        _order("factor", f"At the error of {many:,} random units, tuned units save more than a "
               "factor of a thousand in the median head (log10).",
               factor, "kozachkov2023building", 3),
        _order("gap", f"{both:,} tuned units imitate known passages better than held-out ones "
               "(log ratio).", np.log(ours[both] / seen[both]), "held-out equals known"),
        _order("trace", f"With {fits:,} tuned units the median head's trace errs less than the "
               f"published map's with {many:,} (log ratio).",
               np.log(published.curve("trace")[many] / traces), "kozachkov2023building"),
    ]  # fmt: skip


def compared(small: Small, unbiased: pd.DataFrame, best: str) -> list[Claim]:
    """Against the other maps, at equal numbers of units."""
    rows = unbiased.query("part == 'output'")
    ours = small.errors()
    ours = ours[ours["head"].isin(rows["head"])]
    shared = max(set(rows["units"]) & set(ours.query("map == @Gated.name")["units"]))

    def at(frame: pd.DataFrame, name: str) -> pd.Series:
        chosen = frame[(frame["map"] == name) & (frame["units"] == shared)]
        return np.log(chosen.groupby("seed")["error"].median())

    lateral, gated = (at(ours, name) for name in NAMES)
    fitted, plain = at(rows, best), at(rows, Positive.name)
    told = f"at {shared:,} units (log ratio)"
    return [
        _order("unbiased", f"The best unbiased map beats the published one {told}.",
               plain - fitted, "likhosherstov2023favor"),
        _order("gated", f"Positive tuned units beat the best unbiased map {told}.",
               fitted - gated, "likhosherstov2023favor"),
        _order("lateral", f"Lateral inhibition beats positive tuned units {told}.",
               gated - lateral, "williams2001nystrom"),
    ]  # fmt: skip


def robust(noisy: pd.DataFrame) -> list[Claim]:
    """Noise on every rate while reading."""
    by = noisy.groupby(["ridge", "noise", "seed"])["error"].median()
    ridges, noises = by.index.levels[0], by.index.levels[1]
    least, most = (np.log(by[ridge, noises.max()] / by[ridge, 0]) for ridge in ridges[[-1, 0]])
    told = f"With {noises.max():.0%} noise a larger lateral leak loses less (log ratio)."
    return [_order("leak", told, most - least, "larger rates cancel less exactly")]


def claims(published: Sweep, small: Small, unbiased: pd.DataFrame, saved: pd.DataFrame,
           noisy: pd.DataFrame, seed: int) -> list[Claim]:  # fmt: skip
    """Page attention/one_astrocyte: all that it asserts; wording in ``small_circuit_claims``."""
    return [
        *exact(seed),
        *law(range(seed, seed + 5)),
        *size(published, small, saved, GOAL, max(PUBLISHED)),
        *compared(small, unbiased, UNBIASED),
        *robust(noisy),
    ]
