"""What MiniLM's blocks would send as events: graded numbers, or spikes counted over time steps.

Every number that leaves one node of a mapped block for another (``opjoules.cores.traffic.STREAMS``)
is coded, in all blocks at once, and the model computes on with what arrives.

- *graded*: one event carries a signed 8-bit number; nothing is sent if it is zero or smaller
  than a threshold.
- *rate*: two lines, one for each sign, carry up to T spikes; the receiver counts them. This is
  what an integrate-and-fire neuron with constant input sends in T steps.

Every unit has a level of its own at which it clips, as a neuron has its own threshold; the
receiving weights take the scale up. The levels are chosen on calibration text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from brainbook.evidence.intervals import mean_interval
from opjoules.cores.traffic import STREAMS

from .block import LAYERS, linears

LEVELS = 127
CLIPS = (1.0, 0.999, 0.99, 0.97, 0.93, 0.85, 0.7)
INPUTS = {"block input": "query", "context": "output", "feed-forward input": "up", "hidden": "down"}
OUTPUTS = {
    "queries": "query",
    "keys": "key",
    "values": "value",
    "attention output": "output",
    "block output": "down",
}
NEEDS = {layer: stream for stream, layer in INPUTS.items()} | dict.fromkeys(
    ("key", "value"), "block input"
)
Site = tuple[int, str]  # block, stream


@dataclass(frozen=True)
class Code:
    """How a number becomes messages: graded if ``steps`` is zero, else spikes in that many steps.

    ``threshold`` (of a graded code) is a fraction of the unit's clipping level.

    Raises
    ------
    ValueError : negative steps, a threshold outside 0 to 1, or a threshold for a rate code.
    """

    steps: int = 0
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise ValueError(f"steps: got {self.steps}; must be at least 0")
        if not 0 <= self.threshold <= 1 or (self.steps and self.threshold):
            raise ValueError(
                f"threshold: got {self.threshold}; allowed are 0 to 1, and 0 for a rate code"
            )

    def __call__(self, values: Tensor, clip: Tensor) -> tuple[Tensor, Tensor]:
        """What arrives, and the messages sent, both of the shape of ``values`` (…, units).

        ``clip`` (units,) holds each unit's level.
        """
        levels = self.steps or LEVELS
        whole = torch.round(values * (levels / clip)).clamp(-levels, levels)
        if self.threshold:
            whole = torch.where(values.abs() < self.threshold * clip, 0.0, whole)
        messages = whole.abs() if self.steps else (whole != 0).to(values.dtype)
        return whole * (clip / levels), messages


def integrate_and_fire(drive: Tensor, steps: int) -> Tensor:
    """Spikes in ``steps`` of a neuron with constant ``drive`` in [0, 1], threshold 1.

    The membrane starts at one half and loses 1 at each spike, so the count is ``drive · steps``
    rounded to the nearest integer.

    Raises
    ------
    ValueError : fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"steps: got {steps}; must be at least 1")
    membrane, spikes = torch.full_like(drive, 0.5), torch.zeros_like(drive)
    for _ in range(steps):
        membrane = membrane + drive
        fired = (membrane >= 1).to(drive.dtype)
        membrane, spikes = membrane - fired, spikes + fired
    return spikes


@contextmanager
def tapped(model: nn.Module, tap) -> Iterator[None]:
    """While inside, ``tap(site, values)`` replaces what passes each site of MiniLM."""
    with ExitStack() as stack:
        for number, block in enumerate(model.encoder.layer):
            layers = linears(block)
            for layer, stream in NEEDS.items():
                hook = layers[layer].register_forward_pre_hook(
                    lambda _, values, site=(number, stream): (tap(site, values[0]),)
                )
                stack.callback(hook.remove)
            for stream, layer in OUTPUTS.items():
                hook = layers[layer].register_forward_hook(
                    lambda _, __, values, site=(number, stream): tap(site, values)
                )
                stack.callback(hook.remove)
        yield


@torch.no_grad()
def record(model: nn.Module, tokens: Tensor) -> dict[Site, Tensor]:
    """What passes each site for ``tokens`` (windows, n): (windows · n, units)."""
    seen: dict[Site, Tensor] = {}

    def keep(site: Site, values: Tensor) -> Tensor:
        seen[site] = values.flatten(0, -2).clone()  # (windows · n, units)
        return values

    with tapped(model, keep):
        model(input_ids=tokens)
    return seen


def quantiles(seen: dict[Site, Tensor]) -> dict[Site, Tensor]:
    """For each site, every unit's quantiles ``CLIPS`` of |value|: (len(CLIPS), units).

    A unit that is never on gets levels just above zero.
    """
    levels = {}
    for site, values in seen.items():
        ranked = values.abs().sort(dim=0).values
        rank = torch.round(torch.tensor(CLIPS) * (len(ranked) - 1)).long()
        levels[site] = ranked[rank].clamp(min=1e-12)
    return levels


