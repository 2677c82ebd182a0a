"""Pushing passages of scikit-learn towards scikit-image, by layer and strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from transformers import BertModel

from brainbook.evidence import store
from brainbook.models.language import steering
from brainbook.models.language.concept_erasure import linear_probe

from .measure import Passages, split

STEERED = (0, 3, 6)  # layers, by what enters them
STRENGTHS = (0, 1, 2, 4, 8)
DIRECTION, NOISE = "means", "random"


@dataclass(frozen=True)
class Steering:
    """What a push does, by layer and strength.

    table : columns
        seed, layer, direction, strength : a row for each.
        logit : mean log odds of a linear probe.
        slope : inner product of probe and direction, the closed form of what a unit of strength
            adds to ``logit`` at the last layer.
        share : of the pushed passages, those whose nearest neighbour is from scikit-image.
        kept : rank correlation of the similarities among them with those before.
    closed : columns strength and logit, the closed form at the last layer, mean over seeds.
    """

    table: pd.DataFrame
    closed: pd.DataFrame

    @property
    def rates(self) -> pd.DataFrame:
        """Log odds that a unit of strength along the class means adds.

        Rows (seed, layer), a column for each strength above zero.
        """
        known = self.table[self.table["direction"] == DIRECTION]
        logit = known.pivot(index=["seed", "layer"], columns="strength", values="logit")
        return logit.drop(columns=0).sub(logit[0], axis=0) / logit.columns.drop(0)


@store.kept
def measure_steering(
    model: BertModel, passages: Passages, seeds: Sequence[int], texts: int
) -> Steering:
    """Page limitations/control, figure draw_steering: by layer and strength.

    The direction is the difference of class means of all tokens as they enter a layer, on the
    fit part; "random" is another direction of the same length. ``texts`` passages of each kind.
    """
    frames, x, z = [], passages.vectors, passages.library
    for seed in seeds:
        fit, others, test = split(passages.module, seed).values()
        generator = np.random.default_rng(seed)
        groups = [
            generator.permutation(np.flatnonzero(part & (z == library)))[:texts]
            for part, library in ((fit, 0), (fit, 1), (test, 0))
        ]
        reader = Reader(linear_probe().fit(x[fit], z[fit]), passages.part(others))
        entering = _entering(model, passages.ids[np.concatenate(groups)])
        still = steering.vectors(entering[STEERED[-1]][-len(groups[-1]) :])  # (texts, width)
        for layer, states in entering.items():
            one, other, _ = np.split(steering.vectors(states), [texts, 2 * texts])
            means = other.mean(0) - one.mean(0)  # (width,)
            noise = generator.standard_normal(means.shape)
            noise *= np.linalg.norm(means) / np.linalg.norm(noise)
            for name, direction in ((DIRECTION, means), (NOISE, noise)):
                pushed = pushed_vectors(model, states[2 * texts :], layer, direction)
                rows = reader.read(np.concatenate([still[None], pushed]), direction)
                frames.append(rows.assign(seed=seed, layer=layer, direction=name))
    columns = ["seed", "layer", "direction", "strength", "logit", "slope", "share", "kept"]
    table = pd.concat(frames, ignore_index=True)[columns]
    return Steering(table, closed_form(table))


def _entering(model: BertModel, ids: np.ndarray) -> dict[int, Tensor]:
    """States (passages, tokens, width) by the layer that they enter."""
    entering, states, at = {}, steering.embedded(model, ids), 0
    for layer in STEERED:
        entering[layer] = states = steering.run(model, states, at, layer)
        at = layer
    return entering


def pushed_vectors(
    model: BertModel, states: Tensor, layer: int, direction: np.ndarray
) -> np.ndarray:
    """Vectors (strengths above 0, texts, width) after a push of each strength at ``layer``."""
    last = steering.depth(model)
    edits = [{layer: steering.added(direction, strength)} for strength in STRENGTHS[1:]]
    ends = [steering.run(model, states, layer, last, edit) for edit in edits]
    return np.stack([steering.vectors(states) for states in ends])


@dataclass(frozen=True)
class Reader:
    """A linear probe, and the passages among which nearest neighbours are looked for."""

    probe: LogisticRegression
    others: Passages

    def read(self, vectors: np.ndarray, direction: np.ndarray) -> pd.DataFrame:
        """What became of vectors (strengths, texts, width): a row for each strength.

        Columns strength, logit, slope, share and kept of :class:`Steering`.
        """
        now = steering.unit(vectors)
        nearest = (now @ self.others.vectors.T).argmax(-1)  # (strengths, texts)
        pairs = np.triu_indices(now.shape[1], 1)
        alike = (now @ now.mT)[:, *pairs]  # (strengths, pairs)
        return pd.DataFrame(
            {
                "strength": STRENGTHS,
                "logit": [self.probe.decision_function(some).mean() for some in vectors],
                "slope": self.probe.coef_[0] @ direction,
                "share": self.others.library[nearest].mean(-1),
                "kept": [spearmanr(some, alike[0]).statistic for some in alike],
            }
        )


def closed_form(table: pd.DataFrame) -> pd.DataFrame:
    """Log odds by strength at the last layer: what was there, plus strength times the slope."""
    still = table.loc[table["strength"] == 0, "logit"].mean()
    last = (table["layer"] == table["layer"].max()) & (table["direction"] == DIRECTION)
    slope = table.loc[last, "slope"].mean()
    return pd.DataFrame({"strength": STRENGTHS, "logit": still + slope * np.array(STRENGTHS)})
