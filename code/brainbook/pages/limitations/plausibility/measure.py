"""What the page limitations/plausibility measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.evidence.store import made_once
from brainbook.models.learning.training import SETTINGS, trial

from . import attention, laws
from . import claims as said
from . import likeness as brain
from .needs import objections

BETAS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


PRECISIONS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


DRAWS = 40


BITS = (3, 4, 5, 6, 7, 8, 10)


@dataclass(frozen=True)
class Rules:
    """Needs by rule; accuracy by rule and seed; tuning; angles over time; a settled cosine."""

    needs: pd.DataFrame
    accuracy: pd.DataFrame
    tuning: pd.DataFrame
    history: pd.DataFrame
    settled: float

    @property
    def table(self) -> pd.DataFrame:
        """The table of experiments, as shown."""
        scores = 100 * self.accuracy.groupby("rule")["accuracy"].agg(["mean", "std"])
        last = self.history[self.history["epoch"] == self.history["epoch"].max()]
        first = last[last["layer"] == 1].groupby("rule")["cosine"].mean()
        shown = self.needs.join(scores).join(first)
        shown["source"] = [said.SOURCES[name] for name in shown.index]
        names = {
            "transport": "change if weights above change", "phases": "phases", "steps": "steps",
            "elsewhere": "other neurons", "negative": "negative errors",
            "hindsight": "change if future changes", "cosine": "cosine to gradient",
            "mean": "accuracy, %", "std": "s.d.", "source": "source",
        }  # fmt: skip
        return shown[list(names)].rename(columns=names).rename_axis("rule").reset_index()


@dataclass(frozen=True)
class Laws:
    """Tables of three laws, the run of Oja's rule, exact gaps, first cosines and slopes."""

    decay: pd.DataFrame
    bias: pd.DataFrame
    gap: pd.DataFrame
    oja: laws.OjaRun
    gaps: dict[str, float]
    first: np.ndarray
    slopes: dict[str, pd.Series]

    @property
    def frame(self) -> pd.DataFrame:
        """The data of the figure."""
        parts = {"decay": self.decay, "bias": self.bias, "gap": self.gap}
        return pd.concat([table.assign(law_of=name) for name, table in parts.items()])


def measure_rules(seeds: Sequence[int]) -> Rules:
    """Page limitations/plausibility, figures draw_rule_accuracy and draw_alignment_angles."""
    needs, accuracy, tuning, history = {}, [], [], []
    for name in SETTINGS:
        table, trained = trial(name, seeds)
        needs[name] = objections(name, seeds)
        tuning.append(table)
        accuracy.append(pd.DataFrame({"seed": list(seeds), "accuracy": trained.accuracy}))
        accuracy[-1]["rule"] = name
        history.append(trained.history.assign(rule=name))
        if name == "equilibrium, two-sided":
            settled = laws.settled_cosine(trained.net, seeds)
    joined = (pd.concat(tables, ignore_index=True) for tables in (accuracy, tuning, history))
    return Rules(pd.DataFrame(needs).T, *joined, settled)


def measure_tuning(rules: Rules) -> pd.DataFrame:
    """Page limitations/plausibility: mean validation accuracy of each rule at each rate."""
    means = rules.tuning.groupby(["rule", "rate"], sort=False)["accuracy"].mean().reset_index()
    return means.assign(accuracy=100 * means["accuracy"]).rename(
        columns={"rate": "learning rate", "accuracy": "validation accuracy, %"}
    )


def measure_laws(seeds: Sequence[int]) -> Laws:
    """Page limitations/plausibility, figure draw_learning_laws."""
    seeds = tuple(seeds)
    bias = made_once(laws.nudging_bias, seeds=seeds, betas=BETAS)
    gap = laws.prediction_gap(seeds, PRECISIONS)
    small = bias[bias["beta"] <= 0.02]
    slopes = {
        "one-sided": laws.slope(small[~small["symmetric"]], "beta"),
        "two-sided": laws.slope(small[small["symmetric"]], "beta"),
        "precision": laws.slope(gap[gap["precision"] <= 0.01], "precision"),
    }
    gaps = laws.eprop_gaps(seeds) | {"fixed": laws.fixed_prediction_gap(seeds)}
    decay = laws.kolen_pollack_decay(seeds, 200)
    first = laws.first_cosines(range(DRAWS))
    return Laws(decay, bias, gap, laws.oja_run(seeds), gaps, first, slopes)


def measure_attention(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/plausibility, figure draw_feedback_attention: a row per task, way, seed."""
    tables = [attention.trials(task, seeds)[1] for task in attention.SHAPES]
    return pd.concat(tables, ignore_index=True)


def measure_minilm() -> dict[str, pd.DataFrame]:
    """Page limitations/plausibility, figure draw_minilm_parts: signs, activity, context, bits."""
    return {
        "signs": brain.outgoing_signs(),
        "activity": made_once(brain.hidden_activity),
        "context": brain.context_numbers((16, 64, 128)),
        "bits": made_once(brain.rounding, bits=BITS, documents=TEST_TEXTS[:5]),
        "carried": pd.DataFrame({"change": [brain.carried_over(*TEST_TEXTS[:2])]}),
    }


def measure_likeness(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Page limitations/plausibility: the table of properties, MiniLM against the brain."""
    return brain.likeness(parts)


def measure_headline(rules: Rules, attended: pd.DataFrame) -> dict[str, float]:
    """Page limitations/plausibility: numbers of the prose."""
    shown = rules.table.set_index("rule")
    names = {
        "backprop": "backpropagation", "sign": "sign symmetry", "kolen": "Kolen-Pollack",
        "aligned": "feedback alignment", "direct": "direct feedback alignment",
        "coding": "predictive coding", "both_ways": "equilibrium, two-sided",
        "one_way": "equilibrium, one-sided", "patient": "one-sided, patient",
        "hebbian": "Hebbian features", "random": "random features", "linear": "no hidden layer",
        "through_time": "through time", "eprop": "e-prop, random",
        "eprop_transposed": "e-prop, transposes",
    }  # fmt: skip
    found = {f"{key}_accuracy": shown.loc[name, "accuracy, %"] for key, name in names.items()}
    ends = np.degrees(np.arccos(shown["cosine to gradient"].clip(-1, 1)))
    found |= {f"{key}_angle": ends[name] for key, name in names.items()}
    means = 100 * attended.groupby(["task", "way"])["accuracy"].mean()
    keys = ("bp", "bp_frozen", "fa", "fa_frozen", "readout")
    for key, way in zip(keys, attention.WAYS, strict=True):
        for task in attention.SHAPES:
            if (task, way) in means.index:
                found[f"{task}_{key}"] = means[task, way]
    aligned = attended.query("task == 'recall' and way == 'feedback alignment'")
    found["query_cosine"] = aligned["cosine query0"].mean()
    return found | {"settled": rules.settled, "chance": 100 * attention.chance("recall")}
