"""Page attention/astrocytes: can neurons and astrocytes compute a transformer's attention?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from scipy import stats

from brainbook.evidence import facts, pretrained, store, style
from brainbook.evidence.claims import Claim
from brainbook.models import circuit_identities as identities
from brainbook.models import circuit_trials as real
from brainbook.models.astrocyte import write
from brainbook.models.circuit_error import PARTS, Problem, gaussian_problem, seeded
from brainbook.models.circuit_sweep import Sweep, gaussian_sweep, minilm_sweep
from brainbook.models.circuit_trials import Trace
from brainbook.models.feature_maps import MAPS, Positive
from brainbook.models.fitted_features import Recipe
from brainbook.models.vision_transformer import train_vit

PAPER = "kozachkov2023building"
SMALL, LARGE = 1_000, 100_000  # hidden units of the published traces
BERT_INIT = 0.02  # standard deviation of an untrained BERT's weights: the default of its config
GAUSSIAN = {  # d_head, variance of queries and keys
    "untrained, d = 32": (32, BERT_INIT**2 * 384),
    "untrained, d = 64": (64, BERT_INIT**2 * 768),
    "unit variance": (32, 1.0),
}
LAW = "untrained, d = 32"
WORDS = {"output": "output", "trace": "trace p", "block": "whole block"}
ORIGINALS = {  # title, layer, head (from 0); the middle layer is our reading of the description
    "albert-base-v2": ("ALBERT, first layer, head 5", 0, 5),
    "vit-base-patch16-224": ("ViT-Base, sixth layer, head 5", 5, 5),
}


def measure_gaussian(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/astrocytes, figure draw_error: twelve heads of Gaussian inputs a setting."""
    return gaussian_sweep(GAUSSIAN, units, seeds, tokens)


