"""Every verdict of the page on every schedule: what decides when both sides pay for memory."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.intervals import mean_interval
from opjoules.pricing.schedules import SCHEDULES
from opjoules.published.spiking import spikingformer_schedules

from .rivals import SCHEDULED, rival_ratios, size_ratios

FREE = "memory free"
PUBLISHED = "published transformer, same maps"
SAME = "digits, perceptron of the same size"
RIVALS = "digits, cheapest perceptron as accurate"
MACHINES = {
    "45nm_fp32": "32 bits",
    "45nm_int8": "8 bits",
    "7nm_fp32": "32 bits, 7 nm",
    "7nm_int8": "8 bits, 7 nm",
}
WORDS = {
    "fp32-memory": "32 bits",
    "int8-memory": "8 bits",
    "int8-skip": "8 bits, zeros skipped",
}
FREE_OF = {"fp32-memory": "fp32", "int8-memory": "int8"}  # the same target without memory


def measure_schedules(networks: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Page limitations/spiking, figure draw_schedules: spiking over dense energy, by schedule.

    ``networks`` and ``margin`` as of ``rivals``. For each split, over all sizes, ratios to the
    cheapest perceptron are a geometric mean.

    Columns
    -------
    case, words, schedule : a row each; ``FREE`` where memory costs nothing.
    ratio, low, high : and the ends of the costs, taken alike on both sides (published
        transformer), or of the interval of the mean over splits (digits).
    """
    published = spikingformer_schedules(tuple(MACHINES)).drop(columns=["low", "high"])
    published = published.rename(columns={"ratio_low": "low", "ratio_high": "high"}).assign(
        case=PUBLISHED,
        words=published["hardware"].map(MACHINES),
        schedule=published["schedule"].replace("", FREE),
    )
    columns = ["case", "words", "schedule", "ratio", "low", "high"]
    rows = []
    for case, ratios in (
        (SAME, lambda name: size_ratios(networks, name)),
        (RIVALS, lambda name: rival_ratios(networks, margin, name)),
    ):
        by_schedule = {name: ratios(name) for name in SCHEDULES}
        rows += [
            (case, WORDS[target], name, *_mean(table[target]))
            for target in SCHEDULED
            for name, table in by_schedule.items()
        ]
        bare = next(iter(by_schedule.values()))
        rows += [
            (case, WORDS[target], FREE, *_mean(bare[free])) for target, free in FREE_OF.items()
        ]
    return pd.concat([published[columns], pd.DataFrame(rows, columns=columns)], ignore_index=True)


def _mean(ratios: pd.Series) -> tuple[float, float, float]:
    """Mean over splits, and the ends of its interval."""
    interval = mean_interval(ratios, over="splits")
    return (
        interval.mean,
        interval.mean - interval.half_width,
        interval.mean + interval.half_width,
    )
