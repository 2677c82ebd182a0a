"""The claims of the page on learning rules, from its results.

Repetitions are splits of the same digits with weights of their own; splits share images, and the
page says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, ordering
from brainbook.evidence.intervals import error_interval, mean_interval
from brainbook.models.learning.rules import WIDTHS

from .attention import ALIGNMENT, ALIGNMENT_FROZEN, BACKPROPAGATION, DIGITS, READOUT, RECALL
from .laws import Laws, OjaRun
from .likeness import Parts
from .measure import Rules
from .result import SPLITS, Result, gain
from .settings import LOCAL, UNTIED

HIDDEN, OUTPUTS = WIDTHS[1], WIDTHS[-1]
POINTS, HERE = "percentage points", "measured here"


def transport_claims(needs: pd.DataFrame, seeds: int) -> list[Claim]:
    """Who copies the weights: ``needs`` is indexed by rule, with the cells of ``objections``."""
    backprop = needs.loc["backpropagation"]
    return [
        identity(
            "plausibility-transport-none",
            "Rules whose way down is not copied from the weights do not notice when the weights "
            "above are replaced.",
            needs.loc[list(UNTIED), "transport"].max(),
            source="closed form: the update does not contain the replaced weights",
        ),
        ordering(
            "plausibility-transport-backprop",
            "Backpropagation's update of layer one changes by more than its own size when the "
            "weights above are replaced.",
            error_interval(backprop["transport"], backprop["transport_error"], seeds, over=SPLITS),
            expected=1.0,  # its own size
            source=HERE,
        ),
    ]


def locality_claims(needs: pd.DataFrame) -> list[Claim]:
    """How many other neurons a change depends on, and whether on the future."""
    elsewhere = needs["elsewhere"]
    return [
        identity(
            "plausibility-elsewhere-backprop",
            "A synapse of layer one depends on every unit of the layer above, every output and "
            "every target.",
            elsewhere["backpropagation"],
            expected=HIDDEN + 2 * OUTPUTS,
            unit="neurons",
            source="closed form: hidden units of layer two + 2 · outputs",
            role="finding",
        ),
        identity(
            "plausibility-elsewhere-direct",
            "With direct feedback it depends on outputs and targets only.",
            elsewhere["direct feedback alignment"],
            expected=2 * OUTPUTS,
            unit="neurons",
            source="closed form: 2 · outputs",
            role="finding",
        ),
        identity(
            "plausibility-elsewhere-time",
            "Through time it depends on all other recurrent neurons as well.",
            elsewhere["through time"],
            expected=HIDDEN - 1 + 2 * OUTPUTS,
            unit="neurons",
            source="closed form: neurons − 1 + 2 · outputs",
            role="finding",
        ),
        identity(
            "plausibility-elsewhere-local",
            "In equilibrium propagation, predictive coding and Hebbian learning it depends on no "
            "third neuron.",
            elsewhere[list(LOCAL)].max(),
            unit="neurons",
            source="closed form: products of what two neurons send",
            role="finding",
        ),
        identity(
            "plausibility-hindsight",
            "What e-prop learns from the first half of a sequence does not depend on the second.",
            needs.loc["e-prop, random", "hindsight"],
            source="closed form: a sum over the past",
            role="finding",
        ),
    ]


def identity_claims(decay: pd.DataFrame, gaps: Mapping[str, float]) -> list[Claim]:
    """What holds to rounding."""
    return [
        identity(
            "plausibility-kolen-pollack",
            "Equal changes and equal decay make the way down the transpose of the way up, "
            "geometrically.",
            (decay["gap"] - decay["law"]).abs().max(),
            source="closed form: (1 − λ)^t",
        ),
        identity(
            "plausibility-fixed-prediction",
            "Predictive coding with fixed predictions gives backpropagation's change after as many "
            "steps as layers.",
            gaps["fixed"],
            source="rosenbaum2022relationship",
        ),
        identity(
            "plausibility-eprop-feedforward",
            "Where no spiking neuron acts on another, e-prop with the transposes is the gradient "
            "through time.",
            gaps["feedforward"],
            source="bellec2020solution",
        ),
    ]


def oja_claims(oja: OjaRun) -> list[Claim]:
    """Where Oja's rule ends, and how fast."""
    return [
        identity(
            "plausibility-oja-norm",
            "Oja's rule brings the weights to length one.",
            np.abs(oja.norm - 1).max(),
            source="oja1982simplified",
        ),
        identity(
            "plausibility-oja-component",
            "Oja's rule finds the first principal component.",
            (1 - oja.overlap).max(),
            source="oja1982simplified",
        ),
        law(
            "plausibility-oja-rate",
            "It forgets the second component by the factor 1 − η(λ₁ − λ₂) a step.",
            np.abs(oja.shrink - oja.law).max(),
            expected=0,
            precision=1e-6,  # what is left of the second component where the factor is taken
            source="closed form: linear stability at the first component",
            role="check",
        ),
    ]


