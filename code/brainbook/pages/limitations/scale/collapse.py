"""Rank collapse in random blocks and in MiniLM's: by depth, in one layer, with sharper scores.

A run is a seed for random blocks, a document for MiniLM.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence import pretrained, store
from brainbook.models.attention import rank_collapse as rc
from brainbook.models.attention.minilm_text import Passage

RANDOM, MINILM = "random", "MiniLM"
PURE = {"attention": False, "attention, norm": True}  # in split coordinates: norms or not
SMALLEST = 1e-280  # float64 holds no full precision far below
COLLAPSED = 1e-6  # about the precision of float32: tokens that a chip cannot tell apart
SHARP, WHOLE = rc.VARIANTS["attention, norm"], rc.VARIANTS["whole block"]
SIZES = 10.0 ** -np.arange(0, 9)  # of residuals, for one layer
GAINS = (0.5, 1, 2, 4, 8, 16, 32)  # factors on all scores
RANDOM_WIDTH, RANDOM_HEADS, RANDOM_TOKENS = 64, 4, 32
TRIPLED = 3  # depth from which the dashed line of draw_doubling starts


@dataclass(frozen=True)
class Network:
    """Blocks, and the tokens (N, d) that enter the first; float64."""

    weights: str
    run: str
    blocks: list[rc.Block]
    x: Tensor


def random_network(
    seed: int,
    depth: int,
    width: int = RANDOM_WIDTH,
    heads: int = RANDOM_HEADS,
    tokens: int = RANDOM_TOKENS,
) -> Network:
    """Random blocks and Gaussian tokens that ``seed`` determines.

    Parameters
    ----------
    seed : of weights and tokens.
    depth : number of blocks.
    width, heads : of each block.
    tokens : number of tokens.
    """
    generator = Generator().manual_seed(seed)
    blocks = rc.random_blocks(depth, width, heads, generator)
    x = torch.randn(tokens, width, generator=generator, dtype=torch.float64)
    return Network(RANDOM, str(seed), blocks, x)


@torch.no_grad()
def minilm_networks(passages: Mapping[str, Passage]) -> list[Network]:
    """MiniLM's six blocks with what its embeddings make of each document's passage."""
    model, _ = pretrained.minilm(torch.float64)
    blocks, states = rc.blocks_of(model), model.embeddings(torch.tensor([*passages.values()]))
    return [Network(MINILM, name, blocks, x) for name, x in zip(passages, states, strict=True)]


@store.kept
def measure_collapse(
    seeds: Sequence[int], layers: int, passages: Mapping[str, Passage], depth: int
) -> pd.DataFrame:
    """Page limitations/scale, figure draw_rank_collapse: relative residuals by depth.

    Random networks have ``layers`` blocks. MiniLM's are used again from the first after the
    sixth, up to ``depth``.

    Columns
    -------
    weights, parts, run, depth : a row for each.
    followed : "state" for blocks run as they are; "residual" for residuals followed on their own,
        which rounding does not limit, where only attention and norms take part.
    residual : |R| / |X|.
    """
    frames = [residuals(random_network(seed, layers), layers) for seed in seeds]
    frames += [residuals(network, depth) for network in minilm_networks(passages)]
    return pd.concat(frames, ignore_index=True)


def residuals(network: Network, depth: int) -> pd.DataFrame:
    """The rows of one network in :func:`measure_collapse`."""
    blocks, x = network.blocks, network.x
    by_parts = {
        (name, "state"): rc.depths(blocks, x, parts, depth) for name, parts in rc.VARIANTS.items()
    } | {(name, "residual"): rc.split_depths(blocks, x, norm, depth) for name, norm in PURE.items()}
    frames = [
        pd.DataFrame(
            {
                "parts": name,
                "followed": followed,
                "weights": network.weights,
                "run": network.run,
                "depth": range(depth + 1),
                "residual": values.numpy(),
            }
        )
        for (name, followed), values in by_parts.items()
    ]
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class Growth:
    """How fast small residuals fall, from those that are followed on their own.

    followed : rows of :func:`measure_collapse`.
    lost : columns weights, parts, run, depth and lost, decimal places; while every run can be
        resolved.
    tripled : columns weights, depth and lost, a factor of three a layer from the third on.
    factors : columns weights, parts, run and factor, by which the fall of the logarithm grows from
        layer to layer: 3 if cubic. From the last three depths that float64 resolves.
    """

    followed: pd.DataFrame
    lost: pd.DataFrame
    tripled: pd.DataFrame
    factors: pd.DataFrame


def measure_growth(collapse: pd.DataFrame) -> Growth:
    """Page limitations/scale, figure draw_doubling: decimal places lost, layer by layer."""
    followed = collapse[collapse["followed"] == "residual"]
    resolved = followed[followed["residual"] > SMALLEST]
    curve = ["weights", "parts", "run"]
    factors = resolved.groupby(curve, sort=False).apply(_last_factor, include_groups=False)
    case = resolved.groupby(["weights", "parts"])["run"].transform("nunique")
    runs = resolved.groupby(["weights", "parts", "depth"])["run"].transform("size")
    lost = resolved[runs == case]
    lost = lost.assign(lost=-np.log10(lost["residual"])).drop(columns=["followed", "residual"])
    return Growth(followed, lost, _tripled(lost), factors.rename("factor").reset_index())


def _last_factor(curve: pd.DataFrame) -> float:
    """Ratio of the last two falls of the log residual."""
    falls = np.diff(np.log(curve.sort_values("depth")["residual"]))
    return falls[-1] / falls[-2]


def _tripled(lost: pd.DataFrame) -> pd.DataFrame:
    """Decimal places, three times as many with each layer, through the median at one depth."""
    frames = []
    for weights, rows in lost.groupby("weights"):
        steps = np.arange(1, rows["depth"].max() + 1)
        start = rows.loc[rows["depth"] == TRIPLED, "lost"].median()
        places = start * 3.0 ** (steps - TRIPLED)
        frames.append(pd.DataFrame({"weights": weights, "depth": steps, "lost": places}))
    return pd.concat(frames, ignore_index=True)


@store.kept
def measure_one_layer(seeds: Sequence[int], passages: Mapping[str, Passage]) -> pd.DataFrame:
    """Page limitations/scale, figure draw_cubic: residual after one attention layer, and before.

    The residual of the first document or of Gaussian tokens is scaled down; the mean token stays.

    Columns
    -------
    weights, run : seed, or MiniLM's layer.
    before, after : |R| / sqrt(N d), a row for each size of the residual.
    leading : closed form of ``after`` for small residuals.
    """
    cases = []
    for seed in seeds:
        network = random_network(seed, 1)
        cases.append((RANDOM, network.run, network.blocks[0], network.x))
    first = minilm_networks(passages)[0]
    x = first.x
    for number, block in enumerate(first.blocks):
        cases.append((MINILM, f"layer {number}", block, x))
        x = rc.step(block, x, WHOLE)
    frames = [
        one_layer(block, x).assign(weights=weights, run=run) for weights, run, block, x in cases
    ]
    columns = ["weights", "run", "before", "after", "leading"]
    return pd.concat(frames, ignore_index=True)[columns]


def one_layer(block: rc.Block, x: Tensor) -> pd.DataFrame:
    """Columns before, after and leading of :func:`measure_one_layer` for tokens (N, d)."""
    mean, residual = rc.split(x)
    unit, rows = residual.numel() ** 0.5, []
    for size in SIZES:
        small = size * residual
        after = rc.attend_split(block, mean, small)[1]
        leading = rc.split(rc.leading_residual(block, small))[1]
        rows.append([float(part.norm()) / unit for part in (small, after, leading)])
    return pd.DataFrame(rows, columns=["before", "after", "leading"])


@store.kept
def measure_sharpness(
    seeds: Sequence[int], passages: Mapping[str, Passage], depth: int
) -> pd.DataFrame:
    """Page limitations/scale, figure draw_sharpness: layers until tokens are alike.

    Columns
    -------
    weights, run, gain : a row for each; all scores are multiplied by a gain.
    layers : of attention and norm, until the relative residual is below :data:`COLLAPSED`;
        ``depth`` + 1 where it is still above after ``depth``.
    """
    networks = [random_network(seed, depth) for seed in seeds] + minilm_networks(passages)
    return sharpness(networks, GAINS, depth)


def sharpness(networks: Sequence[Network], gains: Sequence[float], depth: int) -> pd.DataFrame:
    """The table of :func:`measure_sharpness`."""
    rows = []
    for gain in gains:
        for network in networks:
            blocks = [_sharpened(block, gain) for block in network.blocks]
            apart = rc.depths(blocks, network.x, SHARP, depth) > COLLAPSED
            layers = int(apart.long().cumprod(0).sum())
            rows.append((network.weights, network.run, gain, layers))
    return pd.DataFrame(rows, columns=["weights", "run", "gain", "layers"])


def _sharpened(block: rc.Block, gain: float) -> rc.Block:
    return dataclasses.replace(block, query=block.query * gain, query_bias=block.query_bias * gain)


@torch.no_grad()
def measure_gaps(passages: Mapping[str, Passage], layers: int = 3) -> dict[str, float]:
    """Page limitations/scale: deviations from identities, in float64.

    blocks : our blocks from MiniLM itself, in its last state.
    split : split coordinates from the state's, after ``layers`` layers of attention and norm.
    """
    model, _ = pretrained.minilm(torch.float64)
    ids = torch.tensor([*passages.values()])
    blocks, x = rc.blocks_of(model), model.embeddings(ids)  # (documents, N, d)
    whole, pure, (mean, residual) = x, x, rc.split(x)
    for block in blocks:
        whole = rc.step(block, whole, WHOLE)
    for block in blocks[:layers]:
        pure = rc.step(block, pure, SHARP)
        mean, residual = rc.attend_split(block, mean, residual)
        mean, residual = rc.normalise_split(block.norms[0], mean, residual)
    return {
        "blocks": float((whole - model(ids).last_hidden_state).abs().max()),
        "split": float((mean + residual - pure).abs().max()),
    }
