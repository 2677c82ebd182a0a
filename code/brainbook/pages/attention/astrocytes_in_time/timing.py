"""The circuit in time on real heads: MiniLM on held-out documents, one document a seed.

Frames have one row per head and setting, with columns seed, head (0 to 71) and error (relative,
of the output) or what the function names. ``Passage`` holds what does not depend on a setting.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.dynamics import Kernel, lag, smear, token_weights
from brainbook.models.astrocyte.error import errors
from brainbook.models.astrocyte.imperfections import best_gain
from brainbook.models.astrocyte.noise import Cell, written
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import Passage as Document
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.learned import Learned, Recipe, learn
from brainbook.models.features.maps import HiddenUnits, Positive

EXACT, LEARNED, RANDOM = "exact kernel", "learned units", "random units"


@dataclass(frozen=True)
class Passage:
    """72 heads on one document, and the weights that three circuits put on its tokens.

    kernel : infinitely many hidden units. cells : finite circuits after writing, layer by layer.
    """

    seed: int
    problem: Problem
    kernel: Kernel
    cells: dict[str, list[Cell]]

    @property
    def exact(self) -> tuple[Tensor, Tensor]:
        return self.problem.exact()


def learned_units(calibration: Sequence[Document], units: int, steps: int, seed: int) -> Learned:
    """Hidden units of all 72 heads, learned on calibration passages of equal length."""
    known = problem_on(calibration).flatten(1, 2)
    return learn(known.query, known.key, units, seeded(81, seed), Recipe(steps=steps))


def passage(document: Document, seed: int, random_units: int, learned: Learned) -> Passage:
    """A document's heads with three circuits; random hidden units are drawn anew a seed."""
    problem = heads_on(document).problem.flatten(0, 1)  # (72, N, d_head)
    cells: dict[str, list[Cell]] = {LEARNED: [], RANDOM: []}
    for layer in range(LAYERS):
        rows = slice(layer * HEADS, (layer + 1) * HEADS)
        part = problem[rows].tensors
        drawn = Positive().draw(random_units, part[0].shape[-1], seeded(82, seed, layer), (HEADS,))
        cells[RANDOM].append(written(*part, Positive(), drawn))
        own = Learned(*(_rows(units, rows) for units in (learned.writing, learned.reading)))
        cells[LEARNED].append(written(*part, own, own.writing))
    return Passage(seed, problem, Kernel.of_scores(problem.query @ problem.key.mT), cells)


def _rows(units: HiddenUnits, rows: slice) -> HiddenUnits:
    return HiddenUnits(units.weight[rows], units.bias[rows])


def table(passage: Passage, measured: dict[str, Tensor], **setting) -> pd.DataFrame:
    """Rows (72) with a column per measured quantity (heads,)."""
    columns = {name: values.double().numpy() for name, values in measured.items()}
    return pd.DataFrame({"seed": passage.seed, "head": range(LAYERS * HEADS)} | setting | columns)


def over(passages: Sequence[Passage], trial: Callable, *given) -> pd.DataFrame:
    """All tables of ``trial(passage, *given)``, one under the other."""
    return pd.concat(
        [frame for passage in passages for frame in trial(passage, *given)], ignore_index=True
    )


def fading(
    passages: Sequence[Passage], interval: float, decays: Sequence[float], bins: int = 14
) -> pd.DataFrame:
    """Weight of tokens in memory and their share of attention, if H and g leak alike.

    Columns
    -------
    decay : of ``decays``, in seconds; infinite for no leak.
    position : of the tokens in a bin.
    weight : in memory, mean of the bin.
    share : of attention, mean of the bin, of queries, heads and documents.
    """
    tokens, frames = passages[0].problem.key.shape[-2], []
    for decay in decays:
        weight = token_weights(tokens, interval, decay)
        shares = [p.kernel.weight.double() * weight for p in passages]
        share = sum((s / s.sum(-1, keepdim=True)).mean((0, 1)) for s in shares) / len(shares)
        columns = {"position": range(tokens), "weight": weight, "share": share}
        frames.append(pd.DataFrame({"decay": decay} | columns))
    frame = pd.concat(frames, ignore_index=True)
    place = frame.pop("position") * bins // tokens
    return (
        frame.groupby(["decay", place])
        .mean()
        .reset_index()
        .assign(position=lambda f: (f["position"] + 0.5) * tokens / bins)
    )


