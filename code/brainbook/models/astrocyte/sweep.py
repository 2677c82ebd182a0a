"""Error of the circuit against hidden units, on Gaussian inputs and on all heads of MiniLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from brainbook.evidence import facts, store
from brainbook.evidence.intervals import log_slope
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, Heads, block_output, heads_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import (
    mean_of_values,
    relative_error,
    relative_error_of_logs,
    taylor_attention,
)

from .circuit import Readout
from .error import gaussian_problem, sweep

PUBLISHED = (1_000, 100_000)  # hidden units of the published traces


@dataclass(frozen=True)
class Trace:
    """One head's normaliser along its tokens: log Z (N,), and log|p| (N,) by hidden units."""

    title: str
    log_z: np.ndarray
    log_p: dict[int, np.ndarray]

    def frame(self) -> pd.DataFrame:
        """Columns title, token, Z, p_<units>, all divided by the largest Z."""
        top = self.log_z.max()
        columns = {f"p_{m}": np.exp(values - top) for m, values in self.log_p.items()}
        tokens = range(len(self.log_z))
        return pd.DataFrame(
            {"title": self.title, "token": tokens, "Z": np.exp(self.log_z - top)} | columns
        )


@dataclass(frozen=True)
class Sweep:
    """Frames with columns input, part (output, trace, block), units, seed, layer, head, error;
    in ``baselines`` baseline instead of units; in ``laws`` log10_c instead of units and error,
    where the closed form for the error is c / sqrt(m).
    """

    frame: pd.DataFrame
    baselines: pd.DataFrame
    laws: pd.DataFrame
    traces: tuple[Trace, ...] = ()

    def rows(self, part: str, name: str = "MiniLM") -> pd.DataFrame:
        """Rows of ``frame`` for one part and input."""
        return self.frame.query("part == @part and input == @name")

    def curve(self, part: str, name: str = "MiniLM") -> pd.DataFrame:
        """Median error over heads (over blocks for part ``block``): a row a seed, units across."""
        return self.rows(part, name).groupby(["seed", "units"])["error"].median().unstack()

    def floor(self, kind: str, part: str, name: str = "MiniLM") -> pd.Series:
        """Error of a baseline by seed: median over heads."""
        rows = self.baselines.query("part == @part and baseline == @kind and input == @name")
        return rows.groupby("seed")["error"].median()

    def baseline(self, kind: str, part: str, name: str = "MiniLM") -> float:
        """Error of a baseline: median over heads, then over seeds."""
        return self.floor(kind, part, name).median()

    def constant(self, part: str, name: str) -> float:
        """The closed form's c, pooled over heads and seeds as a root mean square."""
        logs = self.laws.query("part == @part and input == @name")["log10_c"]
        return float(np.sqrt((10 ** (2 * logs)).mean()))

    def law(self, part: str, name: str) -> pd.Series:
        """The closed form's error c / sqrt(m) at every number of units m."""
        units = self.curve(part, name).columns
        return pd.Series(self.constant(part, name) / np.sqrt(units.to_numpy(float)), index=units)

    def slopes(self, part: str, name: str, at_least: float) -> pd.Series:
        """Slope of log error against log units per seed, over sizes from ``at_least`` up.

        Raises
        ------
        ValueError : fewer than three sizes.
        """
        curve = self.curve(part, name).loc[:, at_least:]
        if curve.shape[1] < 3:
            raise ValueError(f"at_least: got {at_least}, which leaves {curve.shape[1]} sizes of 3")
        return pd.Series(log_slope(curve.columns, curve), index=curve.index)

    def squares(self, part: str, name: str, at_least: float) -> pd.Series:
        """Mean square error over a head's closed form, sizes from ``at_least`` up; by seed."""
        rows = self.rows(part, name).merge(self.laws, on=["input", "part", "seed", "layer", "head"])
        rows = rows[rows["units"] >= at_least]
        ratio = rows["error"] ** 2 * rows["units"] / 10 ** (2 * rows["log10_c"])
        return ratio.groupby(rows["seed"]).mean()

    def over_constant(self, units: int) -> pd.Series:
        """Trace error of the best constant over the circuit's, by seed, layer and head."""
        trace = self.rows("trace").query("units == @units")
        floor = self.baselines.query("part == 'trace' and baseline == 'uniform'")
        ours, constant = (
            rows.set_index(["seed", "layer", "head"])["error"] for rows in (trace, floor)
        )
        return constant / ours


def gaussian_sweep(
    settings: Mapping[str, tuple[int, float]],
    units: Sequence[int],
    seeds: Sequence[int],
    tokens: int,
    heads: int = 12,
) -> Sweep:
    """The circuit on Gaussian queries, keys and values.

    Parameters
    ----------
    settings : name to (d_head, variance of queries and keys).
    units : numbers of hidden units.
    seeds : of inputs and hidden units.
    tokens, heads : of each seed's input.
    """
    found = []
    for number, (name, (d_head, variance)) in enumerate(settings.items()):
        streams = {seed: seeded(11, number, seed) for seed in seeds}
        problems = {
            seed: gaussian_problem(heads, tokens, d_head, variance, stream)
            for seed, stream in streams.items()
        }
        *tables, _ = sweep(problems.items(), units, 12 + number)
        found.append([table.assign(input=name, layer=0) for table in tables])
    return Sweep(*(pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True)))


def sizes(log2_most: int) -> tuple[int, ...]:
    """Numbers of hidden units: powers of two from 16 to two to the power ``log2_most``."""
    return tuple(2**power for power in range(4, log2_most + 1))


