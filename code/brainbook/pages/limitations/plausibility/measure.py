"""Page limitations/plausibility: what learning rules need, and what of it a brain could have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import curves, facts, pretrained, style
from brainbook.evidence.claims import Claim
from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.evidence.store import made_once
from brainbook.models.learning.training import SETTINGS, trial

from . import attention, laws
from . import claims as said
from . import likeness as brain
from .needs import objections

SPIKING = ("through time", "e-prop, transposes", "e-prop, random")
BASELINES = ("random features", "no hidden layer")
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


def _role(name: str) -> str:
    if name in BASELINES:
        return "reference"
    return "brain" if name in (*said.UNTIED, "Hebbian features") else "transformer"


def _dots(ax: Axes, table: pd.DataFrame, names: Sequence[str], by: str, roles) -> None:
    """A row per name: every seed as a dot, the mean as a tick, in per cent."""
    for place, name in enumerate(names):
        values = 100 * table[table[by] == name]["accuracy"].to_numpy()
        shade = style.colour(roles(name))
        ax.plot(values, np.full(len(values), place), "o", ms=4, alpha=0.6, color=shade)
        ax.plot([values.mean()], [place], "|", ms=14, mew=2, color=shade)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="held-out accuracy (%)")


def draw_rule_accuracy(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_rule_accuracy."""
    flat = [name for name in SETTINGS if name not in SPIKING]
    fig, axes = style.figure(2, 1, 4.8, height_ratios=(len(flat), len(SPIKING)), sharex=True)
    for ax, names in zip(axes, (flat, SPIKING), strict=True):
        _dots(ax, rules.accuracy, names, "rule", _role)
    level = 100 * rules.accuracy.query("rule == 'random features'")["accuracy"].mean()
    axes[0].axvline(level, color=style.colour("reference"), ls="--", lw=1)
    axes[0].set(xlabel="", title="image at once")
    axes[1].set_title("row by row, spiking")
    return fig


def draw_alignment_angles(rules: Rules) -> Figure:
    """Page limitations/plausibility, figure draw_alignment_angles."""
    fig, (left, right) = style.figure(1, 2, 3.8, sharey=True)
    angles = rules.history.assign(angle=np.degrees(np.arccos(rules.history["cosine"].clip(-1, 1))))
    aligned = angles[angles["rule"] == "feedback alignment"]
    for layer, role, line in ((1, "brain", "-"), (2, "hybrid", "--")):
        for _, run in aligned[aligned["layer"] == layer].groupby("seed"):
            left.plot(run["epoch"], run["angle"], line, lw=1, color=style.colour(role))
        left.annotate(f"layer {layer}", (20, 20 if layer == 1 else 35),
                      color=style.colour(role))  # fmt: skip
    names = ("sign symmetry", "Kolen-Pollack", "direct feedback alignment", "predictive coding",
             "equilibrium, two-sided")  # fmt: skip
    ends, roles = [], ("transformer", "brain", "hybrid", "spiking", "reference")
    for name, role in zip(names, roles, strict=True):
        rows = angles[(angles["rule"] == name) & (angles["layer"] == 1)]
        ends.append(curves.over_seeds(right, rows, "epoch", role, name, y="angle"))
    for ax in (left, right):
        ax.axhline(90, color=style.colour("reference"), ls="--", lw=1)
        ax.set(xlabel="passes over the images", ylim=(0, 135), yticks=range(0, 136, 45))
    left.set(ylabel="angle to the gradient (degrees)", title="feedback alignment")
    right.set_title("others, layer 1")
    style.label_ends(right, ends)
    return fig


def draw_learning_laws(result: Laws) -> Figure:
    """Page limitations/plausibility, figure draw_learning_laws."""
    fig, (decay, nudge, code) = style.figure(1, 3, 3.4)
    mean = result.decay.groupby("step")[["gap", "law"]].mean()
    decay.plot(mean.index[::12], mean["gap"].iloc[::12], "o", ms=4, color=style.colour("brain"))
    decay.plot(mean.index, mean["law"], lw=0.9, color=style.colour("ink"))
    decay.set(yscale="log", xlabel="step", title="Kolen-Pollack:\nasymmetry left")
    for symmetric, role, order in ((False, "transformer", 1), (True, "brain", 2)):
        rows = result.bias[result.bias["symmetric"] == symmetric].groupby("beta")["error"]
        _law(nudge, rows, order, role, "both ways" if symmetric else "one way")
    nudge.set(xlabel="nudge β", title="equilibrium prop.:\nrelative error")
    _law(code, result.gap.groupby("precision")["error"], 1, "hybrid", "")
    code.set(xlabel="weight of output error", title="predictive coding:\nrelative error")
    return fig


