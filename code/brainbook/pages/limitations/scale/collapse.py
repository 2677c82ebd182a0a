"""Trials of page limitations/scale: rank collapse in random blocks and in MiniLM's.

Tables have a row per run and depth. ``run`` is a seed for random blocks, a document for MiniLM.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.attention import rank_collapse as rc
from brainbook.models.attention.minilm_text import passages_of

PURE = {"attention": False, "attention, norm": True}  # in split coordinates: norms or not
SMALLEST = 1e-280  # float64 holds no full precision far below
COLLAPSED = 1e-6  # about the precision of float32: tokens that a chip cannot tell apart
SHARP = rc.VARIANTS["attention, norm"]
SIZES = 10.0 ** -np.arange(0, 9)  # of residuals, for one layer


def random_case(
    seed: int, depth: int, width: int, heads: int, tokens: int
) -> tuple[list[rc.Block], Tensor]:
    """Random blocks and Gaussian tokens (N, d) that ``seed`` determines."""
    generator = Generator().manual_seed(seed)
    blocks = rc.random_blocks(depth, width, heads, generator)
    return blocks, torch.randn(tokens, width, generator=generator, dtype=torch.float64)


@torch.no_grad()
def minilm_states(tokens: int, last: bool = False) -> Tensor:
    """What enters MiniLM's first block, or leaves its last, (documents, N, d), float64.

    The first passage of each test document.
    """
    ids = torch.tensor(passages_of(TEST_TEXTS, tokens, 1))
    model, _ = pretrained.minilm(torch.float64)
    return model(ids).last_hidden_state if last else model.embeddings(ids)


def _rows(found: Tensor, **labels) -> pd.DataFrame:
    """One row per depth."""
    return pd.DataFrame({**labels, "depth": range(len(found)), "residual": found.numpy()})


def random_table(seeds: Sequence[int], depth: int, **shape: int) -> pd.DataFrame:
    """Relative residuals of random blocks: columns weights, parts, followed, run, depth."""
    frames = []
    for seed in seeds:
        blocks, x = random_case(seed, depth, **shape)
        frames += _all_parts(blocks, x, depth, weights="random", run=str(seed))
    return pd.concat(frames, ignore_index=True)


def minilm_table(tokens: int, depth: int) -> pd.DataFrame:
    """As :func:`random_table` for MiniLM's blocks, used again from the first after the sixth."""
    blocks, states = rc.minilm_blocks(), minilm_states(tokens)
    frames = []
    for name, x in zip(TEST_TEXTS, states, strict=True):
        frames += _all_parts(blocks, x, depth, weights="MiniLM", run=name)
    return pd.concat(frames, ignore_index=True)


def _all_parts(blocks: list[rc.Block], x: Tensor, depth: int, **labels) -> list[pd.DataFrame]:
    direct = [
        _rows(rc.depths(blocks, x, parts, depth), parts=name, followed="state", **labels)
        for name, parts in rc.VARIANTS.items()
    ]
    apart = [
        _rows(rc.split_depths(blocks, x, norm, depth), parts=name, followed="residual", **labels)
        for name, norm in PURE.items()
    ]
    return direct + apart


def growth_table(collapse: pd.DataFrame) -> pd.DataFrame:
    """Factor by which log residual falls faster from layer to layer, far down: 3 if cubic.

    From the last three depths whose residual float64 still resolves: the ratio of the last two
    differences of log residual. Columns weights, parts, run, factor.
    """
    apart = collapse[collapse["followed"] == "residual"]
    rows = []
    for (weights, parts, run), curve in apart.groupby(["weights", "parts", "run"], sort=False):
        logs = np.log(curve.sort_values("depth")["residual"].loc[lambda r: r > SMALLEST])
        falls = np.diff(logs)
        rows.append((weights, parts, run, falls[-1] / falls[-2]))
    return pd.DataFrame(rows, columns=["weights", "parts", "run", "factor"])


def one_layer_table(seeds: Sequence[int], tokens: int, **shape: int) -> pd.DataFrame:
    """Residual after one attention layer against the residual before it, as |R| / sqrt(N d).

    The residual of real or Gaussian tokens is scaled down; the mean token stays. Columns
    weights, run (seed, or MiniLM's layer with the first document), before, after, leading
    (closed form for small residuals).
    """
    cases = []
    for seed in seeds:
        blocks, x = random_case(seed, 1, tokens=tokens, **shape)
        cases.append(("random", str(seed), blocks[0], x))
    x = minilm_states(tokens)[0]
    for number, block in enumerate(rc.minilm_blocks()):
        cases.append(("MiniLM", f"layer {number}", block, x))
        x = rc.step(block, x, rc.VARIANTS["whole block"])
    rows = []
    for weights, run, block, x in cases:
        mean, residual = rc.split(x)
        unit = residual.numel() ** 0.5
        for size in SIZES:
            after = rc.attend_split(block, mean, size * residual)[1]
            leading = rc.split(rc.leading_residual(block, size * residual))[1]
            norms = (float(r.norm()) / unit for r in (size * residual, after, leading))
            rows.append((weights, run, *norms))
    return pd.DataFrame(rows, columns=["weights", "run", "before", "after", "leading"])


def sharpness_table(
    seeds: Sequence[int], gains: Sequence[float], depth: int, tokens: int, **shape: int
) -> pd.DataFrame:
    """Layers of attention and norm until the relative residual is below :data:`COLLAPSED`.

    All scores are multiplied by a gain. Columns weights, run, gain, layers; ``depth`` + 1 stands
    for a residual that is still above after ``depth`` layers.
    """
    cases = [("random", str(s), *random_case(s, depth, tokens=tokens, **shape)) for s in seeds]
    states = minilm_states(tokens)
    cases += [("MiniLM", name, rc.minilm_blocks(), x)
              for name, x in zip(TEST_TEXTS, states, strict=True)]  # fmt: skip
    rows = []
    for gain in gains:
        for weights, run, blocks, x in cases:
            found = rc.depths([_sharpened(b, gain) for b in blocks], x, SHARP, depth)
            above = int((found > COLLAPSED).long().cumprod(0).sum())
            rows.append((weights, run, gain, above))
    return pd.DataFrame(rows, columns=["weights", "run", "gain", "layers"])


def _sharpened(block: rc.Block, gain: float) -> rc.Block:
    return dataclasses.replace(block, query=block.query * gain, query_bias=block.query_bias * gain)


@torch.no_grad()
def gaps(tokens: int, layers: int) -> dict[str, float]:
    """Largest deviations: our blocks from MiniLM itself, split coordinates from the state's.

    The second after ``layers`` layers of attention and norm, entry by entry.
    """
    blocks, x = rc.minilm_blocks(), minilm_states(tokens)
    mean, residual = rc.split(x)
    whole, pure = x, x
    for block in blocks:
        whole = rc.step(block, whole, rc.VARIANTS["whole block"])
    for block in blocks[:layers]:
        pure = rc.step(block, pure, rc.VARIANTS["attention, norm"])
        mean, residual = rc.attend_split(block, mean, residual)
        mean, residual = rc.normalise_split(block.norms[0], mean, residual)
    return {
        "blocks": float((whole - minilm_states(tokens, last=True)).abs().max()),
        "split": float((mean + residual - pure).abs().max()),
    }