def log10_units(log10_c: pd.Series, error: float) -> pd.Series:
    """Units with which the closed form's error c / sqrt(m) is ``error``: log10 of (c / error)^2."""
    return 2 * (log10_c - np.log10(error))


@store.kept
def minilm_sweep(
    documents: Mapping[int, Passage], units: Sequence[int], published: Sequence[int] = PUBLISHED
) -> Sweep:
    """All 72 heads and six blocks of MiniLM on held-out text.

    Parameters
    ----------
    documents : a passage for each seed that draws hidden units.
    units : numbers of hidden units.
    published : more of them. Traces are those of the first seed's best, median and worst head
        by trace error at the largest.
    """
    inputs = {seed: heads_on(ids) for seed, ids in documents.items()}
    problems = {seed: heads.problem.flatten(0, 1) for seed, heads in inputs.items()}
    frame, floors, laws, readouts = sweep(problems.items(), sorted({*units, *published}), 21)
    frames, all_floors = [place(frame)], [place(floors)]
    for seed, heads in inputs.items():
        outputs = {readout.units: readout.output for readout in readouts[seed]}
        blocks = block_errors(heads, outputs).rename(columns={"name": "units"})
        frames.append(blocks.assign(part="block", head=0, seed=seed))
        all_floors.append(block_baselines(heads).assign(part="block", head=0, seed=seed))
    first = next(iter(problems))
    shown = [readout for readout in readouts[first] if readout.units in published]
    tables = [
        pd.concat(parts, ignore_index=True).assign(input="MiniLM")
        for parts in (frames, all_floors, [place(laws)])
    ]
    return Sweep(*tables, traces=ranked_traces(problems[first].exact()[1], shown, "language, "))


def place(frame: pd.DataFrame, per_layer: int = HEADS) -> pd.DataFrame:
    """Split the flat number of a head of MiniLM into layer and head, both from 0.

    ``per_layer``: heads of every layer that the numbers count, the first ones.
    """
    return frame.assign(layer=frame["head"] // per_layer, head=frame["head"] % per_layer)


def block_errors(heads: Heads, outputs: Mapping[str | int, Tensor]) -> pd.DataFrame:
    """Relative error of each block's output with all its heads replaced: name, layer, error.

    ``outputs`` maps a name to head outputs (layers x heads, N, d_head). What enters a block is
    what the transformer itself puts there, so errors do not build up from layer to layer.
    """
    rows = []
    for name, flat in outputs.items():
        for layer, replaced in enumerate(flat.unflatten(0, (LAYERS, HEADS))):
            block = block_output(layer, replaced, heads.hidden[layer])
            error = relative_error(block, heads.hidden[layer + 1])
            rows.append({"name": name, "layer": layer, "error": error.item()})
    return pd.DataFrame(rows)


def block_baselines(heads: Heads) -> pd.DataFrame:
    """:func:`block_errors` of uniform and Taylor attention: baseline, layer, error."""
    problem = heads.problem.flatten(0, 1)
    outputs = {
        "uniform": mean_of_values(problem.value),
        "Taylor": taylor_attention(*problem.tensors)[0],
    }
    return block_errors(heads, outputs).rename(columns={"name": "baseline"})


def traces(
    titles: Sequence[str], log_z: Tensor, readouts: Sequence[Readout], chosen: Sequence[int]
) -> tuple[Trace, ...]:
    """:class:`Trace` of the flat heads ``chosen``, one title each."""
    return tuple(
        Trace(
            title,
            log_z.flatten(0, -2)[head].double().numpy(),
            {r.units: r.log_p.flatten(0, -2)[head].double().numpy() for r in readouts},
        )
        for title, head in zip(titles, chosen, strict=True)
    )


def trace_table(traces: Sequence[Trace]) -> pd.DataFrame:
    """The traces' frames, one below the other."""
    return pd.concat([trace.frame() for trace in traces])


def ranked(error: Tensor) -> tuple[int, int, int]:
    """Flat numbers of the heads with the least, the median (lower one) and the largest error."""
    order = error.flatten().argsort()
    return int(order[0]), int(order[(len(order) - 1) // 2]), int(order[-1])


def ranked_traces(log_z: Tensor, readouts: Sequence[Readout], kind: str = "") -> tuple[Trace, ...]:
    """Best, median and worst of MiniLM's heads by trace error in the last of the readouts.

    log_z : (layers x heads, N). ``kind`` begins the titles.
    """
    chosen = ranked(relative_error_of_logs(readouts[-1].log_p, log_z))
    titles = [
        f"{kind}{rank}: layer {head // HEADS}, head {head % HEADS}"
        for rank, head in zip(("best", "median", "worst"), chosen, strict=True)
    ]
    return traces(titles, log_z, readouts, chosen)


def budget(sweep: Sweep, name: str, d_head: int) -> pd.DataFrame:
    """Hidden units that the synapses of one astrocyte allow, and the output error there.

    H with d_head outputs and m hidden units has d_head * m synapses. Columns species, bound,
    synapses, input, d_head, units and error (read off the measured curve, in logs).
    """
    curve, rows = sweep.curve("output", name).median(), []
    for species in ("rodent", "human"):
        for bound in ("low", "high"):
            synapses = facts.value("astrocyte_cells.csv", f"{species}_synapses_{bound}")
            units = int(synapses // d_head)
            error = np.exp(np.interp(np.log(units), np.log(curve.index), np.log(curve)))
            rows.append((species, bound, synapses, name, d_head, units, error))
    columns = ["species", "bound", "synapses", "input", "d_head", "units", "error"]
    return pd.DataFrame(rows, columns=columns)
