"""What the page limitations/control measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from . import erasing as trials

SHARES = (0.125, 0.25, 0.5, 1.0)


ERASED, STEERED = (0, 3), (0, 3, 6)


STRENGTHS = (0, 1, 2, 4, 8)


def measure_erasure(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure: all erasers, three probes each."""
    return trials.erasure_table(seeds)


def measure_text(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure_text: by text that the eraser knows."""
    return trials.text_table(seeds, SHARES)


def measure_depth(seeds: Sequence[int], per_library: int) -> pd.DataFrame:
    """Page limitations/control, figure draw_erasure_depth: erased inside, found at the end."""
    return trials.depth_table(seeds, ERASED, per_library)


def measure_steering(seeds: Sequence[int], texts: int) -> pd.DataFrame:
    """Page limitations/control, figure draw_steering: by layer and strength."""
    return trials.steering_table(seeds, STEERED, STRENGTHS, texts)
