"""What the lateral network asks of its neurons: rates of either sign, and how noise adds up."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.models.astrocyte.error import seeded
from brainbook.models.astrocyte.trials import minilm_input
from brainbook.models.astrocyte.tuned import calibration, read
from brainbook.models.attention.softmax import relative_error, softmax_attention
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
    seeds: Sequence[int],
    per_layer: int = 2,
    tokens: int = 196,
) -> pd.DataFrame:
    """Output error against ridge and noise, first heads of every layer, held-out documents.

    Columns ridge, noise, seed, layer, head, error, negative (share of reading rates below
    zero), total (mean over tokens of the sum of |rates|).
    """
    rows = []
    for seed in seeds:
        heads = minilm_input(seed, tokens)
        for layer in range(len(heads.query)):
            query, key, _ = (x[:, layer, :per_layer] for x in calibration(tokens))
            tensors = tuple(x[layer, :per_layer] for x in (heads.query, heads.key, heads.value))
            exact, _ = softmax_attention(*tensors)
            tuning = Landmarks.fitted(query, key, units, seeded(91, layer, seed)).tuning
            for ridge in ridges:
                base = Landmarks(tuning, ridge, torch.float32)
                rates = base.rates(tensors[0])
                negative, total = (rates < 0).double().mean((-2, -1)), rates.abs().sum(-1).mean(-1)
                for noise in noises:
                    noisy = Noisy(base, noise, seeded(92, layer, seed))
                    error = relative_error(read(noisy, *tensors).output, exact)
                    columns = error.tolist(), negative.tolist(), total.tolist()
                    rows += [
                        (ridge, noise, seed, layer, head, *values)
                        for head, values in enumerate(zip(*columns, strict=True))
                    ]
    names = ["ridge", "noise", "seed", "layer", "head", "error", "negative", "total"]
    return pd.DataFrame(rows, columns=names)