def measure_minilm(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/astrocytes, figures draw_error, draw_heads and draw_traces."""
    return minilm_sweep(units, (SMALL, LARGE), seeds, tokens)


@dataclass(frozen=True)
class Vision:
    """Columns seed, accuracy, units, error (trace, median head); the first seed's trace."""

    frame: pd.DataFrame
    trace: Trace

    def errors(self) -> pd.DataFrame:
        """Trace error: a row a seed, units across."""
        return self.frame.pivot(index="seed", columns="units", values="error")


def measure_vision(seeds: Sequence[int]) -> Vision:
    """Page attention/astrocytes, figure draw_traces: a small vision transformer on digits."""
    rows, traces = [], []
    for seed in seeds:
        trained = store.made_once(train_vit, seed=seed)
        errors, trace = real.vision_trial(trained, (SMALL, LARGE), seed)
        rows += [(seed, trained.test_accuracy, units, error) for units, error in errors.items()]
        traces.append(trace)
    return Vision(pd.DataFrame(rows, columns=["seed", "accuracy", "units", "error"]), traces[0])


def measure_originals(seed: int) -> list[Trace]:
    """Page attention/astrocytes, figure draw_traces: the heads of the published traces.

    Only of models that are on this machine already; the list is empty where there are none.
    """
    traces = []
    for name, (title, layer, head) in ORIGINALS.items():
        try:
            model, processor = pretrained.from_hub(name)
        except ValueError:  # not on this machine, and the page downloads nothing
            continue
        heads = real.original_heads(model, processor)
        traces.append(real.original_trace(heads, title, layer, head, (SMALL, LARGE), seed))
    return traces


def measure_maps(units: Sequence[int], seeds: Sequence[int], tokens: int = 196) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_maps: two heads a layer, or Gaussian ones.

    Columns input, map, units, seed, error (output, median head).
    """
    heads = real.minilm_input(seeds[0], tokens)
    some = (x[:, :2].flatten(0, 1) for x in (heads.query, heads.key, heads.value))
    problems = {
        LAW: gaussian_problem(12, tokens, *GAUSSIAN[LAW], seeded(41)),
        "MiniLM": Problem(*some),
    }
    tables = [
        real.map_trials(problem, [kind() for kind in MAPS], units, seeds).assign(input=name)
        for name, problem in problems.items()
    ]
    return pd.concat(tables, ignore_index=True)


def measure_fit(
    passages: Sequence[int],
    units: int,
    seeds: Sequence[int],
    steps: int,
    tokens: int = 196,
    per_text: int | None = None,
) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_fit: columns as in ``circuit_trials.fit_trials``."""
    recipe = Recipe(steps=steps)
    return real.fit_trials(passages, units, seeds, tokens, recipe, per_text=per_text)


def measure_budget(gaussian: Sweep, minilm: Sweep) -> pd.DataFrame:
    """Page attention/astrocytes, figure draw_budget: what one astrocyte's synapses allow.

    H with d_head outputs and m hidden units has d_head * m synapses. Columns species, bound,
    synapses, input, d_head, units and error (read off the measured curve, in logs).
    """
    rows = []
    for sweep, name, d_head in ((minilm, "MiniLM", 32), (gaussian, "untrained, d = 64", 64)):
        curve = sweep.curve("output", name).median()
        for species in ("rodent", "human"):
            for bound in ("low", "high"):
                synapses = facts.value("astrocyte_cells.csv", f"{species}_synapses_{bound}")
                units = int(synapses // d_head)
                error = np.exp(np.interp(np.log(units), np.log(curve.index), np.log(curve)))
                rows.append((species, bound, synapses, name, d_head, units, error))
    columns = ["species", "bound", "synapses", "input", "d_head", "units", "error"]
    return pd.DataFrame(rows, columns=columns)


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/astrocytes: largest deviations from identities, in float64."""
    return identities.deviations(seed)


def measure_pair_law(seeds: Sequence[int]) -> pd.Series:
    """Page attention/astrocytes: measured over closed-form variance of one pair, by seed."""
    return pd.Series({seed: identities.pair_ratio(seed) for seed in seeds})


def _band(ax: Axes, curves: pd.DataFrame, role: str, label: str, **line) -> tuple:
    """Median over seeds (rows) with their range; returns what label_ends needs."""
    shade, middle = style.colour(role), curves.median()
    ax.fill_between(curves.columns, curves.min(), curves.max(), color=shade, alpha=0.25, lw=0)
    ax.plot(curves.columns, middle, color=shade, **line)
    return label, float(curves.columns[-1]), float(middle.iloc[-1]), shade


def _level(ax: Axes, height: float, label: str, right: float, role: str, **line) -> tuple:
    """A value that does not depend on what runs along the axis; for label_ends too."""
    shade = style.colour(role)
    ax.plot([ax.get_xlim()[0], right], [height, height], color=shade, lw=1.1, **line)
    return label, right, height, shade


def _log_axes(ax: Axes, title: str, right: float = 1e9) -> None:
    """Hidden units and error in logs, with room for labels at the right."""
    ax.set(xscale="log", yscale="log", title=title, xlim=(12, right))
    ax.set_xticks([1e2, 1e3, 1e4, 1e5])
    ax.minorticks_off()


def draw_error(result: tuple[Sweep, Sweep]) -> Figure:
    """Page attention/astrocytes, figure draw_error: error against hidden units."""
    gaussian, minilm = result
    fig, axes = style.figure(2, 2, height=7, sharex=True, sharey="row")
    ends: dict[Axes, list] = {ax: [] for ax in axes.flat}
    for ax, part in zip(axes[0], PARTS, strict=True):
        _log_axes(ax, f"Gaussian inputs: {WORDS[part]}")
        for name, dash in zip(GAUSSIAN, ("-", "--", ":"), strict=True):
            curves = gaussian.curve(part, name)
            law = gaussian.constant(part, name) / np.sqrt(curves.columns.to_numpy(float))
            ax.plot(curves.columns, law, color=style.colour("ink"), lw=0.8, ls=dash)
            ends[ax].append(_band(ax, curves, "brain", name, ls=dash))
        for kind in ("uniform", "Taylor"):
            level = gaussian.baseline(kind, part, LAW)
            ends[ax].append(_level(ax, level, f"{kind}, d = 32", LARGE, "reference"))
    for ax, parts in ((axes[1, 0], PARTS), (axes[1, 1], ("block",))):
        _log_axes(ax, "MiniLM: 72 heads" if parts is PARTS else "MiniLM: six whole blocks")
        for part, dash in zip(parts, ("-", "--"), strict=False):
            ends[ax].append(_band(ax, minilm.curve(part), "brain", WORDS[part], ls=dash))
        for kind, dash in (("uniform", "-"), ("Taylor", "--")):
            level = minilm.baseline(kind, parts[0])
            label = f"{kind}, {WORDS[parts[0]]}"
            ends[ax].append(_level(ax, level, label, LARGE, "reference", ls=dash))
        guide = np.array([100, 10_000])
        height = 5 * minilm.curve(parts[0]).median().iloc[0] / np.sqrt(guide)
        ax.plot(guide, height, color=style.colour("ink"), lw=0.8)
        ends[ax].append(("slope -1/2", guide[1], height[1], style.colour("ink")))
        ax.set_xlabel("hidden units m")
    axes[0, 0].set(ylim=(1e-4, 6), ylabel="relative error")
    axes[1, 0].set(ylim=(0.015, 2), ylabel="relative error")
    for ax in axes.flat:
        style.label_ends(ax, ends[ax])
    return fig


def draw_heads(result: Sweep) -> Figure:
    """Page attention/astrocytes, figure draw_heads: every head, and what the closed form says."""
    rows = result.frame.query("part == 'output' and units == @LARGE")
    measured = rows.groupby(["layer", "head"])["error"].median()
    logs = result.laws.query("part == 'output'").groupby(["layer", "head"])["log10_c"].median()
    fig, (ax, plot) = style.figure(1, 2, height=3.6, width_ratios=[1.25, 1])
    shades = [style.colour("faint"), style.colour("brain")]
    shading = LinearSegmentedColormap.from_list("error", shades)
    ax.imshow(measured.unstack("head"), cmap=shading, vmin=0, vmax=1, aspect="auto")
    for (layer, head), error in measured.items():
        label = f"{error:.1f}".removeprefix("0")
        ax.text(head, layer, label, ha="center", va="center", fontsize=8)
    ax.set(xlabel="head", ylabel="layer", xticks=range(0, 12, 2))
    ax.set_title("output error at 100,000 units")
    ax.grid(False)
    plot.scatter(2 * logs + 2, measured, s=16, color=style.colour("brain"))
    plot.axhline(0.1, color=style.colour("reference"), lw=1)
    plot.axvline(np.log10(LARGE), color=style.colour("reference"), lw=1)
    plot.set_xscale("symlog", linthresh=10)
    plot.set_xticks([5, 10, 20, 50, 100], [f"$10^{{{x}}}$" for x in (5, 10, 20, 50, 100)])
    plot.set(xlabel="units for error 0.1, closed form", ylabel="measured error")
    return fig


def draw_traces(result: Sequence[Trace]) -> Figure:
    """Page attention/astrocytes, figure draw_traces: the circuit's trace over the transformer's."""
    fig, axes = style.figure(len(result), 2, 1.75 * len(result) + 0.4, sharey=True, squeeze=False)
    for row, trace in zip(axes, result, strict=True):
        frame = trace.frame()
        for ax, units in zip(row, (SMALL, LARGE), strict=True):
            ax.plot(frame["token"], frame["Z"], color=style.colour("transformer"), lw=2.4)
            ax.plot(frame["token"], frame[f"p_{units}"], color=style.colour("brain"), lw=1)
            over = frame[frame[f"p_{units}"] > 1.5]["token"]
            ax.plot(over, np.full(len(over), 1.47), "^", color=style.colour("brain"), ms=4)
            ax.set_title(f"{units:,} units", fontsize=9, loc="right")
            ax.set_ylim(0, 1.5)
        row[0].set_title(trace.title, fontsize=9)
        row[0].set_ylabel("trace / max Z")
    for ax in axes[-1]:
        ax.set_xlabel("token")
    return fig


def draw_maps(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes, figure draw_maps: the other feature maps."""
    fig, axes = style.figure(1, 2, height=3.8, sharey=True)
    axes[0].set(ylabel="relative error of the output")
    ends = {}
    for ax, (name, rows) in zip(axes, result.groupby("input", sort=False), strict=True):
        _log_axes(ax, name, right=1e8)
        ends[ax] = []
        for kind, dash in zip(MAPS, ("-", "--", "-.", ":", (0, (1, 4))), strict=True):
            curves = rows[rows["map"] == kind.name].pivot(
                index="seed", columns="units", values="error"
            )
            role = "brain" if kind is Positive else "hybrid"
            ends[ax].append(_band(ax, curves, role, kind.name, ls=dash))
        ax.set_xlabel("hidden units m")
    axes[0].set_ylim(result["error"].min() / 1.5, result["error"].max() * 1.5)
    for ax in axes:
        style.label_ends(ax, ends[ax])
    return fig


def draw_fit(result: pd.DataFrame) -> Figure:
    """Page attention/astrocytes, figure draw_fit: known passages against held-out ones."""
    fig, ax = style.figure(height=3.8)
    errors = _by_seed(result)
    last = result["fitted_on"].max()
    ax.set_xscale("log", base=2)
    ax.set(xlabel="calibration passages learned from", ylabel="relative error of the output")
    ax.set(ylim=(0, 1), xlim=(0.9, 2.6 * last))
    ends = []
    for split, words, dash in (("test", "held-out", "-"), ("calibration", "known", "--")):
        learned = errors["learned"].droplevel("units")[split].unstack("fitted_on")
        ends.append(_band(ax, learned, "hybrid", f"learned, {words}", ls=dash, marker="o"))
        random = errors["random"].droplevel("fitted_on").xs(split, level="split")
        for units, level in random.groupby("units").median().items():
            end = _level(ax, level, f"random, {units:,} units", last, "brain", ls=dash)
            ends += [end] if split == "test" else []
    ax.set_xticks(learned.columns, [str(count) for count in learned.columns])
    style.label_ends(ax, ends)
    return fig


def draw_budget(result: tuple[pd.DataFrame, Sweep, Sweep]) -> Figure:
    """Page attention/astrocytes, figure draw_budget: hidden units that one astrocyte can hold."""
    budget, gaussian, minilm = result
    fig, axes = style.figure(1, 2, height=3.6, sharey=True)
    for ax, (name, rows) in zip(axes, budget.groupby("input", sort=False), strict=True):
        sweep = minilm if name == "MiniLM" else gaussian
        _log_axes(ax, "MiniLM, d = 32" if sweep is minilm else f"Gaussian, {name}", right=3e5)
        _band(ax, sweep.curve("output", name), "brain", name)
        for species, cell in rows.groupby("species", sort=False):
            ax.axvspan(*cell["units"], color=style.colour("reference"), alpha=0.2, lw=0)
            ax.text(np.sqrt(cell["units"].prod()), 1.25, species, ha="center")
        for units in (SMALL, LARGE):
            ax.axvline(units, color=style.colour("ink"), lw=0.9, ls=":")
        ax.set(xlabel="hidden units m")
    axes[0].set(ylabel="relative error of the output", ylim=(0.03, 1.6))
    return fig


def _by_seed(fit: pd.DataFrame) -> pd.Series:
    """Median error over passages, by method, units, split, fitted_on and seed."""
    return fit.groupby(["method", "units", "split", "fitted_on", "seed"])["error"].median()


def half_width(values: pd.Series) -> float:
    """Half the 95% interval of the mean over independent seeds (Student's t).

    Raises
    ------
    ValueError : fewer than three values.
    """
    if len(values) < 3:
        raise ValueError(f"seeds: got {len(values)}; a tolerance needs at least 3")
    return float(stats.t.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)))


