"""What the lateral network asks of its neurons: rates of either sign, and how noise adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.tuned import read
from brainbook.models.attention.softmax import Problem, relative_error
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
    documents: Mapping[int, Problem],
    calibration: Problem,
) -> pd.DataFrame:
    """Output error against ridge and noise.

    Parameters
    ----------
    units : hidden units a head.
    ridges : leaks of the lateral network.
    noises : standard deviations of the reading rates' noise, relative.
    documents : held-out passages, (layers, heads, N, d), by the seed that draws units and noise.
    calibration : passages to fit to, (passages, layers, heads, N, d).

    Columns
    -------
    ridge, noise, seed, layer, head, error, negative (share of reading rates below zero), total
    (mean over tokens of the sum of |rates|).
    """
    frames = []
    for seed, document in documents.items():
        for layer in range(len(document.query)):
            known, problem = calibration[:, layer], document[layer]
            exact, _ = problem.exact()
            generator = seeded(91, layer, seed)
            tuning = Landmarks.fitted(known.query, known.key, units, generator).tuning
            for ridge in ridges:
                base = Landmarks(tuning, ridge, torch.float32)
                rates = base.rates(problem.query)  # (heads, N, m)
                labels = {"ridge": ridge, "seed": seed, "layer": layer}
                labels["negative"] = (rates < 0).double().mean((-2, -1)).tolist()
                labels["total"] = rates.abs().sum(-1).mean(-1).tolist()
                for noise in noises:
                    noisy = Noisy(base, noise, seeded(92, layer, seed))
                    error = relative_error(read(noisy, *problem.tensors).output, exact).tolist()
                    frame = pd.DataFrame({"head": range(len(error)), "error": error})
                    frames.append(frame.assign(noise=noise, **labels))
    columns = ["ridge", "noise", "seed", "layer", "head", "error", "negative", "total"]
    return pd.concat(frames, ignore_index=True)[columns]
