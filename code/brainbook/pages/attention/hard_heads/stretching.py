"""The same heads with longer or shorter queries: is it the variety of queries that makes them hard?

Queries longer by a factor lie farther apart and attend to fewer keys. Nothing else about a head
changes, and its units are tuned anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch

from brainbook.evidence import store
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks

from .difficulty import measured_and_predicted, perplexity

FACTORS = (0.5, 0.7, 1.0, 1.4)  # by which queries are made longer


@store.kept
def measure_stretched(
    calibration: Sequence[Passage],
    documents: Mapping[int, Passage],
    units: int,
    factors: Sequence[float] = FACTORS,
    per_layer: int = 1,
) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_stretched: errors with queries made longer.

    Parameters
    ----------
    calibration : passages to fit to.
    documents : test passages, by number; the number draws the units that read it.
    units : tuned hidden units a head.
    factors : by which queries are made longer, in calibration and in test text alike.
    per_layer : the first so many heads of each layer.

    Columns
    -------
    error, unreached, predicted : as ``measure_heads`` has them.
    head, layer : from 0.
    perplexity : keys that a query attends to.
    factor : of the arguments.
    seed : number of the document.

    Raises
    ------
    ValueError : a factor is not positive.
    """
    if not min(factors) > 0:
        raise ValueError(f"factors: got {list(factors)}; must be positive")
    known = problem_on(calibration)[:, :, :per_layer].flatten(1, 2)  # (passages, heads, N, d)
    frames = []
    for factor in factors:
        for seed, passage in documents.items():
            generator = seeded(95, units, seed)
            longer = factor * known.query
            tuned = Landmarks.fitted(longer, known.key, units, generator, dtype=torch.float32)
            own = heads_on(passage).problem[:, :per_layer].flatten(0, 1)  # (heads, N, d)
            own = Problem(factor * own.query, own.key, own.value)
            frame = measured_and_predicted(tuned, own)
            flat = frame["head"]
            frame = frame.assign(
                perplexity=perplexity(own.query, own.key).numpy(),
                layer=flat // per_layer,
                head=flat % per_layer,
            )
            frames.append(frame.assign(factor=factor, seed=seed))
    return pd.concat(frames, ignore_index=True)
