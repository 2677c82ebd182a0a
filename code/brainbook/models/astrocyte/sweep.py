"""Error of the circuit against hidden units, on Gaussian inputs and on all heads of MiniLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainbook.evidence import facts
from brainbook.models.attention.softmax import relative_error_of_logs

from . import trials as real
from .error import gaussian_problem, seeded, sweep
from .error import slopes as slopes_of
from .trials import Trace


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

    def curve(self, part: str, name: str = "MiniLM") -> pd.DataFrame:
        """Median error over heads (over blocks for part ``block``): a row a seed, units across."""
        rows = self.frame.query("part == @part and input == @name")
        return rows.groupby(["seed", "units"])["error"].median().unstack()

    def baseline(self, kind: str, part: str, name: str = "MiniLM") -> float:
        """Error of a baseline: median over heads, then over seeds."""
        rows = self.baselines.query("part == @part and baseline == @kind and input == @name")
        return rows.groupby("seed")["error"].median().median()

    def constant(self, part: str, name: str) -> float:
        """The closed form's c, pooled over heads and seeds as a root mean square."""
        logs = self.laws.query("part == @part and input == @name")["log10_c"]
        return float(np.sqrt((10 ** (2 * logs)).mean()))

    def slopes(self, part: str, name: str, at_least: float) -> pd.Series:
        """Slope of log error against log units per seed, over sizes from ``at_least`` up."""
        rows = self.frame.query("part == @part and input == @name")
        return slopes_of(rows[rows["units"] >= at_least])

    def squares(self, part: str, name: str) -> pd.Series:
        """Mean square error at the largest size over the closed form's, per seed."""
        rows = self.frame.query("part == @part and input == @name")
        rows = rows[rows["units"] == rows["units"].max()]
        squares = (rows["error"] ** 2).groupby(rows["seed"]).mean()
        return squares * rows["units"].iloc[0] / self.constant(part, name) ** 2

    def over_constant(self, units: int) -> pd.Series:
        """Per head: trace error of the best constant over the circuit's (medians over seeds)."""
        trace = self.frame.query("part == 'trace' and units == @units")
        floor = self.baselines.query("part == 'trace' and baseline == 'uniform'")
        ours, constant = (
            rows.groupby(["layer", "head"])["error"].median() for rows in (trace, floor)
        )
        return constant / ours


def gaussian_sweep(
    settings: Mapping[str, tuple[int, float]],
    units: Sequence[int],
    seeds: Sequence[int],
    tokens: int,
    heads: int = 12,
) -> Sweep:
    """``settings``: name to (d_head, variance of queries and keys). ``heads`` heads a seed."""
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


def minilm_sweep(
    units: Sequence[int], published: Sequence[int], seeds: Sequence[int], tokens: int
) -> Sweep:
    """All 72 heads and six blocks on the first passage of a test document, another a seed.

    ``published`` sizes are added to ``units``. Traces are the first seed's best, median and
    worst head by trace error at the largest of them.
    """
    inputs = {seed: real.minilm_input(seed, tokens) for seed in seeds}
    problems = {seed: real.as_problem(heads) for seed, heads in inputs.items()}
    sizes = sorted({*units, *published})
    frame, floors, laws, readouts = sweep(problems.items(), sizes, 21)
    frames, all_floors = [real.place(frame)], [real.place(floors)]
    for seed, heads in inputs.items():
        outputs = {readout.units: readout.output for readout in readouts[seed]}
        blocks = real.block_errors(heads, outputs).rename(columns={"name": "units"})
        frames.append(blocks.assign(part="block", head=0, seed=seed))
        all_floors.append(real.block_baselines(heads).assign(part="block", head=0, seed=seed))
    first, (_, log_z) = seeds[0], problems[seeds[0]].exact()
    shown = [readout for readout in readouts[first] if readout.units in published]
    chosen = real.ranked(relative_error_of_logs(shown[-1].log_p, log_z))
    titles = [
        f"language, {rank}: layer {head // real.HEADS}, head {head % real.HEADS}"
        for rank, head in zip(("best", "median", "worst"), chosen, strict=True)
    ]
    tables = [
        pd.concat(parts, ignore_index=True).assign(input="MiniLM")
        for parts in (frames, all_floors, [real.place(laws)])
    ]
    return Sweep(*tables, traces=tuple(real.traces(titles, log_z, shown, chosen)))


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
