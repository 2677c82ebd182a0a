"""The claims of the page on learning rules, from its results."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from brainbook.evidence import facts, pretrained
from brainbook.evidence.claims import Claim
from brainbook.models.learning.rules import WIDTHS

from . import attention
from . import likeness as brain
from .laws import OjaRun
from .measure import (
    Laws,
    Rules,
)

SOURCES = {
    "backpropagation": "rumelhart1986learning", "sign symmetry": "liao2016how",
    "Kolen-Pollack": "kolen1994backpropagation", "feedback alignment": "lillicrap2016random",
    "direct feedback alignment": "nokland2016direct",
    "predictive coding": "whittington2017approximation",
    "equilibrium, two-sided": "laborieux2021scaling",
    "equilibrium, one-sided": "scellier2017equilibrium",
    "one-sided, patient": "scellier2017equilibrium",
    "Hebbian features": "oja1982simplified", "random features": "", "no hidden layer": "",
    "through time": "bellec2020solution", "e-prop, transposes": "bellec2020solution",
    "e-prop, random": "bellec2020solution",
}  # fmt: skip
HIDDEN, OUTPUTS = WIDTHS[1], WIDTHS[-1]
UNTIED = ("Kolen-Pollack", "feedback alignment", "direct feedback alignment", "e-prop, random")
LOCAL = ("predictive coding", "equilibrium, two-sided", "equilibrium, one-sided",
         "one-sided, patient", "Hebbian features")  # fmt: skip


def paired_gain(table: pd.DataFrame, better: str, worse: str, by: str) -> tuple[float, float]:
    """Mean and twice the standard error of the accuracy gained, in points, paired by seed."""
    wide = 100 * table.pivot(index="seed", columns=by, values="accuracy")
    gain = wide[better] - wide[worse]
    return float(gain.mean()), float(2 * gain.sem())


def _gain(id_: str, statement: str, table: pd.DataFrame, better: str, worse: str, by: str) -> Claim:
    mean, margin = paired_gain(table, better, worse, by)
    return Claim(f"plausibility-{id_}", statement, "ordering", mean, 0.0, margin,
                 "percentage points", "measured here")  # fmt: skip


def need_claims(needs: pd.DataFrame) -> list[Claim]:
    """What the rules need, from a table indexed by rule with the cells of ``objections``."""
    through_time = needs.loc["through time", "elsewhere"]
    return [
        Claim("plausibility-transport-none", "Rules whose way down is not copied from the weights "
              "do not notice when the weights above are replaced.", "exact",
              needs.loc[list(UNTIED), "transport"].max(), 0.0, 1e-10, "1",
              "closed form: the update does not contain the replaced weights"),
        Claim("plausibility-transport-backprop", "Backpropagation's update of layer one changes by "
              "more than its own size when the weights above are replaced.", "ordering",
              needs.loc["backpropagation", "transport"], 1.0, 0.1, "1", "measured here"),
        Claim("plausibility-elsewhere-backprop", "A synapse of layer one depends on every unit of "
              "the layer above, every output and every target.", "exact",
              needs.loc["backpropagation", "elsewhere"], HIDDEN + 2 * OUTPUTS, 1e-10, "neurons",
              "closed form: hidden units of layer two + 2 · outputs"),
        Claim("plausibility-elsewhere-direct", "With direct feedback it depends on outputs and "
              "targets only.", "exact", needs.loc["direct feedback alignment", "elsewhere"],
              2 * OUTPUTS, 1e-10, "neurons", "closed form: 2 · outputs"),
        Claim("plausibility-elsewhere-time", "Through time it depends on all other recurrent "
              "neurons as well.", "exact", through_time, HIDDEN - 1 + 2 * OUTPUTS, 1e-10,
              "neurons", "closed form: neurons − 1 + 2 · outputs"),
        Claim("plausibility-elsewhere-local", "In equilibrium propagation, predictive coding and "
              "Hebbian learning it depends on no third neuron.", "exact",
              needs.loc[list(LOCAL), "elsewhere"].max(), 0.0, 1e-10, "neurons",
              "closed form: products of what two neurons send"),
        Claim("plausibility-hindsight", "What e-prop learns from the first half of a sequence does "
              "not depend on the second.", "exact", needs.loc["e-prop, random", "hindsight"], 0.0,
              1e-10, "1", "closed form: a sum over the past"),
    ]  # fmt: skip


def law_claims(
    decay: pd.DataFrame, oja: OjaRun, gaps: Mapping[str, float], first: np.ndarray,
    slopes: Mapping[str, pd.Series],
) -> list[Claim]:  # fmt: skip
    """Identities and rates, from the results of ``learning_laws``."""
    found = [
        Claim("plausibility-kolen-pollack", "Equal changes and equal decay make the way down the "
              "transpose of the way up, geometrically.", "exact",
              float((decay["gap"] - decay["law"]).abs().max()), 0.0, 1e-10, "1",
              "closed form: (1 − λ)^t"),
        Claim("plausibility-fixed-prediction", "Predictive coding with fixed predictions gives "
              "backpropagation's change after as many steps as layers.", "exact", gaps["fixed"],
              0.0, 1e-10, "1", "rosenbaum2022relationship"),
        Claim("plausibility-eprop-order", "e-prop's sum over eligibility traces, formed step by "
              "step, equals the same products summed at once.", "exact", gaps["order"], 0.0, 1e-10,
              "1", "closed form: exchange of two sums over time"),
        Claim("plausibility-eprop-feedforward", "Where no spiking neuron acts on another, e-prop "
              "with the transposes is the gradient through time.", "exact", gaps["feedforward"],
              0.0, 1e-10, "1", "bellec2020solution"),
        Claim("plausibility-oja-norm", "Oja's rule brings the weights to length one.", "exact",
              float(np.abs(oja.norm - 1).max()), 0.0, 1e-10, "1", "oja1982simplified"),
        Claim("plausibility-oja-component", "Oja's rule finds the first principal component.",
              "exact", float((1 - oja.overlap).max()), 0.0, 1e-10, "1", "oja1982simplified"),
        Claim("plausibility-oja-rate", "It forgets the second component by the factor 1 − η(λ₁ − "
              "λ₂) a step.", "law", float(np.abs(oja.shrink - oja.law).max()), 0.0, 1e-6, "1",
              "closed form: linear stability at the first component"),
        Claim("plausibility-first-angle", "Before training, feedback alignment's change is at a "
              "right angle to the gradient on average.", "law", float(first.mean()), 0.0,
              3 * float(first.std(ddof=1)) / len(first) ** 0.5, "cosine",
              "closed form: random feedback is symmetric about zero"),
    ]  # fmt: skip
    for name, order, tolerance, statement, source in (
        ("one-sided", 1, 0.05, "Nudged one way, equilibrium propagation errs in proportion "
         "to the nudge.", "laborieux2021scaling"),
        ("two-sided", 2, 0.05, "Nudged both ways, it errs in proportion to the nudge "
         "squared.", "laborieux2021scaling"),
        ("precision", 1, 0.05, "Predictive coding departs from backpropagation in proportion "
         "to the weight of the output's error.", "whittington2017approximation"),
    ):  # fmt: skip
        found.append(Claim(f"plausibility-slope-{name}", statement, "law", slopes[name].mean(),
                           order, tolerance, "slope", source))  # fmt: skip
    return found


def training_claims(accuracy: pd.DataFrame, cosines: pd.Series) -> list[Claim]:
    """Orderings of held-out accuracy over seeds; ``cosines``: layer 1 after training, by seed."""
    fallen = paired_gain(accuracy, "equilibrium, two-sided", "one-sided, patient", "rule")
    gained = paired_gain(accuracy, "backpropagation", "sign symmetry", "rule")
    return [
        Claim("plausibility-alignment", "After training with feedback alignment, its change of "
              "layer one is less than a right angle from the gradient.", "ordering",
              float(cosines.mean()), 0.0, 3 * float(cosines.sem()), "cosine",
              "lillicrap2016random"),
        _gain("alignment-learns", "Feedback alignment reads more digits than a network whose "
              "hidden layers stay random.", accuracy, "feedback alignment", "random features",
              "rule"),
        _gain("patience-helps", "One-sided equilibrium propagation reads more digits when its free "
              "phase has time to settle.", accuracy, "one-sided, patient",
              "equilibrium, one-sided", "rule"),
        Claim("plausibility-one-sided-fails", "Given time to settle, one-sided nudging still falls "
              "far behind two-sided.", "ordering", fallen[0], 0.0, 10.0, "percentage points",
              "laborieux2021scaling", reason="The network has two hidden layers and an easy task; "
              "the published one is deep, convolutional and reads natural images."),
        _gain("eprop-random", "Through time, the gradient reads more digits than e-prop with "
              "random feedback.", accuracy, "through time", "e-prop, random", "rule"),
        Claim("plausibility-sign-normalisation", "Sign symmetry without normalisation falls behind "
              "backpropagation.", "ordering", gained[0], 0.0, gained[1], "percentage points",
              "liao2016how", reason="The network has two hidden layers of tanh units and an easy "
              "task; the published networks are deeper and convolutional."),
    ]  # fmt: skip


def attention_claims(digits: pd.DataFrame, recall: pd.DataFrame) -> list[Claim]:
    """What feedback alignment does to a transformer."""
    return [
        _gain("recall-learns", "Feedback alignment trains queries and keys: recall is better than "
              "with both frozen.", recall, "feedback alignment",
              "feedback alignment, attention frozen", "way"),
        _gain("digits-falls-behind", "On digits, a transformer trained by feedback alignment falls "
              "behind backpropagation.", digits, "backpropagation", "feedback alignment", "way"),
        _gain("digits-beats-readout", "On digits, it beats a transformer of which only the readout "
              "learns.", digits, "feedback alignment", "readout only", "way"),
    ]  # fmt: skip


def brain_claims(
    signs: pd.DataFrame, activity: pd.DataFrame, carried: float, context: pd.DataFrame,
    sizes: tuple[int, int], expected: float,
) -> list[Claim]:  # fmt: skip
    """What MiniLM has and lacks; ``sizes`` are its layers and width."""
    per_token = context["numbers"].diff().iloc[1:] / context["tokens"].diff().iloc[1:]
    mixed = expected - signs["majority"]
    sizes_seen = facts.value("plausibility.csv", "synapse_sizes")
    limit = facts.value("plausibility.csv", "active_neurons")
    return [
        Claim("plausibility-dale", "No feed-forward unit of MiniLM has outgoing weights of one "
              "sign only.", "exact", float((signs["majority"] == 1).sum()), 0.0, 1e-10, "units",
              "closed form: units · 2^(1 − weights) for random signs, far below one"),
        Claim("plausibility-mixed-signs", "Their signs are more evenly mixed than those of fair "
              "coins.", "ordering", 100 * float(mixed.mean()), 0.0, 300 * float(mixed.sem()),
              "percentage points", "closed form: E max(k, n − k)/n, k binomial"),
        Claim("plausibility-no-state", "Reading one text leaves no trace in the next.", "exact",
              carried, 0.0, 1e-10, "1", "closed form: no recurrent state"),
        Claim("plausibility-context", "Each token of context adds a key and a value per layer.",
              "exact", float(per_token.mean()), 2 * sizes[0] * sizes[1], 1e-10, "numbers",
              "closed form: 2 · layers · width"),
        Claim("plausibility-active", "A larger share of MiniLM's units is active than cortex can "
              "afford.", "ordering", 100 * float(activity["large"].mean()), limit, 1.0, "%",
              "lennie2003cost"),
        Claim("plausibility-synapse-bits", "The published count of synaptic strengths gives the "
              "published bits.", "number", float(np.log2(sizes_seen)),
              facts.value("plausibility.csv", "synapse_bits"), 0.05, "bits",
              "bartol2015nanoconnectomic"),
    ]  # fmt: skip


def claims(
    rules: Rules, result: Laws, table: pd.DataFrame, parts: dict[str, pd.DataFrame]
) -> list[Claim]:
    """Page limitations/plausibility: what it asserts, from the results of the functions above."""
    last = rules.history[rules.history["epoch"] == rules.history["epoch"].max()]
    aligned = last.query("rule == 'feedback alignment' and layer == 1")["cosine"]
    digits, recall = (table[table["task"] == task] for task in attention.SHAPES)
    config = pretrained.minilm()[0].config
    return [
        *need_claims(rules.needs),
        *law_claims(result.decay, result.oja, result.gaps, result.first, result.slopes),
        *training_claims(rules.accuracy, aligned),
        *attention_claims(digits, recall),
        *brain_claims(parts["signs"], parts["activity"], parts["carried"]["change"][0],
                           parts["context"], (config.num_hidden_layers, config.hidden_size),
                           brain.expected_majority(int(parts["signs"]["weights"].iloc[0]))),
    ]  # fmt: skip