def rate_claims(laws: Laws) -> list[Claim]:
    """Slopes of the errors, and the first angle of random feedback.

    At the small nudges and weights of which the slopes are taken, the next order of the expansion
    still moves a slope by a few hundredths: that is the closed form's own approximation.
    """
    by_law = {name: mean_interval(slopes, over=SPLITS) for name, slopes in laws.slopes.items()}
    expansion = {"precision": 0.05, "approximation": 0.05, "unit": "slope"}
    return [
        law(
            "plausibility-first-angle",
            "Before training, feedback alignment's change is at a right angle to the gradient on "
            "average.",
            mean_interval(laws.first, over="drawn networks"),
            expected=0,
            precision=0.05,  # three degrees
            unit="cosine",
            source="closed form: random feedback is symmetric about zero",
        ),
        law(
            "plausibility-slope-one-sided",
            "Nudged one way, equilibrium propagation errs in proportion to the nudge.",
            by_law["one-sided"],
            expected=1,
            source="laborieux2021scaling",
            **expansion,
        ),
        law(
            "plausibility-slope-two-sided",
            "Nudged both ways, it errs in proportion to the nudge squared.",
            by_law["two-sided"],
            expected=2,
            source="laborieux2021scaling",
            **expansion,
        ),
        law(
            "plausibility-slope-precision",
            "Predictive coding departs from backpropagation in proportion to the weight of the "
            "output's error.",
            by_law["precision"],
            expected=1,
            source="whittington2017approximation",
            **expansion,
        ),
    ]


def training_claims(
    rules: Rules, close: pd.DataFrame, published: Mapping[str, float]
) -> list[Claim]:
    """Orderings of held-out accuracy, and alignment; ``close``: two rules over more splits."""
    read = rules.accuracy
    gap = published["ep_one_sided"] - published["ep_two_sided"]
    return [
        ordering(
            "plausibility-alignment",
            "After training with feedback alignment, its change of layer one is less than a right "
            "angle from the gradient.",
            mean_interval(rules.last_cosine["feedback alignment"], over=SPLITS),
            unit="cosine",
            source="lillicrap2016random",
        ),
        ordering(
            "plausibility-alignment-learns",
            "Feedback alignment reads more digits than a network whose hidden layers stay random.",
            gain(close, "feedback alignment", "random features", "rule"),
            unit=POINTS,
            source=HERE,
        ),
        ordering(
            "plausibility-patience-helps",
            "One-sided equilibrium propagation reads more digits when its free phase has time to "
            "settle.",
            gain(read, "one-sided, patient", "equilibrium, one-sided", "rule"),
            unit=POINTS,
            source=HERE,
        ),
        ordering(
            "plausibility-one-sided-fails",
            "Given time to settle, one-sided nudging still falls behind two-sided by at least half "
            "of the published gap.",
            gain(read, "equilibrium, two-sided", "one-sided, patient", "rule"),
            expected=gap / 2,
            unit=POINTS,
            source="laborieux2021scaling",
            reason="The network has two hidden layers and an easy task; the published one is deep, "
            "convolutional and reads natural images.",
        ),
        ordering(
            "plausibility-eprop-random",
            "Through time, the gradient reads more digits than e-prop with random feedback.",
            gain(read, "through time", "e-prop, random", "rule"),
            unit=POINTS,
            source=HERE,
        ),
        ordering(
            "plausibility-sign-normalisation",
            "Sign symmetry without normalisation falls behind backpropagation.",
            gain(read, "backpropagation", "sign symmetry", "rule"),
            unit=POINTS,
            source="liao2016how",
            reason="The network has two hidden layers of tanh units and an easy task; the "
            "published networks are deeper and convolutional.",
        ),
    ]


def attention_claims(attention: pd.DataFrame) -> list[Claim]:
    """What feedback alignment does to a transformer."""
    digits, recall = (attention[attention["task"] == task] for task in (DIGITS, RECALL))
    return [
        ordering(
            "plausibility-recall-learns",
            "Feedback alignment trains queries and keys: recall is better than with both frozen.",
            gain(recall, ALIGNMENT, ALIGNMENT_FROZEN, "way", over="drawn networks"),
            unit=POINTS,
            source=HERE,
        ),
        ordering(
            "plausibility-digits-falls-behind",
            "On digits, a transformer trained by feedback alignment falls behind backpropagation.",
            gain(digits, BACKPROPAGATION, ALIGNMENT, "way"),
            unit=POINTS,
            source=HERE,
        ),
        ordering(
            "plausibility-digits-beats-readout",
            "On digits, it beats a transformer of which only the readout learns.",
            gain(digits, ALIGNMENT, READOUT, "way"),
            unit=POINTS,
            source=HERE,
        ),
    ]


def sign_claims(parts: Parts) -> list[Claim]:
    """The signs of MiniLM's weights against fair coins."""
    return [
        ordering(
            "plausibility-mixed-signs",
            "The signs of a unit's outgoing weights are more evenly mixed than those of fair coins "
            "(share of the commoner sign).",
            # Under fair coins, units are independent, though all are of one model.
            mean_interval(100 * (parts.fair - parts.signs["majority"]), over="units"),
            unit=POINTS,
            source="closed form: E max(k, n − k)/n, k binomial",
        ),
    ]


def claims(result: Result) -> list[Claim]:
    """Page limitations/plausibility: what it asserts, from the results of the functions above."""
    rules, laws = result.rules, result.laws
    return [
        *transport_claims(rules.needs, rules.accuracy["seed"].nunique()),
        *locality_claims(rules.needs),
        *identity_claims(laws.decay, laws.gaps),
        *oja_claims(laws.oja),
        *rate_claims(laws),
        *training_claims(rules, result.close, result.published),
        *attention_claims(result.attention),
        *sign_claims(result.minilm),
    ]
