"""Does MiniLM still work with circuits for heads? Retrieval, similarity, and errors on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from brainbook.models.astrocyte.inside_minilm import (
    PUBLISHED,
    TUNED,
    UNBIASED,
    Encoded,
    HeadFunction,
    encode,
    exact,
    fitted_layers,
    only,
    uniform,
)
from brainbook.models.attention.minilm_heads import LAYERS
from brainbook.models.attention.minilm_text import calibration_passages

from .tasks import MAX_TOKENS, Pair, agreement, baselines, retrieval, tasks, texts

SETTING = ["heads", "units"]
INTACT, UNIFORM = "intact", "uniform"
INTACT_HEADS = (exact,) * LAYERS
PLAIN = {INTACT: INTACT_HEADS, UNIFORM: (uniform,) * LAYERS}
SIZES = {TUNED[0]: (64, 256, 1024), PUBLISHED: (1024,), UNBIASED: (1024,)}


@dataclass(frozen=True)
class Inside:
    """What the running model does, and where it goes astray.

    frame : heads, units, seed, draw, measure, value. Measures: "recall at 1" and "MRR" of
    retrieval, "cosine", "Pearson" and "Spearman" of agreement with the intact model.
    drift : heads, units, seed, layer, error: relative error of the state before each layer
    (0 to 5) and after the last (6), median over texts.
    """

    frame: pd.DataFrame
    drift: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Mean over seeds: a row for heads and units in the order tried, a column a measure."""
        means = self.frame.groupby([*SETTING, "measure"])["value"].mean().unstack()
        order = self.frame[SETTING].drop_duplicates()
        return means.loc[list(order.itertuples(index=False, name=None))]

    def loss(self, measure: str) -> pd.DataFrame:
        """Intact model minus the others on the same texts: a row a setting, a column a seed.

        Raises
        ------
        ValueError : no such measure.
        """
        rows = self.frame[self.frame["measure"] == measure]
        if rows.empty:
            known = sorted(set(self.frame["measure"]))
            raise ValueError(f"measure: got {measure!r}; allowed are {known}")
        values = rows.pivot(index=SETTING, columns="seed", values="value")
        return values.loc[(INTACT, 0)] - values.drop(index=(INTACT, 0))


def trials(
    seeds: int = 5,
    sizes: Mapping[str, Sequence[int]] = SIZES,
    pairs: int = 12,
    max_tokens: int = MAX_TOKENS,
    refit_below: int = 512,
) -> Inside:
    """All 72 heads replaced at once, beside intact ones, uniform ones, and no attention at all.

    Every seed has its own docstrings, and its own random hidden units. Tuned units are fitted
    anew for every seed where there are fewer than ``refit_below``, else once for all seeds,
    since a fit of many takes long.

    Raises
    ------
    ValueError : as ``sentence_tasks.tasks`` and ``circuit_inside.fitted_layers``.
    """
    everything = tasks(seeds, pairs, max_tokens)
    intact = _encoded(everything, range(seeds), INTACT_HEADS)
    rows, drifts = [baselines(everything).assign(units=0, draw=0)], []
    for name, units, draw, members in _settings(sizes, seeds, refit_below):
        heads = _heads(name, units, draw)
        encoded = intact if name == INTACT else _encoded(everything, members, heads)
        for seed, found in encoded.items():
            known = {"heads": name, "units": units, "seed": seed}
            measured = _long(_measures(found, intact[seed]), "measure", "value")
            rows.append(measured.assign(draw=draw, **known))
            error = dict(enumerate(found.drift(intact[seed]).median(0).values.tolist()))
            drifts.append(_long(error, "layer", "error").assign(draw=draw, **known))
    columns = [*SETTING, "seed", "draw"]
    return Inside(
        pd.concat(rows, ignore_index=True)[[*columns, "measure", "value"]],
        pd.concat(drifts, ignore_index=True)[[*columns, "layer", "error"]],
    )


def layer_trials(
    kind: str, units: int, seeds: int = 5, pairs: int = 12, max_tokens: int = MAX_TOKENS
) -> pd.DataFrame:
    """Heads replaced in one layer at a time, the others exact: which layer hurts most?

    ``kind`` as in ``circuit_inside.fitted_layers``, or "uniform" with any ``units``. Tuned
    units are the same for all seeds. Columns heads, units, seed, layer, own (error of that
    layer's output), end (error of the last layer's), cosine, Pearson, Spearman, recall at 1,
    MRR. Raises as :func:`trials`.
    """
    everything = tasks(seeds, pairs, max_tokens)
    intact = _encoded(everything, range(seeds), INTACT_HEADS)
    rows = []
    for draw, members in _turns(seeds, once=kind in (*PLAIN, *TUNED)):
        heads = _heads(kind, units, draw)
        for layer in range(LAYERS):
            for seed, found in _encoded(everything, members, only(heads, layer)).items():
                error = found.drift(intact[seed]).median(0).values
                errors = {"own": error[layer + 1].item(), "end": error[-1].item()}
                rows.append(
                    {"seed": seed, "layer": layer} | errors | _measures(found, intact[seed])
                )
    return pd.DataFrame(rows).assign(heads=kind, units=units)


def _settings(
    sizes: Mapping[str, Sequence[int]], seeds: int, refit_below: int
) -> Iterator[tuple[str, int, int, range]]:
    """Name, hidden units, number of the draw, and the seeds that use it."""
    wanted = [(name, 0) for name in PLAIN] + [(name, m) for name in sizes for m in sizes[name]]
    for name, units in wanted:
        once = name in PLAIN or name in TUNED and units >= refit_below
        for draw, members in _turns(seeds, once):
            yield name, units, draw, members


def _turns(seeds: int, once: bool) -> list[tuple[int, range]]:
    """Every draw with the seeds that use it: one for all, or one for each."""
    return [(0, range(seeds))] if once else [(seed, range(seed, seed + 1)) for seed in range(seeds)]


def _heads(name: str, units: int, draw: int) -> Sequence[HeadFunction]:
    return (
        PLAIN[name] if name in PLAIN else fitted_layers(units, draw, calibration_passages(), name)
    )


def _encoded(
    everything: Sequence[Sequence[Pair]], members: Sequence[int], layers: Sequence[HeadFunction]
) -> dict[int, Encoded]:
    """The texts of several tasks in one go, by seed."""
    at_once = encode([one for seed in members for one in texts(everything[seed])], layers)
    return dict(zip(members, at_once.split(len(members)), strict=True))


def _measures(found: Encoded, intact: Encoded) -> dict[str, float]:
    queries, targets = found.vectors.chunk(2)
    return retrieval((queries @ targets.T).numpy()) | agreement(found.vectors, intact.vectors)


def _long(values: Mapping, key: str, value: str) -> pd.DataFrame:
    return pd.DataFrame({key: list(values), value: list(values.values())})
