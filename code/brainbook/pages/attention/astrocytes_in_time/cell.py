"""What noise, limited range, partial coverage and separate processes cost on real heads.

As in :mod:`brainbook.pages.attention.astrocytes_in_time.timing`: MiniLM on held-out documents,
one document a seed; frames have one row per head and setting. Noise is drawn anew for each. The
column ``square``, where there is one, is the measured over the expected squared error of the
trace (of the output for noise on synapses), where the law holds at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.imperfections import (
    coarse_divisor,
    common_divisor,
    constant_divisor,
    limited_range,
    local_pools,
    uncovered,
    undivided,
)
from brainbook.models.astrocyte.noise import (
    Cell,
    Effect,
    effective_units,
    offset_noise,
    shared_token_noise,
    synapse_noise,
    token_noise,
    unit_noise,
)
from brainbook.models.attention.softmax import mean_of_values, relative_error

from .timing import EXACT, Passage, table


def each(passage: Passage, trial: Callable, *given) -> Iterator[tuple[str, list[Tensor]]]:
    """``trial(cell, *given)`` on every finite circuit: its name, and results of all 72 heads.

    A trial returns an Effect, a tuple of tensors (heads,) or one such tensor.
    """
    for circuit, cells in passage.cells.items():
        found = [trial(cell, *given) for cell in cells]
        rows = [one if isinstance(one, tuple) else (one,) for one in found]
        yield circuit, [torch.cat(parts) for parts in zip(*rows, strict=True)]


def noise(passage: Passage, sizes: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Noise: size, circuit, place, error, law (both of the output), square (see below).

    square : measured over expected squared error where the law holds at any size: of the trace,
    or of the output for noise on synapses.
    """
    value, weight = passage.problem.value, passage.kernel.weight
    for index, size in enumerate(sizes):
        generator = seeded(83, passage.seed, index)
        for circuit, found in each(passage, unit_noise, size, generator):
            yield _effect(passage, Effect(*found), circuit, "each trace", size)
        for circuit, found in each(passage, offset_noise, size, generator):
            yield _effect(passage, Effect(*found), circuit, "offset", size)
        for circuit, (error, law) in each(passage, synapse_noise, size, generator):
            effect = Effect(error, law, error, law)
            yield _effect(passage, effect, circuit, "each synapse", size)
        effect = token_noise(weight, value, size, generator)
        yield _effect(passage, effect, EXACT, "token, trace alone", size)
        error, law = shared_token_noise(weight, value, size, generator)
        columns = {"error": error, "law": law}
        yield table(passage, columns, size=size, circuit=EXACT, place="token, both")


def _effect(passage: Passage, effect: Effect, circuit: str, place: str, size: float):
    measured = {
        "error": effect.output,
        "law": effect.output_law,
        "square": (effect.trace / effect.trace_law).square(),
    }
    return table(passage, measured, size=size, circuit=circuit, place=place)


def constant(passage: Passage) -> Tensor:
    """Error (heads,) with no astrocyte: divided by the best constant of each head."""
    output, log_z = passage.exact
    return constant_divisor(_drive(passage), output)


def baselines(passage: Passage) -> Iterator[pd.DataFrame]:
    """Uniform attention, and no astrocyte: columns uniform, constant (errors)."""
    value = passage.problem.value
    uniform = relative_error(mean_of_values(value), passage.exact[0])
    yield table(passage, {"uniform": uniform, "constant": constant(passage)})


def _drive(passage: Passage) -> Tensor:
    """H phi(q_t) up to one factor a head."""
    output, log_z = passage.exact
    return output * (log_z - log_z.amax(-1, keepdim=True)).exp().unsqueeze(-1)


def spans(passage: Passage) -> Iterator[pd.DataFrame]:
    """Decades: of p over the queries, and of g over the central 98% of hidden units.

    Columns what, circuit, decades; effective (m_eff at the median query; for the exact kernel
    the effective number of tokens).
    """
    log_z = passage.exact[1]
    share = passage.kernel.weight / passage.kernel.weight.sum(-1, keepdim=True)
    span = (log_z.amax(-1) - log_z.amin(-1)) / math.log(10)
    tokens = effective_units(share).median(-1).values
    yield table(passage, {"decades": span, "effective": tokens}, what="p", circuit=EXACT)

    def of_units(cell: Cell) -> tuple[Tensor, Tensor]:
        low, high = (cell.log_trace.quantile(q, -1) for q in (0.01, 0.99))
        return (high - low) / math.log(10), effective_units(cell.parts).median(-1).values

    for circuit, (decades, units) in each(passage, of_units):
        yield table(passage, {"decades": decades, "effective": units}, what="g", circuit=circuit)


def ranges(passage: Passage, decades: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Limited range of g: decades, how ("floor" or "ceiling"), circuit, error."""
    for span in decades:
        for how in ("floor", "ceiling"):
            for circuit, (error,) in each(passage, limited_range, span, how):
                yield table(passage, {"error": error}, decades=span, how=how, circuit=circuit)


def levels(passage: Passage, counts: Sequence[float]) -> Iterator[pd.DataFrame]:
    """p known to so many levels a decade: levels, error, law, square. Infinitely many units."""
    output, log_z = passage.exact
    for count in counts:
        generator = seeded(84, passage.seed, round(1000 * count))
        effect = coarse_divisor(log_z, output, count, generator)
        square = (effect.trace / effect.trace_law).square()
        measured = {"error": effect.output, "law": effect.output_law, "square": square}
        yield table(passage, measured, levels=count)


def coverage(passage: Passage, shares: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Share of synapses under the astrocyte: share, circuit, reading, error, law, square.

    reading : "unsensed", g is known at a share of the hidden units only; "undivided", a share of
    the synapses is divided by p_t and the others by the best constant.
    """
    alone = constant(passage)
    for index, share in enumerate(shares):
        generator = seeded(85, passage.seed, index)
        for circuit, found in each(passage, uncovered, share, generator):
            effect = Effect(*found)
            ratio = (effect.trace / effect.trace_law).square()
            measured = {"error": effect.output, "law": effect.output_law, "square": ratio}
            yield table(passage, measured, share=share, circuit=circuit, reading="unsensed")
        for circuit, (error,) in each(passage, undivided, share, generator):
            yield table(
                passage, {"error": error}, share=share, circuit=circuit, reading="undivided"
            )
        measured = {"error": (1 - share) * alone}
        yield table(passage, measured, share=share, circuit=EXACT, reading="undivided")


def pools(passage: Passage, counts: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Processes that divide alone: pools, circuit, error (output), trace, law, square."""
    for index, count in enumerate(counts):
        generator = seeded(86, passage.seed, index)
        for circuit, cells in passage.cells.items():
            if len(cells[0].trace[0]) % count or len(cells[0].trace[0]) < count:
                continue
            found = [local_pools(cell, count, generator) for cell in cells]
            effect = Effect(*(torch.cat(parts) for parts in zip(*found, strict=True)))
            measured = {"error": effect.output, "trace": effect.trace, "law": effect.trace_law}
            if count > 1:
                measured["square"] = (effect.trace / effect.trace_law).square()
            yield table(passage, measured, pools=count, circuit=circuit)


def shared_over_heads(passage: Passage, groups: Sequence[int]) -> Iterator[pd.DataFrame]:
    """One divisor for several heads of a layer: heads, error. Infinitely many hidden units."""
    drive, log_z = _drive(passage), passage.exact[1]
    trace = (log_z - log_z.amax(-1, keepdim=True)).exp()
    for heads in groups:
        yield table(passage, {"error": common_divisor(drive, trace, heads)}, heads=heads)
