"""What the page attention/hard_heads asserts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import difference_interval, mean_interval

from .learning import INHIBITION, NO_GRADIENT, STARTS
from .meaning import MAPS
from .measure import HardHeads

RANDOM_START, LANDMARK_START, _ = STARTS
MIMICRY = "zhang2024hedgehog"
NYSTROM = "williams2001nystrom"
ZERO = "zero: no difference"
RESIDUAL = "1 - κᵀK⁻¹κ with κ = exp(-(q - c)ᵀS(q - c)/2)"


def claims(result: HardHeads) -> list[Claim]:
    """Page attention/hard_heads: all that it asserts."""
    return [
        *prediction(result),
        *hardness(result),
        *stretched(result.stretched),
        *meaning(result.meaning),
        *learning(result.learned),
    ]


def prediction(result: HardHeads) -> list[Claim]:
    """What the prediction rests on, on Gaussian heads."""
    return [
        identity(
            "hard-moved-keys",
            "A vector added to all keys changes their length, not the output of tuned units.",
            result.checks.moved_keys,
        ),
        law(
            "hard-first-order",
            "Independent errors of the weights give the output error of the closed form (ratio).",
            mean_interval(result.checks.first_order, over="seeds"),
            expected=1,
            precision=0.05,  # far below the factor by which heads exceed the prediction
            source="share_t sum_s a_ts² |v_s - o_t|²",
            role="check",
        ),
    ]


def hardness(result: HardHeads) -> list[Claim]:
    """Which quantity orders the heads; one correlation a document."""
    rho = result.correlations
    ratio = np.log(result.heads["error"] / result.heads["predicted"])
    too_low = ratio.groupby(result.heads["document"]).median()
    rivals = len(rho.columns) - 1  # all were tried, two are named
    ahead = {
        rival: mean_interval(
            rho["predicted"] - rho[rival].abs(), over="documents", sentences=rivals
        )
        for rival in ("key_norm", "perplexity")
    }
    return [
        ordering(
            "hard-calibration",
            "How many functions a head's queries ask for in calibration text alone orders heads by "
            "their error on test text (rank correlation above one half).",
            mean_interval(rho["log10_functions"], over="documents"),
            expected=0.5,
            source=NYSTROM,
            after_looking=True,
        ),
        ordering(
            "hard-prediction",
            "Told a passage's exact attention and values, what units leave of its queries orders "
            "heads by their error there, nothing fitted (rank correlation above one half).",
            mean_interval(rho["predicted"], over="documents"),
            expected=0.5,
            source=NYSTROM,
        ),
        ordering(
            "hard-sharp",
            "Heads that attend to fewer keys are harder (rank correlation).",
            mean_interval(-rho["perplexity"], over="documents"),
            source=MIMICRY,
        ),
        ordering(
            "hard-too-low",
            "Heads err more than independent errors of the weights would make them (log ratio).",
            mean_interval(too_low, over="documents"),
            source=ZERO,
        ),
        ordering(
            "hard-better-than-key-norm",
            f"The closed form orders heads better than the length of keys, one of {rivals} rivals "
            "tried (difference of correlations).",
            ahead["key_norm"],
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "hard-better-than-perplexity",
            "The closed form orders heads better than the number of keys attended to, one of "
            f"{rivals} rivals tried (difference of correlations).",
            ahead["perplexity"],
            source=ZERO,
            after_looking=True,
        ),
    ]


def stretched(frame: pd.DataFrame) -> list[Claim]:
    """The experiment on single heads; a seed is a document and a draw of units."""
    error = np.log(frame.groupby(["factor", "seed"])["error"].median())
    usual, shortest, longest = (
        error[1.0],
        error[frame["factor"].min()],
        error[frame["factor"].max()],
    )
    return [
        ordering(
            "hard-shorter",
            "Shorter queries make the same heads easier (log ratio).",
            mean_interval(usual - shortest, over="documents"),
            source=RESIDUAL,
        ),
        ordering(
            "hard-longer",
            "Longer queries make the same heads harder (log ratio).",
            mean_interval(longest - usual, over="documents"),
            source=RESIDUAL,
        ),
    ]


def meaning(frame: pd.DataFrame) -> list[Claim]:
    """What tuned units stand for, against random directions; mean over draws, one a head.

    Draws read the same passages with the same heads, so they are no repetitions.
    """
    by_head = frame.groupby(["map", "label", "layer", "head"])["adjusted"].mean()
    tuned, random = (by_head[kind] for kind in MAPS)
    token, position = tuned["token"], tuned["position"]
    told = "does (difference)."
    against_random = {
        "hard-position": ("position", f"position than one of random direction {told}"),
        "hard-attended-token": ("attended token", f"attended token than a random one {told}"),
        "hard-attended-offset": ("attended offset", f"attended offset than a random one {told}"),
    }
    return [
        *(
            ordering(
                name,
                f"The answering unit shares more with the {words}",
                mean_interval(tuned[label] - random[label], over="heads"),
                source=ZERO,
            )
            for name, (label, words) in against_random.items()
        ),
        ordering(
            "hard-words-first",
            "Tuned units share more with the token in the first layer than in the second.",
            difference_interval(token[0], token[1], over="heads"),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "hard-places-next",
            "Tuned units share more with the position in the second layer than in the first.",
            difference_interval(position[1], position[0], over="heads"),
            source=ZERO,
            after_looking=True,
            unresolved="In both layers some heads share nearly nothing with the position and some "
            "nearly all of it; so few heads do not tell.",
        ),
    ]


def learning(frame: pd.DataFrame) -> list[Claim]:
    """Ways to learn: median error over seeds and passages, one a head.

    ``frame`` : of ``measure_learned``, for at least two numbers of steps. The two starts are
    compared after the fewest, all else after the most. Seeds read the same passages.
    """
    few, most = frame["steps"].min(), frame["steps"].max()
    error = _log_errors(frame)
    early, late = (error.loc[steps, "test"] for steps in (few, most))
    best = late[list(STARTS)].min(axis=1)
    return [
        ordering(
            "hard-start",
            f"After {few} steps gradient from landmarks beats gradient from a random start on "
            "held-out text (log ratio).",
            mean_interval(early[RANDOM_START] - early[LANDMARK_START], over="heads"),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "hard-no-gradient",
            f"Landmarks without gradient beat {few} steps from a random start on held-out text "
            "(log ratio).",
            mean_interval(early[RANDOM_START] - early[NO_GRADIENT], over="heads"),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "hard-mimicry",
            "Gradient on attention weights improves the units that it starts from on held-out "
            "text (log ratio).",
            mean_interval(late[NO_GRADIENT] - late[LANDMARK_START], over="heads"),
            source=MIMICRY,
        ),
        ordering(
            "hard-inhibition",
            "Lateral inhibition without gradient beats every positive unit learned by "
            f"{most} steps of gradient on held-out text (log ratio).",
            mean_interval(best - late[INHIBITION], over="heads"),
            source=ZERO,
            after_looking=True,
            unresolved="Inhibition wins by far in some heads and loses in others; six do not tell.",
        ),
        *gaps(frame),
    ]


def _log_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """log of the median error over seeds and passages: a row a step count, split and head."""
    by_head = ["steps", "split", "layer", "head", "method"]
    return np.log(frame.groupby(by_head)["error"].median()).unstack("method")


def gaps(frame: pd.DataFrame) -> list[Claim]:
    """Known and held-out text, after the fewest and after the most steps; as ``learning``."""
    few, most = frame["steps"].min(), frame["steps"].max()
    error = _log_errors(frame)
    apart = {
        steps: error.loc[steps, "test"] - error.loc[steps, "calibration"] for steps in (few, most)
    }
    gap = {steps: by_start[list(STARTS)].mean(axis=1) for steps, by_start in apart.items()}
    return [
        ordering(
            "hard-gap",
            "Units learned by gradient err more on held-out than on known passages (log ratio).",
            mean_interval(gap[most], over="heads"),
            source=ZERO,
        ),
        ordering(
            "hard-gap-grows",
            "More steps of gradient widen the gap to held-out text (difference of log ratios).",
            mean_interval(gap[most] - gap[few], over="heads"),
            source=ZERO,
        ),
    ]
