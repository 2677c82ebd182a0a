"""What the page limitations/neuromorphic measures: opens MiniLM and text, and hands them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence import datasets, pretrained, store
from brainbook.models.attention.minilm_text import marked, token_numbers

from . import block, mesh, prices
from .events import LEVELS, Code, Codes, sweep
from .mesh import PLACED

DOCUMENT = "twenty_newsgroups"  # operations are counted on it; its words do not matter
LENGTHS = (16, 64, 256, 512)  # tokens; 512 is the longest passage that MiniLM reads
CALIBRATION = 3  # windows per calibration document


@dataclass(frozen=True)
class Measured:
    """All that the claims and the numbers of the page rest on.

    Attributes
    ----------
    mapping, unmapped, placements, costs, shared, energies, disagreements :
        tables of the functions ``measure_…`` of these names (``shared``: ``measure_sharing``).
    codes : of ``measure_codes``.
    steps, tokens : of the rate code, and in a passage.
    """

    mapping: pd.DataFrame
    unmapped: pd.DataFrame
    codes: Codes
    placements: pd.DataFrame
    costs: pd.DataFrame
    shared: pd.DataFrame
    energies: pd.DataFrame
    disagreements: pd.DataFrame
    steps: int
    tokens: int


def _weights() -> tuple[block.Matrix, ...]:
    return block.matrices(pretrained.minilm()[0].encoder.layer[0])


@lru_cache(maxsize=32)
def _operations(tokens: int) -> pd.DataFrame:
    """Operations of MiniLM's first block on the first ``tokens`` tokens of a document."""
    model, _ = pretrained.minilm()
    words = token_numbers(datasets.text(DOCUMENT))[: model.config.max_position_embeddings - 2]
    with torch.no_grad():
        hidden = model.embeddings(input_ids=torch.tensor([marked(words)]))  # (1, n, d)
    return block.operations(model.encoder.layer[0], hidden, tokens)


def _windows(names: Sequence[str], tokens: int, most: int) -> tuple[Tensor, np.ndarray]:
    """Up to ``most`` stretches of each document: (windows, tokens), and the document of each.

    Raises
    ------
    ValueError : the documents are too short for one window.
    """
    windows, owners, inner = [], [], tokens - 2
    for number, name in enumerate(names):
        words = token_numbers(datasets.text(name))
        starts = range(0, len(words) - inner + 1, inner)[:most] if inner > 0 else ()
        windows += [marked(words[first : first + inner]) for first in starts]
        owners += [number] * len(starts)
    if not windows:
        raise ValueError(f"tokens: got {tokens}; allowed are 3 to the length of one of {names}")
    return torch.tensor(windows), np.array(owners)


def measure_mapping() -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_cores_needed: cores for one MiniLM block."""
    return block.mapping(_weights())


def measure_unmapped() -> pd.DataFrame:
    """Page limitations/neuromorphic: what a block computes without stored weights, per token."""
    return block.unmapped({tokens: _operations(tokens) for tokens in LENGTHS})


@store.kept
def measure_codes(
    thresholds: Sequence[float], steps: Sequence[int], tokens: int, windows: int
) -> Codes:
    """Page limitations/neuromorphic, figure draw_event_codes: MiniLM on coded messages.

    Parameters
    ----------
    thresholds : of graded codes, fractions of a unit's level; zero must be among them.
    steps : of rate codes; the one with all eight bits is added.
    tokens : in a window.
    windows : per held-out document, at most.

    Raises
    ------
    ValueError : the documents are too short for one window, or a code is impossible.
    """
    codes = [Code(threshold=threshold) for threshold in thresholds]
    codes += [Code(step) for step in sorted({*steps, LEVELS})]
    seen, _ = _windows(datasets.CALIBRATION_TEXTS, tokens, CALIBRATION)
    held_out, document = _windows(datasets.TEST_TEXTS, tokens, windows)
    return sweep(pretrained.minilm()[0], codes, seen, held_out, document)


@store.kept
def measure_placements(codes: Codes, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_mesh_hops: graded events on three meshes."""
    return mesh.placements(_weights(), codes.per_unit(Code()), PLACED, seeds)


@store.kept
def measure_costs(codes: Codes, steps: int, tokens: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_block_energy: µJ per token by machine and term."""
    hops = {
        code: mesh.loihi_hops(_weights(), codes.per_unit(code), seeds)
        for code in (Code(steps), Code(LEVELS))
    }
    counts = {number: _operations(number) for number in (1, tokens)}
    return prices.machines(counts, codes, tokens, hops)


def measure_sharing(codes: Codes, steps: int, lengths: Sequence[int]) -> pd.DataFrame:
    """Page limitations/neuromorphic, figure draw_weight_sharing: µJ per token against tokens."""
    counts = {tokens: _operations(tokens) for tokens in lengths}
    return prices.shared_weights(counts, codes, steps)
