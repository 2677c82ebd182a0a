"""What the page attention/inside_minilm measures.

All comparisons are between runs on the same texts, one difference a repetition. Repetitions
differ in their texts, and in their circuits where these are fitted or drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from brainbook.evidence import facts
from brainbook.evidence.intervals import mean_interval
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, TUNED, UNBIASED
from brainbook.models.attention.minilm_heads import D_HEAD
from brainbook.models.attention.minilm_text import calibration_passages

from .identities import path_gap
from .replacing import INTACT, MEAN, SETTING, Replaced, measure_layers, measure_replaced
from .tasks import WORDS, docstring_pairs, draw_tasks

LATERAL, GATED = TUNED
OVER = "repetitions"
MEASURES = ["recall at 1", "MRR", "cosine", "Pearson", "Spearman"]


@dataclass(frozen=True)
class Inside:
    """All that the page measures.

    few, middle, largest : hidden units a head that the page compares.
    pairs : docstrings of a repetition.
    replaced : :func:`measure_replaced`. layers : :func:`measure_layers`.
    path_gap : :func:`.identities.path_gap`.
    """

    few: int
    middle: int
    largest: int
    pairs: int
    replaced: Replaced
    layers: pd.DataFrame
    path_gap: float

    def by_repetition(self, measure: str, heads: str, units: int = 0) -> pd.Series:
        """One value a repetition.

        Raises
        ------
        ValueError : nothing was measured for that setting.
        """
        rows = self.replaced.frame.query(
            "measure == @measure and heads == @heads and units == @units"
        )
        if rows.empty:
            raise ValueError(f"heads: got {heads!r} with {units} units; nothing was measured")
        return rows.set_index("seed")["value"].sort_index()

    def end_error(self, heads: str, units: int = 0) -> pd.Series:
        """Relative error of what leaves the last layer, one value a repetition."""
        rows = self.replaced.drift.query("heads == @heads and units == @units")
        last = rows[rows["layer"] == rows["layer"].max()]
        return last.set_index("seed")["error"].sort_index()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Page attention/inside_minilm, figure draw_inside_retrieval: means, and what was lost.

        Columns
        -------
        heads, units, measure : the setting.
        mean : over repetitions.
        lost, half : intact model minus this one, mean, and half of its 95% interval.
        lowest, highest : of the repetitions.
        """
        rows = []
        groups = self.replaced.frame.groupby([*SETTING, "measure"], sort=False)
        for (heads, units, measure), part in groups:
            values = part.set_index("seed")["value"].sort_index()
            lost = mean_interval(self.by_repetition(measure, INTACT) - values, over=OVER)
            ends = values.min(), values.max()
            row = (heads, units, measure, values.mean(), lost.mean, lost.half_width, *ends)
            rows.append(row)
        columns = [*SETTING, "measure", "mean", "lost", "half", "lowest", "highest"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def table(self) -> pd.DataFrame:
        """Page attention/inside_minilm, the table: mean of every measure, a row a setting."""
        wide = self.summary.pivot(index=SETTING, columns="measure", values="mean")
        return wide[MEASURES].reset_index()

    @property
    def gains(self) -> pd.DataFrame:
        """MRR that tuned units gain, by ``over`` and ``units``: columns gain, half (of the 95%
        interval).

        ``over``: "published" random units, as many; "words", TF-IDF; "few" tuned units.
        """
        others = {
            ("published", self.middle): (PUBLISHED, self.middle),
            ("published", self.largest): (PUBLISHED, self.largest),
            ("words", self.largest): (WORDS, 0),
            ("few", self.largest): (LATERAL, self.few),
        }
        rows = {}
        for (over, units), other in others.items():
            ours = self.by_repetition("MRR", LATERAL, units)
            gained = mean_interval(ours - self.by_repetition("MRR", *other), over=OVER)
            rows[over, units] = {"gain": gained.mean, "half": gained.half_width}
        return pd.DataFrame(rows).T.rename_axis(["over", "units"])

    @property
    def chance(self) -> dict[str, float]:
        """What ranks at random give on average: 1/n, and the n-th harmonic number / n."""
        ranks = np.arange(1, self.pairs + 1)
        return {"recall at 1": 1 / self.pairs, "MRR": float((1 / ranks).mean())}

    @property
    def cell(self) -> tuple[int, int]:
        """Hidden units a head that the synapses of one rodent astrocyte allow, low and high."""
        ends = (facts.value("astrocyte_cells.csv", f"rodent_synapses_{e}") for e in ("low", "high"))
        low, high = (int(synapses // D_HEAD) for synapses in ends)
        return low, high


def measure_inside(
    largest: int,
    seeds: int,
    pairs: int,
    refit_below: int,
    layer_pairs: int,
    few: int = 16,
    middle: int = 100,
) -> Inside:
    """Page attention/inside_minilm: everything, from text that is opened here and nowhere below.

    Parameters
    ----------
    largest, few, middle : hidden units a head, most, fewest and between.
    seeds : number of repetitions, each with docstrings of its own.
    pairs : docstrings of a repetition.
    refit_below : tuned circuits with fewer units are fitted anew for every repetition.
    layer_pairs : docstrings of a repetition where one layer is replaced at a time.

    Raises
    ------
    ValueError : ``largest`` is not above ``middle``; too few seeds, or too many pairs.
    """
    if largest <= middle:
        raise ValueError(f"largest: got {largest}; must be above {middle} hidden units")
    if seeds < 3:
        raise ValueError(f"seeds: got {seeds}; an interval needs at least 3")
    corpus = docstring_pairs()
    tasks, layer_tasks = (draw_tasks(corpus, seeds, count) for count in (pairs, layer_pairs))
    calibration = calibration_passages()
    sizes = {
        LATERAL: (few, middle, largest),
        GATED: (middle,),
        UNBIASED: (middle, largest),
        PUBLISHED: (few, middle, largest),
    }
    first = tasks[0][0]
    return Inside(
        few=few,
        middle=middle,
        largest=largest,
        pairs=pairs,
        replaced=measure_replaced(tasks, corpus, calibration, sizes, refit_below),
        layers=measure_layers(layer_tasks, calibration, tried=((LATERAL, middle), (MEAN, 0))),
        path_gap=path_gap([first.query, first.target]),
    )
