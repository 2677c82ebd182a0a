"""Page limitations/scale: what length costs, and what depth loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brainbook.evidence import pretrained, style
from brainbook.evidence.claims import Claim
from brainbook.models.astrocyte.error import seeded
from opjoules.counting.operations import count_operations

from . import claims as scale_claims
from . import collapse as scale_trials
from . import cost

WIDTH, HEADS, D_HEAD = 384, 12, 32  # MiniLM
LENGTHS = (16, 32, 64, 128, 256, 512)  # MiniLM reads no more
TIMED = (64, 128, 256, 512, 1024, 2048, 4096)
UNITS = (64, 256, 1024)  # drawn features a head
SHAPE = {"width": 64, "heads": 4, "tokens": 32}  # of random blocks
KINDS = {"softmax": "transformer", "fused": "reference", "elu": "spiking", "256": "brain"}
TEXT = {"softmax": "softmax", "fused": "softmax, fused", "elu": "linear, elu + 1"}
ROLES = {
    "attention": "brain", "attention, norm": "hybrid", "attention, norm, MLP": "spiking",
    "attention, norm, skip": "reference", "whole block": "transformer",
}  # fmt: skip
GAINS = (0.5, 1, 2, 4, 8, 16, 32)


def measure_counts() -> pd.DataFrame:
    """Page limitations/scale, figure draw_token_cost: MACs a token and block, counted.

    Rows ``part`` "model": MiniLM, its six blocks at each of :data:`LENGTHS`; "block": its first
    block alone at 6 d tokens, where the model has no positions. Columns tokens, layer, weights
    (linear layers), attention (products).
    """
    model, _ = pretrained.minilm()
    rows = []
    for tokens in LENGTHS:
        ids = torch.full((1, tokens), 1000)
        rows.append(_by_layer(count_operations(model, {"input_ids": ids}), tokens, "model"))
    longest = int(cost.crossover(WIDTH))
    states = torch.randn(1, longest, WIDTH, generator=seeded(0))
    table = count_operations(model.encoder.layer[0], {"hidden_states": states})
    rows.append(
        _by_layer(table.assign(layer="encoder.layer.0." + table["layer"]), longest, "block")
    )
    return pd.concat(rows, ignore_index=True)


def _by_layer(table: pd.DataFrame, tokens: int, part: str) -> pd.DataFrame:
    layer = table["layer"].str.extract(r"^encoder\.layer\.(\d+)\.")[0]
    sums = table.groupby([layer, "kind"])["macs"].sum().unstack("kind") / tokens
    found = pd.DataFrame({"weights": sums["linear"], "attention": sums["product"]})
    return found.reset_index(names="layer").assign(tokens=tokens, part=part)


def _modules(units: Sequence[int]) -> dict[str, torch.nn.Module]:
    """Attention of one layer, by name."""
    made = {"softmax": cost.SoftmaxAttention(), "fused": cost.FusedAttention()}
    made["elu"] = cost.LinearAttention(0, D_HEAD, HEADS, seeded(0))
    return made | {f"{m}": cost.LinearAttention(m, D_HEAD, HEADS, seeded(m)) for m in units}


def measure_linear_counts(longest: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_linear_cost: MACs a token of one layer's attention."""
    rows = []
    for tokens in [n for n in LENGTHS if n <= longest]:
        batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
        for kind, module in _modules(UNITS).items():
            macs = count_operations(module, batch)["macs"].sum() * HEADS / tokens
            rows.append((kind, tokens, macs))
    return pd.DataFrame(rows, columns=["kind", "tokens", "macs"])


