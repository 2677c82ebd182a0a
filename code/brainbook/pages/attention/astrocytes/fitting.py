"""Is it overfitting, and do other maps do better? Units fitted and tried on other passages."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.circuit import circuit, run
from brainbook.models.astrocyte.error import errors
from brainbook.models.attention.softmax import Problem, relative_error, softmax_attention
from brainbook.models.features.learned import Centred, Recipe, learn
from brainbook.models.features.maps import FeatureMap, HiddenUnits, Positive


def fit_trials(
    known: Problem,
    unseen: Problem,
    counts: Sequence[int],
    units: int,
    seeds: Sequence[int],
    recipe: Recipe,
    more_units: int = 1024,
) -> pd.DataFrame:
    """Random, centred and learned hidden units on passages they know and on held-out ones.

    Parameters
    ----------
    known, unseen : heads on calibration text and on held-out text, (passages, heads, N, d).
    counts : numbers of calibration passages to learn from; a seed chooses which.
    units : hidden units of all methods.
    seeds : what draws hidden units and chooses passages.
    recipe : how hidden units are learned.
    more_units : a second number of hidden units, for random and for centred ones.

    Columns
    -------
    method, units, fitted_on (passages), seed, split (calibration or test), passage, error (of
    the output, median over heads).
    """
    centred, all_known = Centred.fitted(known.query, known.key), len(known.query)
    drawn = [
        (method, size, fitted_on, feature_map)
        for size in (units, more_units)
        for method, fitted_on, feature_map in (
            ("random", 0, Positive()),
            ("centred", all_known, centred),
        )
    ]
    rows = []
    for seed in seeds:
        generator = seeded(61, seed)
        order = torch.randperm(all_known, generator=generator)
        learned = []
        for count in counts:
            part = known[order[:count]]
            learned.append((part, learn(part.query, part.key, units, generator, recipe)))
        heads, d_head = known.query.shape[1], known.query.shape[-1]
        trials = []
        for method, size, fitted_on, feature_map in drawn:
            hidden = feature_map.draw(size, d_head, generator, (heads,))
            trials.append((method, size, fitted_on, feature_map, hidden, known))
        for part, feature_map in learned:
            hidden, fitted_on = feature_map.writing, len(part.query)
            trials.append(("learned", units, fitted_on, feature_map, hidden, part))
        rows += [
            (method, size, fitted_on, seed, split, passage, error)
            for method, size, fitted_on, feature_map, hidden, fitted in trials
            for split, problem in (("calibration", fitted), ("test", unseen))
            for passage, error in enumerate(_median_error(problem, feature_map, hidden))
        ]
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


def typical(fit: pd.DataFrame) -> pd.Series:
    """Of :func:`fit_trials`: median error over passages.

    Index method, units, split, fitted_on, seed.
    """
    return fit.groupby(["method", "units", "split", "fitted_on", "seed"])["error"].median()


def learned_errors(fit: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of ``measure_fit``: errors of learned units on test text, and on what they know.

    A row a test document, and a row a seed, which chose the passages that are known; columns:
    calibration passages that the units were learned from, ascending.
    """
    learned = fit[fit["method"] == "learned"]
    test, known = (
        learned[learned["split"] == split].groupby(["fitted_on", unit])["error"].mean()
        for split, unit in (("test", "document"), ("calibration", "seed"))
    )
    return test.unstack("fitted_on"), known.unstack("fitted_on")


def most_random(fit: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Error of the most random units on each calibration passage and on each test document."""
    random = fit[fit["method"] == "random"]
    most = random[random["units"] == random["units"].max()]
    by_text = most.groupby(["split", "document"])["error"].mean()
    return by_text["calibration"], by_text["test"]
