"""The astrocyte circuit on real heads: MiniLM on text, a vision transformer on digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.datasets import CALIBRATION_TEXTS, TEST_TEXTS
from brainbook.models.attention import minilm_heads as pretrained_heads
from brainbook.models.attention.minilm_heads import Heads, block_output
from brainbook.models.attention.softmax import (
    mean_of_values,
    relative_error,
    softmax_attention,
    taylor_attention,
)
from brainbook.models.features.learned import Centred, Recipe, learn
from brainbook.models.features.maps import FeatureMap, HiddenUnits, Positive

from .circuit import Readout, circuit, run
from .error import Problem, errors, seeded

LAYERS, HEADS = 6, 12
LONG_TEST_TEXTS = tuple(name for name in TEST_TEXTS if name != "linnerud")  # 158 tokens


@dataclass(frozen=True)
class Trace:
    """One head's normaliser along its tokens: log Z (N,), and log|p| (N,) by hidden units."""

    title: str
    log_z: np.ndarray
    log_p: dict[int, np.ndarray]

    def frame(self) -> pd.DataFrame:
        """Columns title, token, Z, p_<units>, all divided by the largest Z."""
        top = self.log_z.max()
        columns = {f"p_{m}": np.exp(values - top) for m, values in self.log_p.items()}
        tokens = range(len(self.log_z))
        return pd.DataFrame(
            {"title": self.title, "token": tokens, "Z": np.exp(self.log_z - top)} | columns
        )


def minilm_input(seed: int, tokens: int) -> Heads:
    """First passage of a test document; another document for each of the first six seeds."""
    name = LONG_TEST_TEXTS[seed % len(LONG_TEST_TEXTS)]
    return pretrained_heads.passages(name, tokens, limit=1)[0]


def as_problem(heads: Heads) -> Problem:
    """All heads of all layers in one batch, layer after layer."""
    return Problem(*(x.flatten(0, 1) for x in (heads.query, heads.key, heads.value)))


def place(frame: pd.DataFrame) -> pd.DataFrame:
    """Split the flat head number into layer and head, both from 0."""
    return frame.assign(layer=frame["head"] // HEADS, head=frame["head"] % HEADS)


def block_errors(heads: Heads, outputs: dict[str | int, Tensor]) -> pd.DataFrame:
    """Relative error of each block's output with all its heads replaced: name, layer, error.

    ``outputs`` maps a name to head outputs (layers x heads, N, d_head). What enters a block is
    what the transformer itself puts there, so errors do not build up from layer to layer.
    """
    rows = []
    for name, flat in outputs.items():
        for layer, replaced in enumerate(flat.unflatten(0, (LAYERS, HEADS))):
            block = block_output(layer, replaced, heads.hidden[layer])
            error = relative_error(block, heads.hidden[layer + 1])
            rows.append({"name": name, "layer": layer, "error": error.item()})
    return pd.DataFrame(rows)


def block_baselines(heads: Heads) -> pd.DataFrame:
    """:func:`block_errors` of uniform and Taylor attention: baseline, layer, error."""
    problem = as_problem(heads)
    outputs = {
        "uniform": mean_of_values(problem.value),
        "Taylor": taylor_attention(*problem.tensors)[0],
    }
    return block_errors(heads, outputs).rename(columns={"name": "baseline"})


def traces(titles: Sequence[str], log_z: Tensor, readouts: Sequence[Readout], chosen) -> list:
    """:class:`Trace` of the flat heads ``chosen``, one title each."""
    return [
        Trace(
            title,
            log_z.flatten(0, -2)[head].double().numpy(),
            {r.units: r.log_p.flatten(0, -2)[head].double().numpy() for r in readouts},
        )
        for title, head in zip(titles, chosen, strict=True)
    ]


def ranked(error: Tensor) -> tuple[int, int, int]:
    """Flat numbers of the heads with the least, the median (lower one) and the largest error."""
    order = error.flatten().argsort()
    return int(order[0]), int(order[(len(order) - 1) // 2]), int(order[-1])


def some_heads(names: Sequence[str], tokens: int, per_text: int | None, per_layer: int) -> Problem:
    """Passages of several documents, the first heads of every layer: (passages, heads, N, d)."""
    recorded = [
        heads for name in names for heads in pretrained_heads.passages(name, tokens, per_text)
    ]
    parts = ("query", "key", "value")
    return Problem(
        *(
            torch.stack([getattr(heads, part)[:, :per_layer].flatten(0, 1) for heads in recorded])
            for part in parts
        )
    )


def fit_trials(
    counts: Sequence[int],
    units: int,
    seeds: Sequence[int],
    tokens: int,
    recipe: Recipe,
    per_layer: int = 2,
    more_units: int = 1024,
    per_text: int | None = None,
) -> pd.DataFrame:
    """Random, centred and learned hidden units on passages they know and on held-out ones.

    ``counts``: numbers of calibration passages to learn from; a seed chooses which. Random and
    centred units are tried with ``units`` and with ``more_units``. ``per_text`` limits the
    passages taken from one calibration document. Columns method, units,
    fitted_on, seed, split (calibration or test), passage, error (median over heads).
    """
    known = some_heads(CALIBRATION_TEXTS, tokens, per_text, per_layer)
    unseen = some_heads(LONG_TEST_TEXTS, tokens, 2, per_layer)
    centred = Centred.fitted(known.query, known.key)
    everything = len(known.query)
    rows = []
    for seed in seeds:
        generator = seeded(61, seed)
        order = torch.randperm(everything, generator=generator)
        trials = [
            (method, size, fitted_on, feature_map, None, known)
            for size in (units, more_units)
            for method, fitted_on, feature_map in (
                ("random", 0, Positive()),
                ("centred", everything, centred),
            )
        ]
        for count in counts:
            part = Problem(*(x[order[:count]] for x in known.tensors))
            learned = learn(part.query, part.key, units, generator, recipe)
            trials.append(("learned", units, len(part.query), learned, learned.writing, part))
        for method, size, fitted_on, feature_map, hidden, fitted in trials:
            if hidden is None:
                hidden = feature_map.draw(
                    size, known.query.shape[-1], generator, (LAYERS * per_layer,)
                )
            for split, problem in (("calibration", fitted), ("test", unseen)):
                for passage, error in enumerate(_median_error(problem, feature_map, hidden)):
                    rows.append((method, size, fitted_on, seed, split, passage, error))
    columns = ["method", "units", "fitted_on", "seed", "split", "passage", "error"]
    return pd.DataFrame(rows, columns=columns)


def _median_error(problem: Problem, feature_map: FeatureMap, hidden: HiddenUnits) -> list[float]:
    """Median over heads of the output error, one number a passage."""
    (readout,) = run(*problem.tensors, [hidden], [len(hidden)], feature_map)
    return errors(readout, problem.exact())["output"].median(-1).values.tolist()


def map_trials(
    problem: Problem, maps: Sequence[FeatureMap], units: Sequence[int], seeds: Sequence[int]
) -> pd.DataFrame:
    """Output error of several feature maps on the same heads: map, units, seed, error (median)."""
    exact, _ = softmax_attention(*problem.tensors)
    rows = [
        (
            feature_map.name,
            readout.units,
            seed,
            relative_error(readout.output, exact).median().item(),
        )
        for feature_map in maps
        for seed in seeds
        for readout in circuit(*problem.tensors, units, seeded(71, seed), feature_map)
    ]
    return pd.DataFrame(rows, columns=["map", "units", "seed", "error"])
