"""What the page on hard heads asserts: from measurements to claims."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import half_width

from .difficulty import PLACE, explain
from .learning import INHIBITION, NO_GRADIENT, STARTS
from .meaning import MAPS
from .stretching import first_order, moved_keys

RANDOM_START, LANDMARK_START, _ = STARTS
MIMICRY = "zhang2024hedgehog"


def _order(name: str, told: str, values: pd.Series, source: str) -> Claim:
    """An order that the mean over seeds must show beyond its 95% interval."""
    margin = half_width(values)
    return Claim(f"hard-{name}", told, "ordering", values.mean(), 0, margin, "1", source)


def exact(seed: int) -> list[Claim]:
    """An identity, float64."""
    told = "A vector added to all keys changes their length, not the output of tuned units."
    source = "identity: both sides"
    return [Claim("hard-moved-keys", told, "exact", moved_keys(seed), 0, 1e-10, "1", source)]


def law(seeds: Iterable[int]) -> list[Claim]:
    """The first order behind the prediction, against simulated errors."""
    ratios = pd.Series({seed: first_order(seed) for seed in seeds})
    told = "Independent errors of the weights give the output error of the closed form (ratio)."
    source = "share_t sum_s a_ts² |v_s - o_t|²"
    tolerance = half_width(ratios)
    return [Claim("hard-first-order", told, "law", ratios.mean(), 1, tolerance, "1", source)]


def hardness(heads: pd.DataFrame, measured: pd.DataFrame) -> list[Claim]:
    """Which quantity orders heads; intervals resample heads.

    ``heads``: of ``hard_heads.head_errors``. ``measured``: a row a document and head.
    """
    errors = heads[[*PLACE, "error"]]
    table = explain(errors, measured).set_index("quantity")
    predicted, spread = table.loc["predicted"], -table.loc["perplexity"]
    apart = np.log(heads["error"] / heads["predicted"]).groupby(heads["document"]).median()
    made = [
        Claim("hard-prediction", "What units leave of a query, with nothing fitted, orders heads "
              "by their error (rank correlation above one half).", "ordering",
              predicted["rho"], 0.5, predicted["rho"] - predicted["low"], "1",
              "williams2001nystrom"),
        Claim("hard-sharp", "Heads that attend to fewer keys are harder (rank correlation).",
              "ordering", spread["rho"], 0, spread["rho"] - spread["high"], "1", MIMICRY),
        _order("too-low", "Heads err more than independent errors of the weights would make them "
               "(log ratio).", apart, "the prediction itself"),
    ]  # fmt: skip
    rivals = {"key_norm": "the length of keys", "perplexity": "the number of keys attended to"}
    for rival, words in rivals.items():
        pair = explain(errors, measured[["document", *PLACE, "predicted", rival]])
        behind = pair.set_index("quantity").loc[rival]
        told = f"The prediction orders heads better than {words} (difference of correlations)."
        margin = behind["behind"] - behind["behind_low"]
        name = f"hard-better-than-{rival.replace('_', '-')}"
        made.append(Claim(name, told, "ordering", behind["behind"], 0, margin, "1",
                          f"{words} alone"))  # fmt: skip
    return made


def stretched_claims(frame: pd.DataFrame) -> list[Claim]:
    """The experiment on single heads: longer and shorter queries."""
    error = np.log(frame.groupby(["factor", "seed"])["error"].median())
    low, high = (
        error[extreme] - error[1] for extreme in (frame["factor"].min(), frame["factor"].max())
    )
    source = "1 - κᵀK⁻¹κ with κ = exp(-(q - c)ᵀS(q - c)/2)"
    return [
        _order("shorter", "Shorter queries make the same heads easier (log ratio).", -low, source),
        _order("longer", "Longer queries make the same heads harder (log ratio).", high, source),
    ]


def meaning_claims(frame: pd.DataFrame) -> list[Claim]:
    """What tuned units stand for, against random directions; mean over heads, by seed."""
    by = frame.groupby(["map", "label", "seed"])["adjusted"].mean()
    tuned, random = (by[kind] for kind in MAPS)
    words = {"position": "position", "attended token": "attended-token",
             "attended offset": "attended-offset"}  # fmt: skip
    made = [
        _order(name, f"The answering unit shares more with the {label} than one of random "
               "direction does (difference).", tuned[label] - random[label], "random directions")
        for label, name in words.items()
    ]  # fmt: skip
    layers = frame[frame["map"] == MAPS[0]].groupby(["label", "layer", "seed"])["adjusted"].mean()
    told = "Tuned units share more with the token in the first layer than in the second."
    first = layers["token", 0] - layers["token", 1]
    told_place = "Tuned units share more with the position in the second layer than in the first."
    second = layers["position", 1] - layers["position", 0]
    return [
        *made,
        _order("words-first", told, first, "no difference"),
        _order("places-next", told_place, second, "no difference"),
    ]


def learning(frame: pd.DataFrame) -> list[Claim]:
    """Ways to learn; median error over heads and passages, by seed.

    ``frame``: of ``learned_trials``, for at least two numbers of steps. The two starts are
    compared after the fewest, all else after the most.
    """
    few, most = frame["steps"].min(), frame["steps"].max()
    error = np.log(frame.groupby(["steps", "method", "split", "seed"])["error"].median())
    late, early = (error[steps].xs("test", level="split") for steps in (most, few))
    best = pd.concat([late[method] for method in STARTS], axis=1).min(axis=1)
    gap = error.xs("test", level="split") - error.xs("calibration", level="split")
    gaps = {
        steps: pd.concat([gap[steps, method] for method in STARTS], axis=1).mean(axis=1)
        for steps in (few, most)
    }
    text = "on held-out text (log ratio)."
    return [
        _order("start", f"After {few} steps gradient from landmarks beats gradient from a random "
               f"start {text}", early[RANDOM_START] - early[LANDMARK_START],
               "the random start's error"),
        _order("no-gradient", f"Landmarks without gradient beat {few} steps from a random start "
               f"{text}", early[RANDOM_START] - early[NO_GRADIENT], "the random start's error"),
        _order("mimicry", "Gradient on attention weights improves the units that it starts from "
               f"{text}", late[NO_GRADIENT] - late[LANDMARK_START], MIMICRY),
        _order("inhibition", "Lateral inhibition without gradient beats every positive unit "
               f"learned by {most} steps of gradient {text}", best - late[INHIBITION],
               "williams2001nystrom"),
        _order("gap", "Units learned by gradient err more on held-out than on known passages "
               "(log ratio).", gaps[most], "held-out equals known"),
        _order("gap-grows", "More steps of gradient widen the gap to held-out text (difference "
               "of log ratios).", gaps[most] - gaps[few], "the gap after fewer steps"),
    ]  # fmt: skip


def claims(heads: pd.DataFrame, measured: pd.DataFrame, stretched: pd.DataFrame,
           meant: pd.DataFrame, learned: pd.DataFrame, seed: int) -> list[Claim]:  # fmt: skip
    """Page attention/hard_heads: all that it asserts; wording in ``hard_heads_claims``."""
    return [
        *exact(seed),
        *law(range(seed, seed + 5)),
        *hardness(heads, measured),
        *stretched_claims(stretched),
        *meaning_claims(meant),
        *learning(learned),
    ]
