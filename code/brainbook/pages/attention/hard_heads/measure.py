"""What the page attention/hard_heads measures.

Intervals are over test documents: all heads of one model share its training, so heads are not
repetitions of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence.intervals import mean_interval, rank_correlation
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    calibration_passages,
    held_out_passages,
)

from .difficulty import PLACE, measure_difficulty, measure_heads
from .identities import Checks, measure_checks
from .learning import measure_learned
from .meaning import clearest_heads, measure_meaning, measure_words
from .stretching import measure_stretched


@dataclass(frozen=True)
class HardHeads:
    """All that the page measures.

    units : tuned hidden units a head, where no way of learning is compared.
    heads, difficulty : :func:`measure_heads`, :func:`measure_difficulty`.
    stretched, meaning, words, learned : :func:`measure_stretched`, :func:`measure_meaning`,
        :func:`measure_words`, :func:`measure_learned`.
    checks : :func:`measure_checks`.
    """

    units: int
    heads: pd.DataFrame
    difficulty: pd.DataFrame
    stretched: pd.DataFrame
    meaning: pd.DataFrame
    words: pd.DataFrame
    learned: pd.DataFrame
    checks: Checks

    @property
    def bounds(self) -> pd.DataFrame:
        """Page attention/hard_heads, figure draw_rank_bounds: quantities beside errors."""
        errors = self.heads[["document", *PLACE, "unreached", "predicted", "error"]]
        return self.difficulty.merge(errors)

    @property
    def correlations(self) -> pd.DataFrame:
        """:func:`rank_correlations` of all heads."""
        return rank_correlations(self.bounds)

    @property
    def order(self) -> pd.DataFrame:
        """:func:`strongest_first` of all heads."""
        return strongest_first(self.correlations)

    @property
    def order_within(self) -> pd.DataFrame:
        """The same with each layer's median taken out: does a quantity order neighbours?"""
        return strongest_first(rank_correlations(within_layers(self.bounds)))

    @property
    def meaning_by_layer(self) -> pd.DataFrame:
        """Page attention/hard_heads, figure draw_meaning: shared information of a layer's heads.

        Columns
        -------
        label, map, layer : as in :func:`measure_meaning`.
        low, middle, high : quartiles over heads of the median over seeds.
        """
        place = ["label", "map", "layer"]
        heads = self.meaning.groupby([*place, "head"])["adjusted"].median()
        quartiles = heads.groupby(place).quantile([0.25, 0.5, 0.75]).unstack()
        return quartiles.set_axis(["low", "middle", "high"], axis=1).reset_index()


def measure_hard_heads(
    units: int, seeds: Sequence[int], draw: int, learn_units: int, learn_steps: int
) -> HardHeads:
    """Page attention/hard_heads: everything, from text that is opened here and nowhere below.

    Parameters
    ----------
    units : tuned hidden units a head.
    seeds : numbers of the test documents read; also draws of hidden units.
    draw : of the units that read all documents.
    learn_units, learn_steps : hidden units a head where ways of learning are compared, and the
        most steps of gradient; a quarter of them is tried too.
    """
    calibration, documents = calibration_passages(), held_out_passages(seeds)
    every_document = held_out_passages(range(len(LONG_TEST_TEXTS)))
    meaning = measure_meaning(calibration, units, seeds)
    shown = clearest_heads(meaning)[["layer", "head"]].head(3).to_numpy().tolist()
    return HardHeads(
        units=units,
        heads=measure_heads(calibration, documents, units, draw),
        difficulty=measure_difficulty(calibration, documents),
        stretched=measure_stretched(calibration, documents, units),
        meaning=meaning,
        words=measure_words(calibration, units, shown),
        learned=measure_learned(
            calibration,
            tuple(every_document.values()),
            learn_units,
            seeds,
            steps=(learn_steps // 4, learn_steps),
        ),
        checks=measure_checks(range(draw, draw + 5)),
    )


def within_layers(bounds: pd.DataFrame) -> pd.DataFrame:
    """Logs of every quantity, minus their median in the document's layer; all must be positive."""
    quantities = bounds.columns.difference(["document", *PLACE], sort=False)
    logs = np.log(bounds[quantities])
    middle = logs.groupby([bounds["document"], bounds["layer"]]).transform("median")
    return bounds.assign(**(logs - middle))


def rank_correlations(bounds: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of heads' errors with each quantity: a row a document.

    ``bounds`` : columns document, layer, head, error, and one for each quantity.
    """
    quantities = bounds.columns.difference(["document", *PLACE, "error"], sort=False)
    by_document = {
        document: rank_correlation(rows[quantities].to_numpy().T, rows["error"])
        for document, rows in bounds.groupby("document")
    }
    return pd.DataFrame.from_dict(by_document, orient="index", columns=quantities)


def strongest_first(correlations: pd.DataFrame) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_difficulty: what goes with error, the most first.

    Columns
    -------
    quantity : a column of ``correlations``.
    rho : mean over documents.
    low, high : 95% interval of that mean.
    """
    rows = []
    for quantity, values in correlations.items():
        interval = mean_interval(values, over="documents")
        rows.append((quantity, interval.mean, interval.low, interval.high))
    table = pd.DataFrame(rows, columns=["quantity", "rho", "low", "high"])
    return table.sort_values("rho", key=abs, ascending=False, ignore_index=True)
