"""What the page attention/hard_heads asserts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import mean_interval

from .learning import INHIBITION, NO_GRADIENT, STARTS
from .meaning import MAPS
from .measure import HardHeads

RANDOM_START, LANDMARK_START, _ = STARTS
MIMICRY = "zhang2024hedgehog"
NYSTROM = "williams2001nystrom"
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
    # one sentence of the page names both rivals
    ahead = {
        rival: mean_interval(rho["predicted"] - rho[rival].abs(), over="documents", sentences=2)
        for rival in ("key_norm", "perplexity")
    }
    return [
        ordering(
            "hard-prediction",
            "What units leave of a query, with nothing fitted, orders heads by their error (rank "
            "correlation above one half).",
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
            source="the prediction itself",
        ),
        ordering(
            "hard-better-than-key-norm",
            "The prediction orders heads better than the length of keys (difference of "
            "correlations).",
            ahead["key_norm"],
            source="the length of keys alone",
        ),
        ordering(
            "hard-better-than-perplexity",
            "The prediction orders heads better than the number of keys attended to (difference "
            "of correlations).",
            ahead["perplexity"],
            source="the number of keys attended to alone",
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
    """What tuned units stand for, against random directions; mean over heads, one a draw."""
    by_seed = frame.groupby(["map", "label", "seed"])["adjusted"].mean()
    tuned, random = (by_seed[kind] for kind in MAPS)
    layers = frame[frame["map"] == MAPS[0]].groupby(["label", "layer", "seed"])["adjusted"].mean()
    token, position = layers["token"], layers["position"]
    against_random = [
        (
            "hard-position",
            "The answering unit shares more with the position than one of random direction does "
            "(difference).",
            "position",
        ),
        (
            "hard-attended-token",
            "The answering unit shares more with the attended token than one of random direction "
            "does (difference).",
            "attended token",
        ),
        (
            "hard-attended-offset",
            "The answering unit shares more with the attended offset than one of random direction "
            "does (difference).",
            "attended offset",
        ),
    ]
    return [
        *(
            ordering(
                name,
                statement,
                mean_interval(tuned[label] - random[label], over="draws"),
                source="random directions",
            )
            for name, statement, label in against_random
        ),
        ordering(
            "hard-words-first",
            "Tuned units share more with the token in the first layer than in the second.",
            mean_interval(token[0] - token[1], over="draws"),
            source="no difference",
        ),
        ordering(
            "hard-places-next",
            "Tuned units share more with the position in the second layer than in the first.",
            mean_interval(position[1] - position[0], over="draws"),
            source="no difference",
        ),
    ]


def learning(frame: pd.DataFrame) -> list[Claim]:
    """Ways to learn: median error over heads and passages, one a seed.

    ``frame`` : of ``measure_learned``, for at least two numbers of steps. The two starts are
    compared after the fewest, all else after the most.
    """
    few, most = frame["steps"].min(), frame["steps"].max()
    error = np.log(frame.groupby(["steps", "split", "method", "seed"])["error"].median())
    early, late = (error[steps, "test"].unstack("method") for steps in (few, most))
    gaps = {
        steps: (error[steps, "test"] - error[steps, "calibration"]).unstack("method")[list(STARTS)]
        for steps in (few, most)
    }
    gap = {steps: by_start.mean(axis=1) for steps, by_start in gaps.items()}
    best = late[list(STARTS)].min(axis=1)
    return [
        ordering(
            "hard-start",
            f"After {few} steps gradient from landmarks beats gradient from a random start on "
            "held-out text (log ratio).",
            mean_interval(early[RANDOM_START] - early[LANDMARK_START], over="seeds"),
            source="the random start's error",
        ),
        ordering(
            "hard-no-gradient",
            f"Landmarks without gradient beat {few} steps from a random start on held-out text "
            "(log ratio).",
            mean_interval(early[RANDOM_START] - early[NO_GRADIENT], over="seeds"),
            source="the random start's error",
        ),
        ordering(
            "hard-mimicry",
            "Gradient on attention weights improves the units that it starts from on held-out "
            "text (log ratio).",
            mean_interval(late[NO_GRADIENT] - late[LANDMARK_START], over="seeds"),
            source=MIMICRY,
        ),
        ordering(
            "hard-inhibition",
            "Lateral inhibition without gradient beats every positive unit learned by "
            f"{most} steps of gradient on held-out text (log ratio).",
            mean_interval(best - late[INHIBITION], over="seeds"),
            source=NYSTROM,
        ),
        ordering(
            "hard-gap",
            "Units learned by gradient err more on held-out than on known passages (log ratio).",
            mean_interval(gap[most], over="seeds"),
            source="held-out equals known",
        ),
        ordering(
            "hard-gap-grows",
            "More steps of gradient widen the gap to held-out text (difference of log ratios).",
            mean_interval(gap[most] - gap[few], over="seeds"),
            source="the gap after fewer steps",
        ),
    ]