def _law(ax: Axes, rows, order: int, role: str, label: str) -> None:
    mean, low, high = rows.mean(), rows.min(), rows.max()
    ax.fill_between(mean.index, low, high, color=style.colour(role), alpha=0.25, lw=0)
    ax.plot(mean.index, mean, "o", ms=4, color=style.colour(role))
    line = mean.iloc[0] * (mean.index / mean.index[0]) ** order
    ax.loglog(mean.index, line, lw=0.9, color=style.colour("ink"))
    ax.annotate(label, (mean.index[2], mean.iloc[2]), (4, -12), textcoords="offset points",
                color=style.colour(role), fontsize=9)  # fmt: skip


def draw_feedback_attention(table: pd.DataFrame) -> Figure:
    """Page limitations/plausibility, figure draw_feedback_attention."""
    fig, axes = style.figure(2, 1, 4.6, height_ratios=(3, 5), sharex=True)
    for ax, task in zip(axes, attention.SHAPES, strict=True):
        rows = table[table["task"] == task]
        _dots(ax, rows, attention.TRIED[task], "way",
              lambda name: "brain" if "alignment" in name else
              "reference" if "readout" in name else "transformer")  # fmt: skip
        ax.axvline(100 * attention.chance(task), color=style.colour("reference"), ls="--", lw=1)
        ax.set(title=task, xlim=(0, 102))
    axes[0].set_xlabel("")
    return fig


def draw_minilm_parts(parts: dict[str, pd.DataFrame]) -> Figure:
    """Page limitations/plausibility, figure draw_minilm_parts."""
    fig, (left, right) = style.figure(1, 2, 3.6)
    signs, shade = parts["signs"], style.colour("transformer")
    left.hist(100 * signs["majority"], bins=np.arange(50, 70, 0.5), color=shade)
    expected = 100 * brain.expected_majority(int(signs["weights"].iloc[0]))
    left.axvline(expected, color=style.colour("ink"), ls="--", lw=1)
    left.annotate("fair coins", (expected, 0.93), (5, 0), textcoords="offset points",
                  xycoords=("data", "axes fraction"))  # fmt: skip
    left.set(xlabel="weights of the commoner sign (%)", ylabel="hidden units", yscale="log")
    for name, role in (("weights", "brain"), ("everything", "transformer")):
        rows = parts["bits"][parts["bits"]["rounded"] == name].rename(columns={"document": "seed"})
        end = curves.over_seeds(right, rows, "bits", role, name, y="cosine", marker="o", ms=4)
        place = {"xy": (4.5, 0.97), "ha": "right"} if name == "weights" else {"xy": (7.5, 0.6)}
        right.annotate(name, color=end[-1], **place)
    known = facts.value("plausibility.csv", "synapse_bits")
    right.axvline(known, color=style.colour("reference"), ls="--", lw=1)
    right.annotate("a synapse", (known, 0.05), (5, 0), textcoords="offset points")
    right.set(xlabel="bits", ylabel="cosine to 32 bits", ylim=(0, 1.03))
    return fig


def claims(
    rules: Rules, result: Laws, table: pd.DataFrame, parts: dict[str, pd.DataFrame]
) -> list[Claim]:
    """Page limitations/plausibility: what it asserts, from the results of the functions above."""
    last = rules.history[rules.history["epoch"] == rules.history["epoch"].max()]
    aligned = last.query("rule == 'feedback alignment' and layer == 1")["cosine"]
    digits, recall = (table[table["task"] == task] for task in attention.SHAPES)
    config = pretrained.minilm()[0].config
    return [
        *said.need_claims(rules.needs),
        *said.law_claims(result.decay, result.oja, result.gaps, result.first, result.slopes),
        *said.training_claims(rules.accuracy, aligned),
        *said.attention_claims(digits, recall),
        *said.brain_claims(parts["signs"], parts["activity"], parts["carried"]["change"][0],
                           parts["context"], (config.num_hidden_layers, config.hidden_size),
                           brain.expected_majority(int(parts["signs"]["weights"].iloc[0]))),
    ]  # fmt: skip