def span(cells: pd.Series, key: str, scale: float = 1.0) -> tuple[float, float]:
    """Low and high end of a published range, divided by ``scale``."""
    return cells[f"{key}_low"] / scale, cells[f"{key}_high"] / scale


def slopes(cells: pd.Series, interval: float) -> pd.DataFrame:
    """Leaks as slopes of a position bias, interval / decay: what, steep, flat (ends)."""
    names = {
        "process": "calcium, process",
        "soma": "calcium, cell body",
        "glutamate": "glutamate released",
        "ATP": "ATP released",
    }
    rows = [
        (name, *(interval / decay for decay in span(cells, f"{key}_decay")))
        for key, name in names.items()
    ]
    rows.append(("trained models (ALiBi)", cells["alibi_slope_steep"], cells["alibi_slope_flat"]))
    return pd.DataFrame(rows, columns=["what", "steep", "flat"])


def leak(passage: Passage, decays: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Decay in tokens: decay, circuit, leak (which part leaks), error, trace (error of p)."""
    tokens, exact = passage.problem.key.shape[-2], passage.exact
    kernels = {EXACT: passage.kernel}
    kernels |= {name: joined([c.kernel for c in cells]) for name, cells in passage.cells.items()}
    for decay in decays:
        weight = token_weights(tokens, 1.0, decay)
        settings = {
            "both": (weight, weight),
            "trace alone": (None, weight),
            "trace alone, rescaled": (None, weight * tokens / weight.sum()),
        }
        for circuit, kernel in kernels.items():
            for name, (in_h, in_g) in settings.items():
                found = errors(kernel.read(passage.problem.value, in_h, in_g), exact)
                measured = {"error": found["output"], "trace": found["trace"]}
                yield table(passage, measured, decay=decay, circuit=circuit, leak=name)


def measured_cell(passage: Passage, interval: float, cells: pd.Series) -> Iterator[pd.DataFrame]:
    """Published decay, rise and coverage at once: compartment, ends, circuit, error.

    H and g leak alike, the divisor lags by the rise time, and the covered share of the drive is
    divided by it while the rest is divided by the best constant. ``ends``: "kind" takes slow decay
    and fast rise from the published ranges, "unkind" the opposite.
    """
    value, exact = passage.problem.value, passage.exact[0]
    share, tokens = cells["covered_share"], value.shape[-2]
    kernels = {EXACT: passage.kernel}
    kernels |= {name: joined([c.kernel for c in cells]) for name, cells in passage.cells.items()}
    for compartment in ("process", "soma"):
        decays, rises = (span(cells, f"{compartment}_{what}") for what in ("decay", "rise"))
        scenes = {"kind": (decays[1], rises[0]), "unkind": (decays[0], rises[1])}
        for ends, (decay, rise) in scenes.items():
            weight = token_weights(tokens, interval, decay)
            late = lag(tokens, interval, rise).to(value)
            for circuit, kernel in kernels.items():
                ideal = kernel.read(value, weight, weight)
                p = (ideal.log_p - ideal.log_p.amax(-1, keepdim=True)).exp()
                drive = ideal.output * p.unsqueeze(-1)
                covered = drive / (p @ late.mT).unsqueeze(-1)
                found = share * covered + (1 - share) * best_gain(drive, ideal.output)
                error = {"error": relative_error(found, exact)}
                yield table(passage, error, compartment=compartment, ends=ends, circuit=circuit)


def joined(kernels: Sequence[Kernel]) -> Kernel:
    """The layers' heads in one batch."""
    return Kernel(torch.cat([k.weight for k in kernels]), torch.cat([k.log_scale for k in kernels]))


def needed_decay(document: Document, seed: int, target: float) -> pd.DataFrame:
    """Least decay, in tokens, with an output error of at most ``target`` if H and g leak alike.

    Interpolated between decays a quarter octave apart, down from slow ones, in logs of both.
    Columns seed, head, tokens, decay.

    Raises
    ------
    ValueError : some head's error does not cross the target within the decays.
    """
    tokens, problem = len(document), heads_on(document).problem.flatten(0, 1)
    kernel, exact = Kernel.of_scores(problem.query @ problem.key.mT), problem.exact()[0]
    decays = tokens * 2.0 ** np.arange(5, -5, -0.25)
    found = []
    for decay in decays:
        weight = token_weights(tokens, 1.0, decay)
        found.append(relative_error(kernel.read(problem.value, weight, weight).output, exact))
    error = torch.stack(found).double().numpy()  # (decays, heads)
    first = (error > target).argmax(0)
    if (error[0] > target).any() or not (error > target).any(0).all():
        raise ValueError(f"target: got {target}; some head does not cross it at {tokens} tokens")
    heads = np.arange(error.shape[1])
    above, below = (np.log(error[i, heads]) for i in (first, first - 1))
    share = (np.log(target) - below) / (above - below)
    decay = decays[first - 1] * (decays[first] / decays[first - 1]) ** share
    return pd.DataFrame({"seed": seed, "head": heads, "tokens": tokens, "decay": decay})


def rise(passage: Passage, rises: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Rise time in tokens: rise, part (what is slow), error. Infinitely many hidden units.

    "reading": the divisor lags behind the queries. "writing, trace": the last tokens have not
    yet arrived in g. "writing, synapses": calcium gates the Hebbian rule, g as before.
    """
    weight, value = passage.kernel.weight, passage.problem.value
    output, log_z = passage.exact
    relative = (log_z - log_z.amax(-1, keepdim=True)).exp()
    for tau in rises:
        tokens = value.shape[-2]
        late = lag(tokens, 1.0, tau).to(value)
        arrived = token_weights(tokens, 1.0, math.inf, tau).to(value)
        mixed = smear(tokens, 1.0, tau).to(value).mT @ value
        p = weight @ arrived.unsqueeze(-1)
        found = {
            "reading": output * (relative / (relative @ late.mT)).unsqueeze(-1),
            "writing, trace": weight @ value / p,
            "writing, synapses": weight @ mixed / p,
        }
        for part, estimate in found.items():
            yield table(passage, {"error": relative_error(estimate, output)}, rise=tau, part=part)


def clocked(needed: pd.DataFrame, clocks: pd.Series) -> pd.DataFrame:
    """Decay needed under several clocks: clock, tokens, low, middle, high (quartiles, seconds).

    needed : columns tokens, decay (in tokens). clocks : seconds per token, by name.
    """
    quartiles = needed.groupby("tokens")["decay"].quantile([0.25, 0.5, 0.75]).unstack()
    quartiles.columns = ["low", "middle", "high"]
    frames = [(quartiles * seconds).assign(clock=name) for name, seconds in clocks.items()]
    return pd.concat(frames).reset_index()


def at_decay(rows: pd.DataFrame, seconds: float, column: str = "error") -> pd.Series:
    """Error at a decay time, median over heads, by seed; interpolated in logs.

    Raises
    ------
    ValueError : the decays in ``rows`` do not reach so far.
    """
    curves = rows.groupby(["seed", "seconds"])[column].median().unstack("seconds")
    known = curves.columns.to_numpy(float)
    if not known.min() <= seconds <= known.max():
        raise ValueError(f"seconds: got {seconds}; decays run from {known.min()} to {known.max()}")
    logs = [np.interp(np.log(seconds), np.log(known), row) for row in np.log(curves.to_numpy())]
    return pd.Series(np.exp(logs), index=curves.index)


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Of :func:`measured_cell`: median head, then median, least and greatest of the seeds."""
    keys = ["compartment", "ends", "circuit"]
    by_seed = rows.groupby([*keys, "seed"])["error"].median()
    return by_seed.groupby(keys).agg(["median", "min", "max"]).reset_index()
