"""What the page attention/inside_minilm asserts."""

from __future__ import annotations

import numpy as np

from brainbook.evidence.claims import Claim, identity, ordering
from brainbook.evidence.intervals import Interval, mean_interval
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED

from .measure import GATED, LATERAL, OVER, Inside
from .replacing import INTACT, MEAN
from .tasks import INPUTS, WORDS

PAPER = "kozachkov2023building"
ZERO = "zero: no difference"
COARSE = (
    "The mean over repetitions lies within its own 95% interval of zero: words alone solve most "
    "of this task, and so few queries do not resolve the difference that is left."
)


def claims(result: Inside) -> list[Claim]:
    """Page attention/inside_minilm: all that it asserts."""
    return [
        *identities(result),
        *retrieval(result),
        *baselines(result),
        *agreement(result),
        *drift(result),
    ]


def identities(result: Inside) -> list[Claim]:
    """What the running model rests on."""
    return [
        identity(
            "inside-path",
            "With exact attention in all heads the running model is the intact one.",
            result.path_gap,
        ),
    ]


def _ahead(result: Inside, measure: str, one: tuple[str, int], other: tuple[str, int]) -> Interval:
    """How far one setting, heads and units, is ahead of another on the same texts."""
    values, others = (result.by_repetition(measure, *setting) for setting in (one, other))
    return mean_interval(values - others, over=OVER)


def retrieval(result: Inside) -> list[Claim]:
    """Which circuits still find what belongs together? Differences in mean reciprocal rank."""
    few, middle, largest = result.few, result.middle, result.largest
    told = "(difference in MRR)"
    return [
        ordering(
            "inside-beats-published",
            f"With {middle} units a head, tuned circuits retrieve better than published random "
            f"ones {told}.",
            _ahead(result, "MRR", (LATERAL, middle), (PUBLISHED, middle)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-fewer-beat-published",
            f"{few} tuned units a head retrieve better than {middle} published random ones {told}.",
            _ahead(result, "MRR", (LATERAL, few), (PUBLISHED, middle)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-loss-shrinks",
            f"{largest} tuned units a head lose less than {few} {told}.",
            _ahead(result, "MRR", (LATERAL, largest), (LATERAL, few)),
            source=ZERO,
            after_looking=True,
            unresolved=COARSE,
        ),
        ordering(
            "inside-published-grows",
            f"{largest} published units a head retrieve better than {few} {told}.",
            _ahead(result, "MRR", (PUBLISHED, largest), (PUBLISHED, few)),
            source=PAPER,
            after_looking=True,
        ),
    ]


def baselines(result: Inside) -> list[Claim]:
    """Is it more than heads that look at nothing, or than words alone? Differences in MRR."""
    few, largest = result.few, result.largest
    told = "(difference in MRR)"
    return [
        ordering(
            "inside-beats-mean",
            f"Circuits of {few} tuned units in all heads retrieve better than heads that say to "
            f"every token what they say on average {told}.",
            _ahead(result, "MRR", (LATERAL, few), (MEAN, 0)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-published-below-mean",
            f"{few} published units a head retrieve worse than heads that say to every token what "
            f"they say on average {told}.",
            _ahead(result, "MRR", (MEAN, 0), (PUBLISHED, few)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-bad-attention",
            f"{few} published units a head retrieve worse than the model's input embeddings, "
            f"which no head has touched {told}.",
            _ahead(result, "MRR", (INPUTS, 0), (PUBLISHED, few)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-beats-words",
            f"With {largest} tuned units a head the model retrieves better than TF-IDF {told}.",
            _ahead(result, "MRR", (LATERAL, largest), (WORDS, 0)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-intact-beats-words",
            f"The intact model retrieves better than TF-IDF {told}.",
            _ahead(result, "MRR", (INTACT, 0), (WORDS, 0)),
            source=ZERO,
            after_looking=True,
        ),
    ]


def agreement(result: Inside) -> list[Claim]:
    """Does it still say the same? Differences in cosine to the intact model."""
    few, middle, largest = result.few, result.middle, result.largest
    told = "(difference in cosine)"
    return [
        ordering(
            "inside-agreement-grows",
            f"{largest} tuned units a head agree better with the intact model than {few} {told}.",
            _ahead(result, "cosine", (LATERAL, largest), (LATERAL, few)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-agreement-unbiased",
            f"With {middle} units a head, tuned circuits agree better with the intact model than "
            f"the best unbiased map {told}.",
            _ahead(result, "cosine", (LATERAL, middle), (UNBIASED, middle)),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-agreement-lateral",
            f"With {middle} units a head, lateral inhibition agrees better than positive rates "
            f"alone {told}.",
            _ahead(result, "cosine", (LATERAL, middle), (GATED, middle)),
            source=ZERO,
            after_looking=True,
        ),
    ]


def drift(result: Inside) -> list[Claim]:
    """How far what leaves the last layer is from the intact model's: log ratios of errors."""
    few, largest = (result.end_error(LATERAL, m) for m in (result.few, result.largest))
    mean = result.end_error(MEAN)
    return [
        ordering(
            "inside-drift-shrinks",
            f"What leaves the last layer errs less with {result.largest} tuned units a head than "
            f"with {result.few} (log ratio).",
            mean_interval(np.log(few / largest), over=OVER),
            source=ZERO,
            after_looking=True,
        ),
        ordering(
            "inside-drift-mean",
            f"With {result.few} tuned units a head it errs less than with heads that say to every "
            "token what they say on average (log ratio).",
            mean_interval(np.log(mean / few), over=OVER),
            source=ZERO,
            after_looking=True,
        ),
    ]
