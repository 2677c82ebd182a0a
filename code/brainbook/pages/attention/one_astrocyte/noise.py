"""What the lateral network asks of its neurons: rates of either sign, and how noise adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.tuned import read
from brainbook.models.attention.minilm_heads import LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import relative_error
from brainbook.models.features.landmarks import Landmarks
from brainbook.models.features.maps import FeatureMap, HiddenUnits


class Noisy(FeatureMap):
    """A map whose reading amplitudes are multiplied by 1 + noise z, z ~ N(0, 1) per rate.

    To first order the drive to one output gains the variance noise^2 sum_r (rho_r a_r)^2 for
    units that each deliver rho_r a_r: the noise of units that cancel does not cancel.
    """

    name = "noisy"
    unbiased = False

    def __init__(self, base: Landmarks, noise: float, generator: Generator) -> None:
        if not noise >= 0:
            raise ValueError(f"noise: got {noise}; must be zero or positive")
        self.base, self.noise, self.generator = base, noise, generator

    @property
    def units(self) -> HiddenUnits:
        return self.base.units

    def write(self, key: Tensor, units: HiddenUnits) -> tuple[Tensor | None, Tensor]:
        return self.base.write(key, units)

    def read(self, query: Tensor, units: HiddenUnits) -> tuple[Tensor, Tensor]:
        rates, exponent = self.base.read(query, units)
        scatter = torch.randn(rates.shape, generator=self.generator, dtype=rates.dtype)
        return rates * (1 + self.noise * scatter), exponent


def robustness(
    units: int,
    ridges: Sequence[float],
    noises: Sequence[float],
    documents: Mapping[int, Passage],
    calibration: Sequence[Passage],
    per_layer: int = 2,
) -> pd.DataFrame:
    """Output error against ridge and noise.

    Parameters
    ----------
    units : hidden units a head.
    ridges : leaks of the lateral network.
    noises : standard deviations of the reading rates' noise, relative.
    documents : held-out passages, by the seed that draws units and noise.
    calibration : passages to fit to.
    per_layer : how many heads of every layer, the first ones.

    Columns
    -------
    ridge, noise, seed, layer, head, error, negative (share of reading rates below zero), total
    (mean over tokens of the sum of |rates|).
    """
    known, rows = problem_on(calibration), []
    for seed, ids in documents.items():
        for layer in range(LAYERS):
            problem, seen = heads_on(ids).problem[layer, :per_layer], known[:, layer, :per_layer]
            exact, _ = problem.exact()
            generator = seeded(91, layer, seed)
            tuning = Landmarks.fitted(seen.query, seen.key, units, generator).tuning
            for ridge in ridges:
                base = Landmarks(tuning, ridge, torch.float32)
                rates = base.rates(problem.query)
                negative, total = (rates < 0).double().mean((-2, -1)), rates.abs().sum(-1).mean(-1)
                for noise in noises:
                    noisy = Noisy(base, noise, seeded(92, layer, seed))
                    error = relative_error(read(noisy, *problem.tensors).output, exact)
                    columns = error.tolist(), negative.tolist(), total.tolist()
                    rows += [
                        (ridge, noise, seed, layer, head, *values)
                        for head, values in enumerate(zip(*columns, strict=True))
                    ]
    names = ["ridge", "noise", "seed", "layer", "head", "error", "negative", "total"]
    return pd.DataFrame(rows, columns=names)
