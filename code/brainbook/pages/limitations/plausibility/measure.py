"""What the page limitations/plausibility measures on its learning rules.

Each seed picks each rule's learning rate on validation images, a part of its own training
images; the test images are scored once. Laws, attention and MiniLM have files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from brainbook.evidence import store
from brainbook.models.learning.equilibrium_propagation import EquilibriumPropagation
from brainbook.models.learning.rules import Net, cosine
from brainbook.models.learning.training import Setting, Trained, best_rates, train, tuned

from .images import first_images, open_digits, repetitions
from .needs import objections
from .settings import SETTINGS, SOURCES

CLOSE = ("feedback alignment", "random features")  # hardly apart over few repetitions
MORE = 2  # times as many repetitions for them
TWO_SIDED = "equilibrium, two-sided"
SETTLED_SWEEPS = 60
COLUMNS = {
    "transport": "change if weights above change",
    "phases": "phases",
    "steps": "steps",
    "elsewhere": "other neurons",
    "negative": "negative errors",
    "hindsight": "change if future changes",
    "cosine": "cosine to gradient",
    "mean": "accuracy, %",
    "std": "s.d.",
    "source": "source",
}


@dataclass(frozen=True)
class Trial:
    """One rule: its needs (a row of the table), validation accuracy by rate, and the training."""

    needs: dict[str, float]
    tuning: pd.DataFrame
    trained: Trained


@store.kept
def measure_rule(setting: Setting, seeds: Sequence[int]) -> Trial:
    """Page limitations/plausibility: one rule of :func:`measure_rules`."""
    digits = open_digits(seeds)
    tuning = tuned(setting, open_digits(seeds, "validation"), seeds)
    rates = best_rates(tuning).loc[list(seeds)].tolist()
    needs = objections(setting, seeds, *first_images(digits))
    return Trial(needs, tuning, train(setting, digits, seeds, rates, watch=True))


@dataclass(frozen=True)
class Rules:
    """All rules.

    needs : by rule, the cells of :func:`~.needs.objections`.
    accuracy : columns seed, accuracy, rule; of held-out images.
    tuning : columns seed, rate, rule, accuracy; of validation images.
    history : columns seed, epoch, layer, cosine, asymmetry, rule.
    settled : cosine of two-sided equilibrium propagation to the gradient, given time to settle.
    """

    needs: pd.DataFrame
    accuracy: pd.DataFrame
    tuning: pd.DataFrame
    history: pd.DataFrame
    settled: float

    @property
    def last_cosine(self) -> pd.DataFrame:
        """Cosine of layer 1 to the gradient after training, by seed (rows) and rule."""
        last = self.history[self.history["epoch"] == self.history["epoch"].max()]
        first_layer = last[last["layer"] == 1]
        return first_layer.pivot(index="seed", columns="rule", values="cosine")

    @property
    def angles(self) -> pd.DataFrame:
        """The history with a column angle, in degrees."""
        cosines = self.history["cosine"].clip(-1, 1)
        return self.history.assign(angle=np.degrees(np.arccos(cosines)))

    @property
    def table(self) -> pd.DataFrame:
        """The table of experiments, as shown."""
        scores = 100 * self.accuracy.groupby("rule")["accuracy"].agg(["mean", "std"])
        shown = self.needs.join(scores).join(self.last_cosine.mean().rename("cosine"))
        shown["source"] = [SOURCES[name] for name in shown.index]
        shown = shown[list(COLUMNS)].rename(columns=COLUMNS)
        return shown.rename_axis("rule").reset_index()


def measure_rules(seeds: Sequence[int], settings: Mapping[str, Setting] = SETTINGS) -> Rules:
    """Page limitations/plausibility, figures draw_rule_accuracy and draw_alignment_angles."""
    trials = {name: measure_rule(setting, seeds) for name, setting in settings.items()}
    return Rules(
        needs=pd.DataFrame({name: trial.needs for name, trial in trials.items()}).T,
        accuracy=_scores(trials, seeds),
        tuning=_joined({name: trial.tuning for name, trial in trials.items()}),
        history=_joined({name: trial.trained.history for name, trial in trials.items()}),
        settled=measure_settled(settings[TWO_SIDED], seeds),
    )


def _joined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    frames = [table.assign(rule=name) for name, table in tables.items()]
    return pd.concat(frames, ignore_index=True)


def _scores(trials: Mapping[str, Trial], seeds: Sequence[int]) -> pd.DataFrame:
    scores = {
        name: {"seed": list(seeds), "accuracy": t.trained.accuracy} for name, t in trials.items()
    }
    return _joined({name: pd.DataFrame(columns) for name, columns in scores.items()})


def measure_close(
    first: int, count: int, settings: Mapping[str, Setting] = SETTINGS
) -> pd.DataFrame:
    """Page limitations/plausibility: accuracy of ``CLOSE`` rules over more repetitions.

    ``MORE`` times ``count`` seeds from ``first`` on. Columns seed, accuracy, rule.
    """
    seeds = repetitions(first, MORE * count)
    return _scores({name: measure_rule(settings[name], seeds) for name in CLOSE}, seeds)


@store.kept
def measure_settled(setting: Setting, seeds: Sequence[int]) -> float:
    """Page limitations/plausibility: what a network trained by ``setting`` gives if it settles."""
    net = measure_rule(setting, seeds).trained.net
    return settled_cosine(net, *first_images(open_digits(seeds)))


def settled_cosine(
    net: Net, inputs: Tensor, targets: Tensor, beta: float = 0.02, sweeps: int = SETTLED_SWEEPS
) -> float:
    """Mean cosine of equilibrium propagation's layer 1 to the gradient, given time to settle.

    Parameters
    ----------
    net : trained by equilibrium propagation.
    inputs, targets : (replicas, batch, units), float64.
    beta : nudge.
    sweeps : over the layers, in each phase.
    """
    weights = [matrix.double() for matrix in net.weights]
    exact = Net(weights, net.feedback, net.direct)
    rule = EquilibriumPropagation(beta, True, sweeps, sweeps)
    activity = rule.run(exact, weights, inputs, targets).activity
    change = rule.gradients(activity, exact, weights)[0]
    truth = rule.true_gradients(exact, inputs, targets, 4 * sweeps)[0]
    return float(cosine(change, truth).mean())


def measure_tuning(rules: Rules) -> pd.DataFrame:
    """Page limitations/plausibility: mean validation accuracy of each rule at each rate."""
    means = rules.tuning.groupby(["rule", "rate"], sort=False)["accuracy"].mean().reset_index()
    return means.assign(accuracy=100 * means["accuracy"]).rename(
        columns={"rate": "learning rate", "accuracy": "validation accuracy, %"}
    )
