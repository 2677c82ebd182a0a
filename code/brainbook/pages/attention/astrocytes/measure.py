"""What the page attention/astrocytes measures: text, images and networks are opened here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from skimage.data import astronaut

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import CALIBRATION_TEXTS, Split, digits, text
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.baselines import minilm_lookups
from brainbook.models.astrocyte.error import gaussian_problem
from brainbook.models.astrocyte.sweep import (
    PUBLISHED,
    Sweep,
    Trace,
    budget,
    gaussian_sweep,
    log10_units,
    minilm_sweep,
)
from brainbook.models.attention.minilm_heads import D_HEAD, WIDTH, heads_on, problem_on
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    calibration_passages,
    held_out_passages,
    passages_of,
)
from brainbook.models.digits.vision_transformer import train_vit
from brainbook.models.features.learned import Recipe
from brainbook.models.features.maps import MAPS

from .fitting import fit_trials, map_trials
from .vision import Vision, original_heads, original_trace, vision_trial

BERT_INIT = 0.02  # standard deviation of an untrained BERT's weights: the default of its config
BERT_WIDTH = 768  # of the base size

LAW = "untrained, d = 32"
WIDE = "untrained, d = 64"
GAUSSIAN = {  # d_head, variance of queries and keys
    LAW: (32, BERT_INIT**2 * WIDTH),
    WIDE: (64, BERT_INIT**2 * BERT_WIDTH),
    "unit variance": (32, 1.0),
}

ORIGINALS = {  # title, layer, head (from 0); the middle layer is our reading of the description
    "albert-base-v2": ("ALBERT, first layer, head 5", 0, 5),
    "vit-base-patch16-224": ("ViT-Base, sixth layer, head 5", 5, 5),
}

GOAL = 0.1  # relative error that the closed form is asked for


@dataclass(frozen=True)
class Measured:
    """What the page's claims and numbers rest on.

    gaussian, minilm, lookups, vision, fit, cells : of ``measure_gaussian``, ``measure_minilm``,
        ``measure_lookups``, ``measure_vision``, ``measure_fit`` and ``measure_budget``.
    pair_ratio, deviations : of ``measure_pair_law`` and ``measure_identities``.
    published : the least and the largest size of the published traces.
    """

    gaussian: Sweep
    minilm: Sweep
    lookups: pd.DataFrame
    vision: Vision
    fit: pd.DataFrame
    cells: pd.DataFrame
    pair_ratio: pd.Series
    deviations: dict[str, float]
    published: tuple[int, int] = PUBLISHED


@store.kept
def measure_gaussian(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/astrocytes, figure draw_error: twelve heads of Gaussian inputs a setting.

    Sizes are those of ``units`` up to half of the largest: the law is met long before.
    """
    half = [size for size in units if 2 * size <= max(units)]
    return gaussian_sweep(GAUSSIAN, half, seeds, tokens)


def measure_minilm(
    units: Sequence[int],
    seeds: Sequence[int],
    tokens: int = 196,
    published: tuple[int, int] = PUBLISHED,
) -> Sweep:
    """Page attention/astrocytes, figures draw_error, draw_heads and draw_traces."""
    return minilm_sweep(held_out_passages(seeds, tokens), tuple(units), published)


def measure_lookups(seeds: Sequence[int], tokens: int = 196) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_error: guesses that attend to nothing.

    Columns as in ``minilm_lookups``.
    """
    return minilm_lookups(held_out_passages(seeds, tokens), calibration_passages(tokens))


def typical_lookups(lookups: pd.DataFrame) -> pd.DataFrame:
    """Median error over heads of each guess: a row a seed, guesses across."""
    return lookups.groupby(["seed", "baseline"])["error"].median().unstack()


def measure_errors(gaussian: Sweep, minilm: Sweep, lookups: pd.DataFrame) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_error: all errors and baselines.

    Columns as in :class:`Sweep`; a row has units or a baseline.
    """
    guesses = lookups.assign(input="MiniLM", part="output")
    tables = [gaussian.frame, minilm.frame, gaussian.baselines, minilm.baselines, guesses]
    return pd.concat(tables, ignore_index=True)


