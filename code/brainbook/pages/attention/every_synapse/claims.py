"""What the page attention/every_synapse asserts; a repetition is a document."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import mean_interval

from .circuits import (
    BASELINE,
    EACH,
    GATED,
    INTERNEURONS,
    MEMBRANE,
    POOL,
    RECTIFIED,
    SHARED,
    UNSUMMED,
)
from .decoder import SO_FAR
from .measure import ANEW, ENSHEATHED, HUMAN, LEAKS, RODENT, SHAKEN, Measured, typical
from .noise import BASELINE as AROUND
from .noise import CELLS, INPUTS, PAIRED, SYNAPSES

PAPER, NYSTROM = "kozachkov2023building", "xiong2021nystromformer"


def claims(result: Measured) -> list[Claim]:
    """Page attention/every_synapse: all that it asserts."""
    return [*checks(result), *goals(result), *rivals(result), *others(result)]


def checks(result: Measured) -> list[Claim]:
    """Identities, in float64."""
    return [
        identity(
            "every-one-weight",
            "In the right coordinates a tuned unit reads and writes through the same weights.",
            result.deviations["weights"],
            source="q . k = (q root) . (k root^-T), S = root root^T",
        ),
        identity(
            "every-two-cells",
            "Cells above and below zero rest where the signed rates are, and none fires less "
            "than nothing.",
            result.deviations["cells"],
            source="tau du/dt = kappa - (K + leak) u",
        ),
    ]


def goals(result: Measured) -> list[Claim]:
    """Whether the median of all heads errs by less than the goal."""

    def goal(id: str, statement: str, circuit: str, budget: str, sign: int = 1) -> Claim:
        frame = result.divided
        part = frame[(frame["circuit"] == circuit) & (frame["budget"] == budget)]
        less = "less" if sign > 0 else "more"
        margin = "goal minus error" if sign > 0 else "error minus goal"
        units = int(part["units"].iloc[0])
        return ordering(
            id,
            f"{statement.format(units=units)}, and the median head errs by {less} than "
            f"{result.goal:g} ({margin}).",
            mean_interval(sign * (result.goal - typical(part)), over="documents"),
            source=PAPER,
            after_looking=True,
        )

    return [
        goal(
            "every-goal-reached",
            "If only what the astrocyte reaches counts, {units:,} tuned units of two cells, "
            "divided at each unit, fit into a rodent's",
            EACH,
            ENSHEATHED,
        ),
        goal(
            "every-goal-missed",
            "If every synapse counts, a human astrocyte's number allows {units:,} such units, "
            "even with constants chosen anew",
            EACH,
            ANEW,
            sign=-1,
        ),
        goal(
            "every-goal-membrane",
            "If the two cells of a unit share a membrane, and constants are chosen anew, it "
            "allows {units:,} units",
            MEMBRANE,
            ANEW,
        ),
        goal(
            "every-goal-baseline",
            "If cells fire around a baseline rate, it allows {units:,} units",
            BASELINE,
            HUMAN,
        ),
    ]


def rivals(result: Measured) -> list[Claim]:
    """Circuits within one budget, all synapses counted, on the same heads and documents."""

    def log_ratio(worse: str, better: str, budget: str) -> pd.Series:
        frame = result.rivals[result.rivals["budget"] == budget]
        return np.log(typical(frame, circuit=worse) / typical(frame, circuit=better))

    def beats(id: str, statement: str, worse: str, budget: str, source: str) -> Claim:
        found = mean_interval(log_ratio(worse, EACH, budget), over="documents")
        return ordering(id, f"{statement} (log ratio of errors).", found, source=source)

    return [
        beats(
            "every-division",
            "Divided at each unit and by the sum of rates the same units err less than divided "
            "once",
            POOL,
            HUMAN,
            NYSTROM,
        ),
        beats(
            "every-sum",
            "Divided at each unit they err less if divided by the sum of rates as well",
            UNSUMMED,
            HUMAN,
            NYSTROM,
        ),
        beats(
            "every-one-cell",
            "Within a human's budget two cells a unit err less than twice as many units of one "
            "cell, whose rates stay above zero",
            RECTIFIED,
            HUMAN,
            "rozell2008sparse",
        ),
        beats(
            "every-soft",
            "Within a rodent's budget they err less than ten times as many positive units without "
            "lateral synapses",
            GATED,
            RODENT,
            PAPER,
        ),
        beats(
            "every-interneurons",
            "Within a human's budget they err less than more units that inhibit each other "
            "through a quarter as many interneurons",
            INTERNEURONS,
            HUMAN,
            "williams2001nystrom",
        ),
        beats(
            "every-shared",
            "Within a human's budget they err less than three times as many units whose reading "
            "network all heads of a layer share",
            SHARED,
            HUMAN,
            PAPER,
        ),
    ]


def others(result: Measured) -> list[Claim]:
    """Noise, and another model."""
    noisy = result.noisy[result.noisy["leak"] == min(LEAKS)]
    quiet = typical(noisy, circuit=PAIRED, where=CELLS, noise=0)
    shaken = typical(noisy, circuit=PAIRED, where=SYNAPSES, noise=SHAKEN)
    inputs = typical(noisy, circuit=PAIRED, where=INPUTS, noise=SHAKEN)
    around = typical(noisy, circuit=AROUND, where=SYNAPSES, noise=SHAKEN)
    most = noisy["noise"].max()
    cancelled = typical(noisy, circuit=AROUND, where=CELLS, noise=most)
    soft = typical(result.rivals[result.rivals["budget"] == RODENT], circuit=GATED)

    def undone(id: str, where: str, errors: pd.Series) -> Claim:
        return ordering(
            id,
            f"With {SHAKEN:.0%} noise in {where}, two cells a unit within a human's budget err "
            "more than units without lateral synapses within a rodent's (log ratio).",
            mean_interval(np.log(errors / soft[errors.index]), over="documents"),
            source="what comes from outside is enlarged by (K + leak)^-1",
            after_looking=True,
        )

    wide = result.decoder[result.decoder["budget"] == RODENT]
    alike, tuned = typical(result.decoder, circuit=SO_FAR), typical(wide, circuit=EACH)
    return [
        ordering(
            "every-noise-cancelled",
            f"With {most:.0%} noise in every cell, the same for all that it reaches, cells around "
            "a baseline err less than a tenth more than quiet ones (log 1.1 minus log ratio).",
            mean_interval(np.log(1.1) - np.log(cancelled / quiet), over="documents"),
            after_looking=True,
            source="what a cell adds comes back to it as K (K + leak)^-1",
        ),
        undone("every-noise-synapses", "every synapse", shaken),
        undone("every-noise-inputs", "every input cell", inputs),
        ordering(
            "every-noise-baseline",
            f"With {SHAKEN:.0%} noise in every synapse, cells around a baseline err more than two "
            "cells a unit (log ratio).",
            mean_interval(np.log(around / shaken), over="documents"),
            after_looking=True,
            source="noise in proportion to what is passed on",
        ),
        ordering(
            "every-decoder",
            "On a decoder with wide heads, trained here, tuned units divided at each unit within "
            "a rodent's budget leave less than a third of the error of the mean of what was read "
            "(log ratio minus log 3).",
            mean_interval(np.log(alike / tuned) - np.log(3), over="documents"),
            source="what attends to nothing",
            after_looking=True,
        ),
    ]
