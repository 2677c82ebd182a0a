"""Networks whose maps shrink and widen from stage to stage: QKFormer and Swin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from . import layers
from .counts import dense_counts, from_rates

QK_BLOCKS = (1, 2, 7)
HEAD = 64  # channels of a head
SWIN_BASE: dict[str, Any] = {"width": 128, "depths": (2, 2, 18, 2), "heads": (4, 8, 16, 32)}


def qkformer(
    width: int,
    heads: int = 0,
    image: int = 224,
    channels: int = 3,
    classes: int = 1000,
    mlp_ratio: int = 4,
    *,
    timesteps: int = 0,
    rates: Mapping[str, float] | float = 0.0,
) -> pd.DataFrame:
    """QKFormer HST-10: ten blocks in three stages, on maps a quarter to a sixteenth in size.

    Stages one and two, of width / 4 and width / 2, mask keys with a sum of query spikes, which
    needs additions only and no product; stage three has spiking self-attention, keys and values
    first. Each stage begins with two 3×3 convolutions and a 1×1 shortcut (stage one with three).
    After the authors' published model (Zhou et al. 2024, section 4 and code).

    Parameters
    ----------
    width : channels of the last stage.
    heads : of its blocks; 0: of 64 channels each, as published.
    image, channels : pixels along a side, colours.
    classes : outputs of the head.
    mlp_ratio : hidden units of a block's perceptron over its width.
    timesteps : above 0, return the counts of one inference on spikes, ready for ``estimate``.
    rates : spikes per element and step, one number, or one a layer.

    Raises
    ------
    ValueError : a size below 1, a width that the heads or 8 do not divide, an image that is no
        multiple of 16, or rates that ``from_rates`` refuses.
    """
    layers.positive(width=width, image=image, channels=channels)
    heads = heads or max(1, width // HEAD)
    if width % 8 or width % heads:
        raise ValueError(f"width: got {width}; must be a multiple of 8 and of heads ({heads})")
    if image % 16:
        raise ValueError(f"image: got {image} pixels; must be a multiple of 16")
    rows = [layers.convolution("stem.0", image, (channels, width // 8))]
    side = image // layers.POOLED
    for stage, blocks in enumerate(QK_BLOCKS):
        before, wide = width // 2 ** (3 - stage), width // 2 ** (2 - stage)
        rows += [
            layers.convolution(f"stage.{stage}.0", side, (before, wide)),
            layers.convolution(f"stage.{stage}.1", side // 2, (wide, wide)),
            layers.convolution(f"stage.{stage}.shortcut", side, (before, wide), 1, stride=2),
        ]
        side //= layers.POOLED
        for block in range(blocks):
            name = f"stage.{stage}.block.{block}"
            rows += _qk_block(name, side**2, wide, heads if stage == 2 else 0, mlp_ratio)
    rows.append(layers.linear("head", 1, width, classes, bias=True))
    table = pd.DataFrame(rows)
    if not timesteps:
        return table
    return from_rates(table, rates, timesteps, bias=False, traffic=True, neurons=True)


def _qk_block(name: str, tokens: int, width: int, heads: int, mlp_ratio: int) -> list[dict]:
    """A block of spiking self-attention, or of query-key masks where ``heads`` is 0."""
    rows = layers.projections(name, layers.QKV if heads else layers.QKV[:2], tokens, width, False)
    if heads:
        rows += layers.key_value_first(name, tokens, width, heads)
    return rows + layers.after_attention(name, tokens, width, mlp_ratio)


def swin_transformer(
    image: int = 224,
    window: int = 7,
    *,
    width: int = SWIN_BASE["width"],
    depths: tuple[int, ...] = SWIN_BASE["depths"],
    heads: tuple[int, ...] = SWIN_BASE["heads"],
    classes: int = 1000,
    counts: bool = False,
) -> pd.DataFrame:
    """Swin-B, or another Swin: attention inside windows, stages joined by patch merging.

    ``12·N·C² + 2·window²·N·C`` MACs a block (Liu et al. 2021, equation 2, and the perceptron).

    Parameters
    ----------
    image : pixels along a side.
    window : tokens along a side of a window.
    width : channels C of the first stage; each stage doubles them.
    depths, heads : blocks, and heads of a block, stage by stage.
    classes : outputs of the head.
    counts : return the counts of one inference, ready for ``estimate``.

    Raises
    ------
    ValueError : a size below 1, or an image whose maps the windows do not tile.
    """
    layers.positive(image=image, window=window, width=width, classes=classes)
    if image % (4 * window * 2 ** (len(depths) - 1)):
        raise ValueError(f"image: got {image} pixels; windows of {window} must tile every stage")
    side = image // 4
    rows = [layers.convolution("patches", image, (3, width), 4, stride=4, bias=True)]
    for stage, (depth, head) in enumerate(zip(depths, heads, strict=True)):
        wide = width * 2**stage
        if stage:
            side //= 2
            rows.append(layers.linear(f"merge.{stage}", side**2, 2 * wide, wide, bias=False))
        for block in range(depth):
            name = f"stage.{stage}.block.{block}"
            rows.append(layers.linear(f"{name}.query-key-value", side**2, wide, 3 * wide, True))
            rows += layers.attention(name, side**2, wide, head, keys=window**2)
            rows += layers.after_attention(name, side**2, wide, mlp_ratio=4)
    rows.append(layers.linear("head", 1, width * 2 ** (len(depths) - 1), classes, bias=True))
    table = pd.DataFrame(rows)
    return dense_counts(table) if counts else table
