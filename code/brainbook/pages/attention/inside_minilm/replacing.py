"""MiniLM with circuits for heads, in all layers at once and in one layer at a time.

What the model does is retrieval and similarity (:mod:`.tasks`); where it goes astray is told by
the error of its state on the way from layer to layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from brainbook.evidence import store
from brainbook.models.astrocyte.inside_minilm import (
    TUNED,
    Encoded,
    HeadFunction,
    encode,
    exact,
    fitted_layers,
    mean_ablated,
    only,
    uniform,
)
from brainbook.models.attention.minilm_heads import LAYERS
from brainbook.models.attention.minilm_text import Passage

from .tasks import Pair, agreement, baselines, retrieval, texts

SETTING = ["heads", "units"]
INTACT, UNIFORM, MEAN = "intact", "uniform", "calibration mean"
INTACT_HEADS = (exact,) * LAYERS
PLAIN = (INTACT, UNIFORM, MEAN)  # heads without hidden units


@dataclass(frozen=True)
class Replaced:
    """What the running model does, and where it goes astray; frames by heads, units, seed, draw.

    frame : measure, value. Measures: "recall at 1" and "MRR" of retrieval, "cosine", "Pearson"
        and "Spearman" of agreement with the intact model.
    drift : layer, error: relative error of the state before each layer (0 to 5) and after the
        last (6), median over texts.
    """

    frame: pd.DataFrame
    drift: pd.DataFrame


@store.kept
def measure_replaced(
    tasks: Sequence[Sequence[Pair]],
    corpus: Sequence[Pair],
    calibration: Sequence[Passage],
    sizes: Mapping[str, Sequence[int]],
    refit_below: int,
) -> Replaced:
    """Page attention/inside_minilm, figures draw_inside_retrieval, draw_inside_agreement and
    draw_inside_drift: all 72 heads replaced, beside intact, uniform and mean ones, and none.

    Parameters
    ----------
    tasks : pairs of each repetition, whose number is the seed of random hidden units.
    corpus : all pairs, from which the baselines know how rare a word is.
    calibration : passages to fit to.
    sizes : by kind of circuit the hidden units a head that are tried.
    refit_below : with fewer hidden units tuned circuits are fitted anew for each repetition,
        else once for all, since a fit of many takes long.

    Raises
    ------
    ValueError : as :func:`brainbook.models.astrocyte.inside_minilm.fitted_layers`.
    """
    intact = _encoded(tasks, range(len(tasks)), INTACT_HEADS)
    rows, drifts = [baselines(tasks, corpus).assign(units=0, draw=0)], []
    for kind, units, draw, seeds in settings(sizes, len(tasks), refit_below):
        heads = _heads(kind, units, draw, calibration)
        encoded = intact if kind == INTACT else _encoded(tasks, seeds, heads)
        for seed, own in encoded.items():
            place = {"heads": kind, "units": units, "seed": seed, "draw": draw}
            measured = measures(own, intact[seed])
            rows.append(pd.DataFrame({"measure": [*measured], "value": [*measured.values()]}))
            rows[-1] = rows[-1].assign(**place)
            error = own.drift(intact[seed]).median(0).values  # (layers + 1,)
            drifts.append(
                pd.DataFrame({"layer": range(len(error)), "error": error.tolist()}).assign(**place)
            )
    columns = [*SETTING, "seed", "draw"]
    return Replaced(
        pd.concat(rows, ignore_index=True)[[*columns, "measure", "value"]],
        pd.concat(drifts, ignore_index=True)[[*columns, "layer", "error"]],
    )


@store.kept
def measure_layers(
    tasks: Sequence[Sequence[Pair]],
    calibration: Sequence[Passage],
    tried: Sequence[tuple[str, int]],
) -> pd.DataFrame:
    """Page attention/inside_minilm, figure draw_inside_layers: one layer's heads at a time.

    Parameters
    ----------
    tasks : pairs of each repetition.
    calibration : passages to fit to.
    tried : kind of heads and hidden units a head; circuits are fitted once for all repetitions.

    Columns
    -------
    seed : number of the repetition.
    layer : whose heads were replaced, from 0.
    own, end : relative error of that layer's output, and of the last layer's.
    recall at 1, MRR, cosine, Pearson, Spearman : as in :class:`Replaced`.
    heads, units : as tried.
    """
    seeds = range(len(tasks))
    intact = _encoded(tasks, seeds, INTACT_HEADS)
    rows = []
    for kind, units in tried:
        heads = _heads(kind, units, 0, calibration)
        for layer in range(LAYERS):
            for seed, own in _encoded(tasks, seeds, only(heads, layer)).items():
                error = own.drift(intact[seed]).median(0).values  # (layers + 1,)
                errors = {"own": error[layer + 1].item(), "end": error[-1].item()}
                place = {"seed": seed, "layer": layer}
                setting = {"heads": kind, "units": units}
                rows.append(place | errors | measures(own, intact[seed]) | setting)
    return pd.DataFrame(rows)


def settings(
    sizes: Mapping[str, Sequence[int]], repetitions: int, refit_below: int
) -> Iterator[tuple[str, int, int, range]]:
    """Kind of heads, hidden units, number of the draw, and the repetitions that use that draw.

    What is random is drawn for every repetition. What is plain, or tuned with ``refit_below``
    units or more, serves all of them.
    """
    wanted = [(kind, 0) for kind in PLAIN] + [(kind, m) for kind in sizes for m in sizes[kind]]
    for kind, units in wanted:
        if kind in PLAIN or (kind in TUNED and units >= refit_below):
            yield kind, units, 0, range(repetitions)
        else:
            for seed in range(repetitions):
                yield kind, units, seed, range(seed, seed + 1)


def _heads(
    kind: str, units: int, draw: int, calibration: Sequence[Passage]
) -> Sequence[HeadFunction]:
    if kind == MEAN:
        return mean_ablated(calibration)
    plain = {INTACT: INTACT_HEADS, UNIFORM: (uniform,) * LAYERS}
    return plain.get(kind) or fitted_layers(units, draw, calibration, kind)


def _encoded(
    tasks: Sequence[Sequence[Pair]], seeds: Sequence[int], layers: Sequence[HeadFunction]
) -> dict[int, Encoded]:
    """The texts of several repetitions in one go, by seed."""
    at_once = encode([one for seed in seeds for one in texts(tasks[seed])], layers)
    return dict(zip(seeds, at_once.split(len(seeds)), strict=True))


def measures(own: Encoded, intact: Encoded) -> dict[str, float]:
    """Retrieval and agreement of a model that read all queries, then all targets."""
    queries, targets = own.vectors.chunk(2)
    return retrieval((queries @ targets.T).numpy()) | agreement(own.vectors, intact.vectors)