def measure_costs(longest: int, repeats: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: seconds and bytes on one core."""
    rows = []
    with cost.one_thread():
        for tokens in [n for n in TIMED if n <= longest]:
            batch = cost.inputs(tokens, HEADS, D_HEAD, seeded(tokens))
            for kind, module in _modules([256]).items():
                held = cost.peak_bytes(lambda m=module, b=batch: m(*b))
                times = cost.seconds(lambda m=module, b=batch: m(*b), repeats)
                rows += [(kind, tokens, i, s, held) for i, s in enumerate(times)]
    return pd.DataFrame(rows, columns=["kind", "tokens", "repeat", "seconds", "bytes"])


def measure_exponents(costs: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/scale, figure draw_attention_time: slopes over the three longest texts.

    Rows by kind; columns time (median over repeats), low, high, bytes.
    """
    longest = sorted(costs["tokens"].unique())[-3:]
    rows = costs[costs["tokens"].isin(longest)]
    found = {}
    for kind, some in rows.groupby("kind"):
        slopes = [cost.exponent(r["tokens"], r["seconds"]) for _, r in some.groupby("repeat")]
        memory = cost.exponent(some["tokens"], some["bytes"])
        found[kind] = (np.median(slopes), min(slopes), max(slopes), memory)
    return pd.DataFrame.from_dict(found, "index", columns=["time", "low", "high", "bytes"])


def measure_collapse(seeds: Sequence[int], layers: int, tokens: int, depth: int) -> pd.DataFrame:
    """Page limitations/scale, figures draw_rank_collapse, draw_doubling: residuals by depth."""
    drawn = scale_trials.random_table(seeds, layers, **SHAPE)
    return pd.concat([drawn, scale_trials.minilm_table(tokens, depth)], ignore_index=True)


def measure_growth(collapse: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/scale, figure draw_doubling: growth of the log residual, by run."""
    return scale_trials.growth_table(collapse)


def measure_one_layer(seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/scale, figure draw_cubic: residual after one layer against before."""
    return scale_trials.one_layer_table(seeds, **SHAPE)


def measure_sharpness(seeds: Sequence[int], depth: int) -> pd.DataFrame:
    """Page limitations/scale, figure draw_sharpness: layers until tokens are alike."""
    return scale_trials.sharpness_table(seeds, GAINS, depth, **SHAPE)


def measure_gaps(tokens: int) -> dict[str, float]:
    """Page limitations/scale: deviations from identities, in float64."""
    return scale_trials.gaps(tokens, 3)


def _lengths(ax: Axes, tokens: Sequence[int]) -> None:
    """Text lengths on a logarithmic axis."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(tokens, [f"{n}" for n in tokens])
    ax.set_xlabel("tokens")


def draw_token_cost(counts: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_token_cost."""
    fig, ax = style.figure(height=3.8)
    line = np.geomspace(LENGTHS[0], 3 * cost.crossover(WIDTH), 200)
    parts = (("weights", "reference", np.full(200, 12.0 * WIDTH**2)),
             ("attention", "transformer", cost.softmax_macs(WIDTH, line)))  # fmt: skip
    ends = []
    for name, role, formula in parts:
        ax.plot(line, formula / 1e6, color=style.colour(role), lw=1.2)
        ax.plot(counts["tokens"], counts[name] / 1e6, "o", ms=6, color=style.colour(role))
        ends.append((name, line[-1], formula[-1] / 1e6, style.colour(role)))
    total = cost.block_macs(WIDTH, line) / 1e6
    ax.plot(line, total, color=style.colour("ink"), ls="--", lw=1.2)
    ends.append(("both", line[-1], total[-1], style.colour("ink")))
    ax.axvline(cost.crossover(WIDTH), color=style.colour("ink"), lw=0.8, ls=":")
    ax.annotate("6 d", (cost.crossover(WIDTH), 0.02), (4, 0), textcoords="offset points")
    ax.set(xscale="log", yscale="log", xlabel="tokens", ylabel="million MACs a token and block")
    ax.set_xlim(line[0], line[-1])
    style.label_ends(ax, ends, gap=0.07)
    return fig


def draw_linear_cost(linear: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_linear_cost."""
    fig, (ax, meet) = style.figure(1, 2, 3.6)
    ends = []
    names = {f"{m}": f"m = {m:,}" for m in UNITS} | TEXT
    for kind, rows in linear[linear["kind"] != "fused"].groupby("kind", sort=False):
        shade = style.colour({"softmax": "transformer", "elu": "spiking"}.get(kind, "brain"))
        ax.plot(rows["tokens"], rows["macs"] / 1e6, "o-", ms=4, lw=1.2, color=shade)
        ends.append((names[kind].replace("linear, ", ""), rows["tokens"].max(),
                     rows["macs"].iloc[-1] / 1e6, shade))  # fmt: skip
    _lengths(ax, LENGTHS)
    ax.set(yscale="log", ylabel="million MACs a token")
    style.label_ends(ax, ends, gap=0.08)
    slope = linear[linear["kind"] == "softmax"].eval("macs / tokens").mean()
    units = np.geomspace(16, 2048, 50)
    shade = style.colour("brain")
    meet.plot(units, cost.linear_crossover(WIDTH, HEADS, units, True), color=shade, lw=1.2)
    counted = linear.groupby("kind")["macs"].mean() / slope
    meet.plot(UNITS, [counted[f"{m}"] for m in UNITS], "o", color=shade)
    meet.plot([D_HEAD], [counted["elu"]], "D", color=style.colour("spiking"))
    meet.annotate("elu + 1", (D_HEAD, counted["elu"]), (6, -4), textcoords="offset points",
                  color=style.colour("spiking"))  # fmt: skip
    meet.axhline(LENGTHS[-1], color=style.colour("reference"), ls="--", lw=1)
    meet.annotate("MiniLM reads no more", (2048, LENGTHS[-1]), (0, -11), fontsize=8, ha="right",
                  textcoords="offset points", color=style.colour("reference"))  # fmt: skip
    meet.set(xscale="log", yscale="log", xlabel="features a head", ylabel="break-even (tokens)")
    return fig


def draw_attention_time(costs: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_attention_time."""
    fig, axes = style.figure(1, 2, 3.8)
    for ax, column, factor in zip(axes, ("seconds", "bytes"), (1e3, 1e-6), strict=True):
        ends = []
        for kind, rows in costs.groupby("kind", sort=False):
            shade = style.colour(KINDS[kind])
            found = factor * rows.groupby("tokens")[column].agg(["median", "min", "max"])
            ax.fill_between(found.index, found["min"], found["max"], color=shade, alpha=0.2, lw=0)
            ax.plot(found.index, found["median"], "o-", ms=4, lw=1.4, color=shade)
            text = TEXT.get(kind, f"linear, m = {kind}")
            ends.append((text, found.index[-1], found["median"].iloc[-1], shade))
        _lengths(ax, sorted(costs["tokens"].unique())[::2])
        ax.set(yscale="log")
        style.label_ends(ax, ends, gap=0.07)
    axes[0].set_ylabel("milliseconds")
    axes[1].set_ylabel("megabytes at the peak")
    return fig


def _curves(ax: Axes, rows: pd.DataFrame, roles: Mapping[str, str]) -> None:
    """Median over runs with the range, one curve for each set of parts."""
    for parts, role in roles.items():
        found = rows[rows["parts"] == parts].groupby("depth")["residual"]
        shade, middle = style.colour(role), found.median()
        ax.fill_between(middle.index, found.min(), found.max(), color=shade, alpha=0.2, lw=0)
        ax.plot(middle.index, middle, "o-", ms=3, lw=1.4, color=shade, label=parts)


def draw_rank_collapse(collapse: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_rank_collapse."""
    fig, axes = style.figure(1, 2, 4.4, sharey=True)
    state = collapse[collapse["followed"] == "state"]
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        _curves(ax, state[state["weights"] == weights], ROLES)
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights")
    axes[1].axvline(scale_claims.LAYERS, color=style.colour("ink"), lw=0.8, ls=":")
    axes[0].set_ylabel("relative residual")
    axes[0].legend(loc="center right", fontsize=8)
    return fig


def draw_doubling(collapse: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_doubling."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    apart = collapse[collapse["followed"] == "residual"]
    apart = apart[apart["residual"] > scale_trials.SMALLEST]
    place = ["weights", "parts", "depth"]
    alive = apart.groupby(place)["run"].transform("size")
    apart = apart[alive == apart.groupby(place[:2])["run"].transform("nunique")]
    apart = apart.assign(residual=-np.log10(apart["residual"]))
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        rows = apart[apart["weights"] == weights]
        _curves(ax, rows, {name: ROLES[name] for name in scale_trials.PURE})
        top = rows.groupby("depth")["residual"].median()
        steps = np.arange(1, rows["depth"].max() + 1)
        ax.plot(steps, top[3] * 3.0 ** (steps - 3), ls="--", lw=1, color=style.colour("ink"))
        ax.set(yscale="log", xlabel="layers", title=f"{weights} weights", ylim=(0.005, 400))
    axes[0].set_ylabel("decimal places lost")
    axes[0].legend(loc="lower right", fontsize=8)
    return fig


def draw_cubic(layer: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_cubic."""
    fig, axes = style.figure(1, 2, 3.6, sharey=True)
    for ax, weights in zip(axes, ("random", "MiniLM"), strict=True):
        for _, rows in layer[layer["weights"] == weights].groupby("run"):
            ax.plot(rows["before"], rows["leading"], lw=0.8, color=style.colour("ink"))
            ax.plot(rows["before"], rows["after"], "o", ms=4, color=style.colour("brain"))
        ax.set(xscale="log", yscale="log", xlabel="residual before", title=f"{weights} weights")
    axes[0].set_ylabel("residual after one layer")
    return fig


def draw_sharpness(sharp: pd.DataFrame) -> Figure:
    """Page limitations/scale, figure draw_sharpness."""
    fig, ax = style.figure(height=3.4)
    ends = []
    for (weights, rows), role in zip(
        sharp.groupby("weights"), ("transformer", "brain"), strict=True
    ):
        found, shade = rows.groupby("gain")["layers"], style.colour(role)
        middle = found.median()
        ax.fill_between(middle.index, found.min(), found.max(), color=shade, alpha=0.2, lw=0)
        ax.plot(middle.index, middle, "o-", color=shade)
        ends.append((f"{weights} weights", middle.index[-1], middle.iloc[-1], shade))
    ax.set(xlabel="factor on all scores", ylabel="layers until tokens are alike")
    ax.set_xscale("log", base=2)
    ax.set_xticks(GAINS, [f"{gain:g}" for gain in GAINS])
    style.label_ends(ax, ends, gap=0.09)
    return fig


def claims(
    counts: pd.DataFrame,
    linear: pd.DataFrame,
    costs: pd.DataFrame,
    collapse: pd.DataFrame,
    growth: pd.DataFrame,
    layer: pd.DataFrame,
    gaps: Mapping[str, float],
) -> list[Claim]:
    """Page limitations/scale: what it asserts, from the results of the functions above."""
    return [
        *scale_claims.counting_claims(counts, linear, WIDTH, HEADS, UNITS),
        *scale_claims.memory_claims(costs, WIDTH, HEADS),
        *scale_claims.collapse_claims(collapse, growth, layer, gaps),
    ]  # fmt: skip