def slopes(gaussian: Sweep, part: str) -> pd.Series:
    """Slope per seed on untrained d = 32 heads, where the closed form allows error 0.1 or less."""
    return gaussian.slopes(part, LAW, (gaussian.constant(part, LAW) / 0.1) ** 2)


def tail_slopes(minilm: Sweep) -> pd.Series:
    """Slope of the output error per seed on MiniLM's median head, over the upper half of sizes."""
    sizes = minilm.curve("output").columns
    return minilm.slopes("output", "MiniLM", sizes[len(sizes) // 2])


def _law(name: str, told: str, values: pd.Series, expected: float, source: str) -> Claim:
    """A law that holds within the 95% interval of the mean over seeds."""
    tolerance = half_width(values)
    return Claim(f"astrocyte-{name}", told, "law", values.mean(), expected, tolerance, "1", source)


def _order(name: str, told: str, values: pd.Series, source: str, expected: float = 0) -> Claim:
    """An order that the mean over seeds must show beyond its 95% interval."""
    margin = half_width(values)
    return Claim(
        f"astrocyte-{name}", told, "ordering", values.mean(), expected, margin, "1", source
    )


def claims_exact(deviations: dict[str, float]) -> list[Claim]:
    """Page attention/astrocytes: identities, in float64."""
    told = {
        "by-token": "Hebbian updates token by token end at the synapses written at once.",
        "processes": "The astrocyte's updates token by token end at the sum over tokens.",
        "kernel": "The circuit is attention with the kernel φ(q)·φ(k) instead of exp(q·k).",
        "logs": "Reading in log space, block by block, gives the output of the plain matrices.",
        "absolute": "The trace keeps its absolute size in log space, with no smoothing constant.",
        "centring": "exp(q·k) splits into a centred part and factors of q alone and k alone.",
        "torch": "The softmax attention used here is torch's scaled_dot_product_attention.",
    }
    synapses, _ = write(torch.ones(1, SMALL), torch.ones(1, 64))
    count = "H has one synapse for each pair of an output and a hidden unit."
    return [
        Claim(f"astrocyte-{name}", told[name], "exact", gap, 0, 1e-10, "1", "identity: both sides")
        for name, gap in deviations.items()
    ] + [Claim("astrocyte-synapses", count, "exact", synapses.numel(), 64 * SMALL, 0, "1", "d m")]


def claims_gaussian(gaussian: Sweep, ratio: pd.Series) -> list[Claim]:
    """Page attention/astrocytes: the laws, where the closed form says that they apply."""
    told = "One pair's estimate has the relative variance of the closed form (ratio)."
    made = [_law("pair-variance", told, ratio, 1, "(e^R - 1)/m with R = |q + k|²")]
    for part in PARTS:
        told = f"On small Gaussian inputs the error of the {WORDS[part]} falls as m^(-1/2)."
        made.append(_law(f"slope-{part}", told, slopes(gaussian, part), -0.5, "m^(-1/2)"))
        told = f"The closed form gives the size of the {WORDS[part]} error, nothing fitted (ratio)."
        source = "sum over pairs of keys of a a' exp((q + k)·(q + k'))"
        made.append(_law(f"size-{part}", told, gaussian.squares(part, LAW), 1, source))
    ours = np.log(gaussian.curve("output", LAW).iloc[:, -1])
    told = (
        "On small Gaussian inputs a degree-2 Taylor kernel beats the largest circuit (log ratio)."
    )
    taylor = ours - np.log(gaussian.baseline("Taylor", "output", LAW))
    return [*made, _order("taylor-wins-on-gaussian", told, taylor, "the Taylor kernel's error")]


def claims_minilm(minilm: Sweep, vision: Vision) -> list[Claim]:
    """Page attention/astrocytes: what happens on the heads of trained transformers."""
    output, block = (np.log(minilm.curve(part)) for part in ("output", "block"))
    seen = np.log(vision.errors())
    base = {kind: np.log(minilm.baseline(kind, "output")) for kind in ("uniform", "Taylor")}
    blind = np.log(minilm.baseline("uniform", "block"))
    large, law = f"{LARGE:,} units", "slope -1/2"
    told = f"With {large} every MiniLM head's trace is nearer to Z than the best constant (ratio)."
    reason = (
        f"{(minilm.over_constant(LARGE) <= 1).sum()} of 72 heads fail: their keys and queries are "
        "long, and where R = |q + k|² is large the closed form asks for about e^R units."
    )
    worst = minilm.over_constant(LARGE).min()
    return [
        _order("more-units", f"On MiniLM {large} beat {SMALL:,} (log ratio of output errors).",
               output[SMALL] - output[LARGE], PAPER),
        _order("more-units-vision", f"On digits {large} beat {SMALL:,} (log ratio of traces).",
               seen[SMALL] - seen[LARGE], PAPER),
        _order("slower-than-law", "On MiniLM the error falls more slowly than m^(-1/2) (slope).",
               tail_slopes(minilm), law, -0.5),
        _order("beats-uniform", f"On MiniLM {large} beat uniform attention (log ratio).",
               base["uniform"] - output[LARGE], "uniform attention's error"),
        _order("beats-taylor", f"On MiniLM {large} beat the degree-2 Taylor kernel (log ratio).",
               base["Taylor"] - output[LARGE], "the Taylor kernel's error"),
        _order("block-beats-uniform", f"Blocks of {large} a head beat uniform attention.",
               blind - block[LARGE], "uniform attention's error"),
        Claim("astrocyte-every-head-follows", told, "ordering", worst, 1, 0, "1", PAPER, reason),
    ]  # fmt: skip


def claims_fit(fit: pd.DataFrame) -> list[Claim]:
    """Page attention/astrocytes: is it overfitting?"""
    errors = _by_seed(fit)
    learned = errors["learned"].droplevel("units").unstack("split")
    gap = (learned["test"] - learned["calibration"]).unstack("fitted_on")
    many = fit.query("method == 'random'")["units"].max()
    random = errors["random"][many].droplevel("fitted_on").unstack("split")
    final = learned["test"].unstack("fitted_on").iloc[:, -1]
    rows = fit.query("method == 'random' and units == @many")
    passages = rows.groupby(["split", "passage"])["error"].mean()
    known, unseen = passages["calibration"], passages["test"]
    scatter = np.sqrt(known.var() / len(known) + unseen.var() / len(unseen))
    tolerance = stats.t.ppf(0.975, min(len(known), len(unseen)) - 1) * scatter
    source, few = "zero: held-out equals known", fit.query("method == 'learned'")["units"].max()
    told = "Random units err as much on calibration passages as on test passages (difference)."
    return [
        Claim("astrocyte-random-has-no-gap", told, "law", unseen.mean() - known.mean(), 0,
              tolerance, "1", source),
        _order("one-passage-overfits", "Units learned from one passage err more on held-out text.",
               gap.iloc[:, 0], source),
        _order("gap-closes", "The gap to held-out text shrinks as units learn from more passages.",
               gap.iloc[:, 0] - gap.iloc[:, -1], source),
        _order("learned-beats-random", f"Held-out: {few} learned units beat {many:,} random.",
               np.log(random["test"] / final), "zhang2024hedgehog"),
    ]  # fmt: skip


def claims_cell(budget: pd.DataFrame, tokens: int) -> list[Claim]:
    """Page attention/astrocytes: what one cell can hold, and for how long."""
    held, needed = budget["synapses"].max(), 64 * LARGE
    slowest = facts.value("astrocyte_cells.csv", "soma_decay_high")
    lasts = tokens * facts.value("astrocyte_cells.csv", "process_rise_high")
    size = (
        "The published 100,000 units at d = 64 need more synapses than a human astrocyte reaches."
    )
    time = "Writing one token per calcium rise takes longer than the slowest calcium decay."
    return [
        Claim("astrocyte-published-size-exceeds-a-cell", size, "ordering", needed, held, 0,
              "synapses", "oberheim2009uniquely"),
        Claim("astrocyte-outlasts-calcium", time, "ordering", lasts, slowest, 0, "s",
              "depitta2012computational"),
    ]  # fmt: skip