def measure_heads(minilm: Sweep, units: int = PUBLISHED[1]) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_heads: output errors at one size, and closed forms.

    Columns input, part, units, seed, layer, head, error, log10_c.
    """
    rows = minilm.rows("output").query("units == @units")
    return rows.merge(minilm.laws, on=["input", "part", "seed", "layer", "head"])


def typical_heads(heads: pd.DataFrame) -> pd.DataFrame:
    """Of :func:`measure_heads`, by layer and head: medians over seeds.

    Columns error, log10_c, and log10_units that the closed form asks for an error of ``GOAL``.
    """
    by_head = heads.groupby(["layer", "head"])[["error", "log10_c"]].median()
    return by_head.assign(log10_units=log10_units(by_head["log10_c"], GOAL))


@store.kept
def measure_vision(seeds: Sequence[int], units: tuple[int, int] = PUBLISHED) -> Vision:
    """Page attention/astrocytes, figure draw_traces: a small vision transformer on digits."""
    frames, traces = [], []
    for seed in seeds:
        trained = store.made_once(train_vit, seed=seed)
        errors, trace = vision_trial(trained, first_of_each_digit(digits(seed)), units, seed)
        frames.append(errors.assign(seed=seed, accuracy=trained.test_accuracy))
        traces.append(trace)
    return Vision(pd.concat(frames, ignore_index=True), traces[0])


def first_of_each_digit(split: Split) -> np.ndarray:
    """Ten test images, (10, 8, 8): the first of every digit."""
    first = [int(np.argmax(split.test_labels == digit)) for digit in range(10)]
    return split.test_images[first]


def measure_originals(seed: int, units: tuple[int, int] = PUBLISHED) -> list[Trace]:
    """Page attention/astrocytes, figure draw_traces: the heads of the published traces.

    Only of models that are on this machine already; the list is empty where there are none.
    """
    traces = []
    for name, (title, layer, head) in ORIGINALS.items():
        try:
            model, processor = pretrained.from_hub(name)
        except ValueError:  # not on this machine, and the page downloads nothing
            continue
        problem = original_heads(model, processor, text("wine_data"), astronaut())
        traces.append(original_trace(problem, title, layer, head, units, seed))
    return traces


def measure_traces(minilm: Sweep, vision: Vision, seed: int = 0) -> list[Trace]:
    """Page attention/astrocytes, figure draw_traces: language, images, and the originals."""
    sizes = tuple(minilm.traces[0].log_p)
    return [*minilm.traces, vision.trace, *measure_originals(seed, sizes)]


@store.kept
def measure_maps(
    units: Sequence[int], seeds: Sequence[int], tokens: int = 196, largest: int = 2048
) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_maps: two heads a layer, or Gaussian ones.

    Sizes are those of ``units`` up to ``largest``. Columns input, map, units, seed, error
    (output, median head).
    """
    units = [size for size in units if size <= largest]
    (document,) = held_out_passages(seeds[:1], tokens).values()
    problems = {
        LAW: gaussian_problem(12, tokens, *GAUSSIAN[LAW], seeded(41)),
        "MiniLM": heads_on(document).problem[:, :2].flatten(0, 1),  # (layers x 2, N, d)
    }
    tables = [
        map_trials(problem, [kind() for kind in MAPS], units, seeds).assign(input=name)
        for name, problem in problems.items()
    ]
    return pd.concat(tables, ignore_index=True)


@store.kept
def measure_fit(
    passages: Sequence[int],
    units: int,
    seeds: Sequence[int],
    steps: int,
    tokens: int = 196,
    per_text: int | None = None,
) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_fit: columns as in ``fit_trials``, and document.

    Test passages count by document, calibration passages one by one.

    Parameters
    ----------
    passages : numbers of calibration passages to learn from.
    units : hidden units that are learned, a head.
    seeds : of hidden units and of the passages chosen.
    steps : of the optimiser.
    tokens : of a passage.
    per_text : passages taken from one calibration document; all if not given.
    """
    tests = [passages_of([name], tokens, 2) for name in LONG_TEST_TEXTS]
    known, unseen = (
        problem_on(texts)[:, :, :2].flatten(1, 2)
        for texts in (passages_of(CALIBRATION_TEXTS, tokens, per_text), sum(tests, []))
    )  # (passages, layers x 2, N, d)
    frame = fit_trials(known, unseen, passages, units, seeds, Recipe(steps=steps))
    document = np.repeat(range(len(tests)), [len(one) for one in tests])
    of_test = frame["split"] == "test"
    own = document[frame["passage"].where(of_test, 0)]
    return frame.assign(document=np.where(of_test, own, frame["passage"]))


def measure_budget(gaussian: Sweep, minilm: Sweep) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_budget: what one astrocyte's synapses allow."""
    parts = budget(minilm, "MiniLM", D_HEAD), budget(gaussian, WIDE, GAUSSIAN[WIDE][0])
    return pd.concat(parts, ignore_index=True)


def law_slopes(gaussian: Sweep, part: str) -> pd.Series:
    """Slope of log error in the setting ``LAW`` by seed, from the closed form's 0.1 down."""
    return gaussian.slopes(part, LAW, at_least=(gaussian.constant(part, LAW) / 0.1) ** 2)


def law_squares(gaussian: Sweep, part: str) -> pd.Series:
    """Square errors in the setting ``LAW`` over the closed form's, same sizes; by seed."""
    return gaussian.squares(part, LAW, at_least=(gaussian.constant(part, LAW) / 0.1) ** 2)


def tail_slopes(minilm: Sweep) -> pd.Series:
    """Slope of the output error by seed on MiniLM's median head, over the upper half of sizes."""
    sizes = minilm.curve("output").columns
    return minilm.slopes("output", "MiniLM", sizes[len(sizes) // 2])


def log_gain(sweep: Sweep | Vision, part: str, sizes: tuple[int, int]) -> pd.Series:
    """log of the error at the smaller size over that at the larger, by seed."""
    errors = np.log(sweep.curve(part))
    return errors[sizes[0]] - errors[sizes[1]]


def log_lead(sweep: Sweep, baseline: str, part: str, units: int, name: str = "MiniLM") -> pd.Series:
    """log of a baseline's error over the circuit's with ``units``, by seed."""
    return np.log(sweep.floor(baseline, part, name) / sweep.curve(part, name)[units])
