"""What the page attention/inside_minilm measures."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import store
from brainbook.evidence.margins import CONFIDENCE
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, TUNED, UNBIASED

from . import claims as asserted
from . import replacing as trials
from .replacing import UNIFORM, Inside
from .tasks import MAX_TOKENS

LATERAL, GATED = TUNED
FEW, MIDDLE = 16, 100  # hidden units a head


LONGEST = MAX_TOKENS  # tokens of a text, at most


LEVEL = round(100 * CONFIDENCE)  # percent, of every interval


def measure_inside(largest: int, seeds: int, pairs: int, refit_below: int) -> Inside:
    """Page attention/inside_minilm, figures draw_inside_retrieval, draw_inside_agreement and
    draw_inside_drift: all 72 heads replaced at once, up to ``largest`` hidden units a head.

    Raises
    ------
    ValueError : ``largest`` is not above ``MIDDLE``; too few seeds; or as ``trials``.
    """
    if largest <= MIDDLE:
        raise ValueError(f"largest: got {largest}; must be above {MIDDLE} hidden units")
    if seeds < 3:
        raise ValueError(f"seeds: got {seeds}; an interval needs at least 3")
    sizes = {
        LATERAL: (FEW, MIDDLE, largest),
        GATED: (MIDDLE,),
        UNBIASED: (MIDDLE, largest),
        PUBLISHED: (FEW, MIDDLE, largest),
    }
    return store.made_once(
        trials.trials, seeds=seeds, sizes=sizes, pairs=pairs, refit_below=refit_below
    )


def measure_summary(inside: Inside) -> pd.DataFrame:
    """Page attention/inside_minilm, figure draw_inside_retrieval: means and paired intervals."""
    return asserted.summary(inside)


def measure_gains(inside: Inside, largest: int) -> pd.DataFrame:
    """Page attention/inside_minilm, figure draw_inside_retrieval: MRR that tuned units gain.

    A row for ``over`` ("published" units as many, "words": TF-IDF, "few" tuned units) and
    ``units``; columns gain, mean over seeds, and half of its 95% interval.
    """
    return asserted.gains(inside, FEW, MIDDLE, largest)


def measure_layers(seeds: int, pairs: int) -> pd.DataFrame:
    """Page attention/inside_minilm, figure draw_inside_layers: one layer's heads at a time."""
    tried = ((LATERAL, MIDDLE), (UNIFORM, 0))
    return pd.concat(
        [
            store.made_once(trials.layer_trials, kind=kind, units=units, seeds=seeds, pairs=pairs)
            for kind, units in tried
        ],
        ignore_index=True,
    )


def measure_chance(pairs: int) -> dict[str, float]:
    """Page attention/inside_minilm, figure draw_inside_retrieval: ranks drawn at random."""
    return asserted.chance(pairs)


def measure_cell() -> tuple[int, int]:
    """Page attention/inside_minilm, figure draw_inside_retrieval: what one astrocyte holds."""
    return asserted.cell_units()