def clip_levels(
    seen: dict[Site, Tensor], levels: dict[Site, Tensor], code: Code
) -> dict[Site, Tensor]:
    """For each site, the quantile of ``CLIPS`` that leaves least squared error: (units,).

    One quantile for all units of a site, a level for each unit. Thresholds are left out of the
    choice, so that one set of levels serves a whole sweep.
    """
    plain, chosen = Code(code.steps), {}
    for site, values in seen.items():
        errors = [float(((plain(values, clip)[0] - values) ** 2).mean()) for clip in levels[site]]
        chosen[site] = levels[site][int(np.argmin(errors))]
    return chosen


@torch.no_grad()
def embeddings(model: nn.Module, tokens: Tensor) -> Tensor:
    """Sentence embeddings, the mean over tokens as MiniLM is used: (windows, d)."""
    return model(input_ids=tokens).last_hidden_state.mean(dim=1)


def coded(
    model: nn.Module, tokens: Tensor, code: Code, clips: dict[Site, Tensor]
) -> tuple[Tensor, dict[Site, np.ndarray]]:
    """Embeddings (windows, d) with coded messages, and each site's messages per token.

    The messages have shape (windows, units).
    """
    sent: dict[Site, np.ndarray] = {}

    def send(site: Site, values: Tensor) -> Tensor:
        arrived, messages = code(values, clips[site])
        sent[site] = messages.mean(dim=1, dtype=torch.float64).numpy()  # (windows, units)
        return arrived

    with tapped(model, send):
        embedded = embeddings(model, tokens)
    return embedded, sent


@dataclass(frozen=True)
class Codes:
    """What coded messages do to MiniLM.

    Attributes
    ----------
    frame : a row per code and window: ``code``, ``steps``, ``threshold``, ``document``, ``loss``
        (1 − cosine with the embedding of the uncoded model), ``messages`` (per token and block).
    sent : for each code, messages per unit and token by (block, stream).
    totals : for each code, messages per token and block by document, (documents,).
    unrelated : mean loss between embeddings of different windows, uncoded.
    """

    frame: pd.DataFrame
    sent: Mapping[Code, Mapping[Site, np.ndarray]]
    totals: Mapping[Code, np.ndarray]
    unrelated: float

    def per_unit(self, code: Code) -> dict[str, np.ndarray]:
        """Messages per unit and token by stream, mean over the blocks."""
        return {
            stream: np.mean([sent for (_, s), sent in self.sent[code].items() if s == stream], 0)
            for stream in STREAMS
        }

    def total(self, code: Code) -> float:
        """Messages per token and block, mean over windows."""
        return float(sum(units.sum() for units in self.per_unit(code).values()))

    def arrivals(self, code: Code) -> dict[str, float]:
        """Messages per token that arrive at each linear layer, named as in ``operations``."""
        units = self.per_unit(code)
        return {f"layer.{path}": float(units[NEEDS[name]].sum()) for name, path in LAYERS.items()}

    @property
    def curves(self) -> pd.DataFrame:
        """Per code the loss as a mean over documents, with the interval of that mean.

        Columns
        -------
        code, steps, threshold, messages : as in ``frame``.
        loss, half_width : the interval is ``loss`` ± ``half_width``.
        """
        of_code = ["code", "steps", "threshold", "messages"]
        documents = self.frame.groupby([*of_code, "document"])["loss"].mean()
        rows = []
        for key, losses in documents.groupby(of_code):
            interval = mean_interval(losses, over="documents")
            rows.append((*key, interval.mean, interval.half_width))
        return pd.DataFrame(rows, columns=[*of_code, "loss", "half_width"])


def sweep(
    model: nn.Module, codes: Sequence[Code], seen: Tensor, held_out: Tensor, document: np.ndarray
) -> Codes:
    """Run MiniLM with each code on held-out text; levels are chosen on calibration text.

    Parameters
    ----------
    model : MiniLM.
    codes : to try.
    seen : calibration text, token numbers (windows, n).
    held_out : token numbers (windows, n).
    document : of each held-out window, (windows,).
    """
    values = record(model, seen)
    levels = quantiles(values)
    clips = {
        steps: clip_levels(values, levels, Code(steps)) for steps in {code.steps for code in codes}
    }
    plain = embeddings(model, held_out)
    frames, sent, totals = [], {}, {}
    for code in codes:
        arrived, messages = coded(model, held_out, code, clips[code.steps])
        sent[code] = {site: units.mean(0) for site, units in messages.items()}
        per_window = sum(units.sum(-1) for units in messages.values()) / len(model.encoder.layer)
        totals[code] = np.array([per_window[document == one].mean() for one in np.unique(document)])
        frames.append(
            pd.DataFrame(
                {
                    "code": "rate" if code.steps else "graded",
                    "steps": code.steps,
                    "threshold": code.threshold,
                    "document": document,
                    "loss": (1 - cosine_similarity(arrived, plain)).numpy(),
                    "messages": per_window.mean(),
                }
            )
        )
    unrelated = float((1 - cosine_similarity(plain[:-1], plain[1:])).mean())
    return Codes(pd.concat(frames, ignore_index=True), sent, totals, unrelated)
