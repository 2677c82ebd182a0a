"""The circuit in time on real heads: MiniLM on held-out documents, one document a seed.

Frames have one row per head and setting, with columns seed, head (0 to 71), circuit and error
(relative, of the output) or what the function names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from brainbook.models.astrocyte.dynamics import Kernel, lag, smear, token_weights
from brainbook.models.astrocyte.error import errors
from brainbook.models.astrocyte.imperfections import constant_divisor
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.minilm_text import Passage as Document
from brainbook.models.attention.softmax import mean_of_values, relative_error

from .circuits import Part, Passage, rows


def over(passages: Sequence[Passage], trial: Callable, *given) -> pd.DataFrame:
    """All tables of ``trial(passage, *given)``, one under the other."""
    return pd.concat(
        [frame for passage in passages for frame in trial(passage, *given)], ignore_index=True
    )


def baselines(passage: Passage) -> Iterator[pd.DataFrame]:
    """Uniform attention, and no astrocyte: columns uniform, constant (errors)."""
    output, log_z = passage.exact
    drive = output * (log_z - log_z.amax(-1, keepdim=True)).exp().unsqueeze(-1)
    uniform = relative_error(mean_of_values(passage.problem.value), output)
    yield rows(passage, {"uniform": uniform, "constant": constant_divisor(drive, output)})


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
    """Infinitely many units: decay (in tokens), leak (which part leaks), error, trace (of p)."""
    tokens, exact = passage.problem.key.shape[-2], passage.exact
    for decay in decays:
        weight = token_weights(tokens, 1.0, decay)
        settings = {
            "both": (weight, weight),
            "trace alone": (None, weight),
            "trace alone, rescaled": (None, weight * tokens / weight.sum()),
        }
        for name, (in_h, in_g) in settings.items():
            found = errors(passage.kernel.read(passage.problem.value, in_h, in_g), exact)
            measured = {"error": found["output"], "trace": found["trace"]}
            yield rows(passage, measured, decay=decay, leak=name)


def leaking(part: Part, decays: Sequence[float]) -> Iterator[pd.DataFrame]:
    """A finite circuit in which g and H leak alike: decay (in tokens), leak ("both"), error."""
    tokens = part.value.shape[-2]
    for decay in decays:
        cell = part.cell.leaking(part.value, token_weights(tokens, 1.0, decay))
        yield rows(part, part.error(cell.output()), decay=decay, leak="both")


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
            yield rows(passage, {"error": relative_error(estimate, output)}, rise=tau, part=part)


def late(part: Part, rises: Sequence[float]) -> Iterator[pd.DataFrame]:
    """A finite circuit whose divisor lags: rise (in tokens), part ("reading"), error."""
    cell, tokens = part.cell, part.value.shape[-2]
    for tau in rises:
        output = cell.drive / cell.late_divisor(lag(tokens, 1.0, tau))
        yield rows(part, part.error(output), rise=tau, part="reading")


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
