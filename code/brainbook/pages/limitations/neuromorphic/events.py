"""What MiniLM's blocks would send as events: graded numbers, or spikes counted over time steps.

Every number that leaves one node of a mapped block for another (see ``cores_traffic.STREAMS``) is
coded, in all blocks at once, and the model computes on with what arrives.

- *graded*: one event carries a signed 8-bit number; nothing is sent if it is zero or smaller
  than a threshold.
- *rate*: two lines, one for each sign, carry up to T spikes; the receiver counts them. This is
  what an integrate-and-fire neuron with constant input sends in T steps.

Every unit has a level of its own at which it clips, as a neuron has its own threshold; the
receiving weights take the scale up. The levels are chosen on calibration text.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from brainbook.evidence import datasets, pretrained
from opjoules.cores.mapping import Matrix

LEVELS = 127
CLIPS = (1.0, 0.999, 0.99, 0.97, 0.93, 0.85, 0.7)
INPUTS = {"block input": "query", "context": "output", "feed-forward input": "up", "hidden": "down"}
OUTPUTS = {
    "queries": "query", "keys": "key", "values": "value", "attention output": "output",
    "block output": "down",
}  # fmt: skip
Site = tuple[int, str]


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


def linears(block: nn.Module) -> dict[str, nn.Linear]:
    """The six weight layers of one MiniLM block, by the names of ``cores_traffic``."""
    attention = block.attention
    return {
        "query": attention.self.query, "key": attention.self.key, "value": attention.self.value,
        "output": attention.output.dense, "up": block.intermediate.dense,
        "down": block.output.dense,
    }  # fmt: skip


def matrices(block: nn.Module) -> tuple[Matrix, ...]:
    """The weight matrices of one MiniLM block."""
    layers = linears(block).items()
    return tuple(Matrix(name, layer.in_features, layer.out_features) for name, layer in layers)


def windows(names: Sequence[str], tokens: int, per_text: int) -> tuple[Tensor, np.ndarray]:
    """Stretches of ``tokens`` tokens of documents: (windows, tokens), and each one's document.

    Raises
    ------
    ValueError : the documents are too short for one window.
    """
    _, tokenizer = pretrained.minilm()
    ends = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    inner, found, owner = tokens - 2, [], []
    for number, name in enumerate(names):
        plain = tokenizer(datasets.text(name), add_special_tokens=False, verbose=False)
        words = plain["input_ids"]
        whole = [words[i : i + inner] for i in range(0, len(words) - inner + 1, inner)][:per_text]
        found += [[*ends[0], *part, *ends[1]] for part in whole]
        owner += [number] * len(whole)
    if not found:
        raise ValueError(f"tokens: got {tokens}; the documents {tuple(names)} are shorter")
    return torch.tensor(found), np.array(owner)


@contextmanager
def tapped(model: nn.Module, tap):
    """While inside, ``tap(site, values)`` replaces what passes each site, a (block, stream)."""
    with ExitStack() as stack:
        for number, block in enumerate(model.encoder.layer):
            layers = linears(block)
            pairs = [("key", "block input"), ("value", "block input")]
            pairs += [(layer, stream) for stream, layer in INPUTS.items()]
            for layer, stream in pairs:
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
        seen[site] = values.reshape(-1, values.shape[-1]).clone()
        return values

    with tapped(model, keep):
        model(input_ids=tokens)
    return seen


def quantiles(seen: dict[Site, Tensor]) -> dict[Site, Tensor]:
    """For each site, every unit's quantiles ``CLIPS`` of |value|: (len(CLIPS), units).

    A unit that is never on gets levels just above zero.
    """
    found = {}
    for site, values in seen.items():
        ranked = values.abs().sort(dim=0).values
        rank = torch.round(torch.tensor(CLIPS) * (len(ranked) - 1)).long()
        found[site] = ranked[rank].clamp(min=1e-12)
    return found


def clip_levels(
    seen: dict[Site, Tensor], levels: dict[Site, Tensor], code: Code
) -> dict[Site, Tensor]:
    """For each site, the quantile of ``CLIPS`` that leaves least squared error: (units,).

    One quantile for all units of a site, a level for each unit. Thresholds are left out of the
    choice, so that one set of levels serves a whole sweep.
    """
    plain, chosen = Code(code.steps), {}
    for site, values in seen.items():
        errors = [float(((plain(values, at)[0] - values) ** 2).mean()) for at in levels[site]]
        chosen[site] = levels[site][int(np.argmin(errors))]
    return chosen


@torch.no_grad()
def embeddings(model: nn.Module, tokens: Tensor) -> Tensor:
    """Sentence embeddings, the mean over tokens as MiniLM is used: (windows, d)."""
    return model(input_ids=tokens).last_hidden_state.mean(dim=1)


def run(
    model: nn.Module, tokens: Tensor, code: Code, clips: dict[Site, Tensor]
) -> tuple[Tensor, dict[Site, np.ndarray]]:
    """Embeddings (windows, d) with coded messages, and each site's messages per unit and token."""
    sent: dict[Site, np.ndarray] = {}

    def send(site: Site, values: Tensor) -> Tensor:
        arrived, messages = code(values, clips[site])
        sent[site] = messages.mean(
            dim=tuple(range(messages.dim() - 1)), dtype=torch.float64
        ).numpy()
        return arrived

    with tapped(model, send):
        found = embeddings(model, tokens)
    return found, sent
