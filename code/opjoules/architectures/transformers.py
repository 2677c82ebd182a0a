"""Transformers and residual networks of images as tables of operations, from their definitions.

Each function returns one row per linear map (columns in :mod:`opjoules.architectures.layers`);
nothing is run. With ``timesteps`` or ``counts=True`` it returns the counts of one inference
instead, ready for ``estimate`` and ``compare_schemes``. ``from_rates`` and ``dense_counts`` of
:mod:`opjoules.architectures.counts` do the same to any such table.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from . import layers
from .counts import dense_counts, from_rates

STEM_WIDTHS = (8, 4, 2, 1, 1)  # the stem's convolutions make width / 8, / 4, / 2, / 1, / 1 maps
STEM_STEPS = (1, 2, 4, 8, 16)  # on maps smaller by these factors
ORDERS = ("key-value first", "query-key first")


def spiking_transformer(
    depth: int,
    width: int,
    heads: int,
    image: int = 224,
    channels: int = 3,
    classes: int = 1000,
    mlp_ratio: int = 4,
    order: str = "key-value first",
    *,
    timesteps: int = 0,
    rates: Mapping[str, float] | float = 0.0,
) -> pd.DataFrame:
    """Spikformer and Spikingformer: a convolutional stem, ``depth`` blocks, a head.

    The stem has five 3×3 convolutions and shrinks the image sixteenfold, so 224 pixels give 196
    tokens N. Without softmax the attention product may be taken in two orders: keys and values
    first, ``2·N·width·d_head`` MACs a block, or queries and keys first, ``2·N²·width``.
    Architecture after the authors' published model (Zhou et al. 2023, section 3 and code).

    Parameters
    ----------
    depth, width, heads : blocks, channels, heads of a block.
    image, channels : pixels along a side, colours.
    classes : outputs of the head.
    mlp_ratio : hidden units of a block's perceptron over its width.
    order : of the attention products, one of ``ORDERS``.
    timesteps : above 0, return the counts of one inference on spikes, with memory traffic and
        neuron updates.
    rates : spikes per element and step, one number, or one for each layer but ``stem.0`` and
        ``head``.

    Raises
    ------
    ValueError : a size below 1, a width that the heads or the stem do not divide, an image that
        is no multiple of 16, an unknown order, or rates that ``from_rates`` refuses.
    """
    layers.positive(depth=depth, width=width, heads=heads, image=image, channels=channels)
    if width % heads or width % STEM_WIDTHS[0]:
        raise ValueError(f"width: got {width}; must be a multiple of heads ({heads}) and of 8")
    if image % STEM_STEPS[-1]:
        raise ValueError(f"image: got {image} pixels; must be a multiple of {STEM_STEPS[-1]}")
    if order not in ORDERS:
        raise ValueError(f"order: got {order!r}; allowed are {ORDERS}")
    rows = _stem(image, channels, width)
    products = layers.key_value_first if order == ORDERS[0] else layers.attention
    tokens = (image // STEM_STEPS[-1]) ** 2
    for block in range(depth):
        name = f"block.{block}"
        rows += layers.projections(name, layers.QKV, tokens, width, bias=False)
        rows += products(name, tokens, width, heads)
        rows += layers.after_attention(name, tokens, width, mlp_ratio)
    rows.append(layers.linear("head", 1, width, classes, bias=True))
    table = pd.DataFrame(rows)
    if not timesteps:
        return table
    return from_rates(table, rates, timesteps, bias=False, traffic=True, neurons=True)


def _stem(image: int, channels: int, width: int) -> list[dict]:
    """The stem's five convolutions."""
    maps = [channels, *(width // factor for factor in STEM_WIDTHS)]
    return [
        layers.convolution(f"stem.{i}", image // step, maps[i : i + 2])
        for i, step in enumerate(STEM_STEPS)
    ]


def vision_transformer(
    depth: int,
    width: int,
    image: int = 224,
    patch: int = 16,
    channels: int = 3,
    classes: int = 1000,
    mlp_ratio: int = 4,
    *,
    heads: int = 0,
    counts: bool = False,
) -> pd.DataFrame:
    """ViT and DeiT: patches and a class token, ``depth`` softmax blocks, a head.

    ``24·N·width² + 4·N²·width`` FLOPs a block at the ratio 4, so half of it in MACs.

    Parameters
    ----------
    depth, width : blocks, channels.
    image, patch, channels : pixels along a side of the image and of a patch, colours.
    classes : outputs of the head.
    mlp_ratio : hidden units of a block's perceptron over its width.
    heads : of a block; 0: of 64 channels each. They do not change the MACs.
    counts : return the counts of one inference, with memory traffic.

    Raises
    ------
    ValueError : a size below 1, or an image that the patch does not divide.
    """
    layers.positive(depth=depth, width=width, image=image, patch=patch)
    if image % patch:
        raise ValueError(f"image: got {image} pixels; must be a multiple of the patch, {patch}")
    heads = heads or max(1, width // 64)
    tokens = (image // patch) ** 2 + 1
    rows = [layers.convolution("patches", image, (channels, width), patch, patch, bias=True)]
    for block in range(depth):
        name = f"block.{block}"
        rows.append(layers.linear(f"{name}.query-key-value", tokens, width, 3 * width, bias=True))
        rows += layers.attention(name, tokens, width, heads)
        rows += layers.after_attention(name, tokens, width, mlp_ratio)
    rows.append(layers.linear("head", 1, width, classes, bias=True))
    table = pd.DataFrame(rows)
    return dense_counts(table) if counts else table


RESIDUAL = {
    18: (1, (2, 2, 2, 2)),
    34: (1, (3, 4, 6, 3)),
    50: (4, (3, 4, 6, 3)),
    101: (4, (3, 4, 23, 3)),
    152: (4, (3, 8, 36, 3)),
}


def residual_network(
    depth: int,
    image: int = 224,
    classes: int = 1000,
    *,
    timesteps: int = 0,
    rates: Mapping[str, float] | float = 0.0,
    counts: bool = False,
) -> pd.DataFrame:
    """ResNet-18, 34, 50, 101 or 152 (and SEW-ResNet, which has the same maps).

    Blocks of two 3×3 convolutions up to 34 layers, bottlenecks of 1×1, 3×3, 1×1 above, with the
    stride in the 3×3 convolution.

    Parameters
    ----------
    depth : layers, one of those above.
    image : pixels along a side.
    classes : outputs of the head.
    timesteps : above 0, return the counts of one inference on spikes, with memory traffic and
        neuron updates.
    rates : spikes per element and step, one number, or one for each layer but ``stem`` and
        ``head``.
    counts : return the counts of one dense inference.

    Raises
    ------
    ValueError : another depth, an image that is no multiple of 32, or rates that ``from_rates``
        refuses.
    """
    if depth not in RESIDUAL:
        raise ValueError(f"depth: got {depth}; allowed are {tuple(RESIDUAL)}")
    if image < 32 or image % 32:
        raise ValueError(f"image: got {image} pixels; must be a positive multiple of 32")
    expansion, stages = RESIDUAL[depth]
    rows = [layers.convolution("stem", image, (3, 64), 7, stride=2)]
    size, inputs = image // 4, 64
    for stage, blocks in enumerate(stages):
        width = 64 * 2**stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            name = f"stage.{stage}.{block}"
            rows += _residual_block(name, size, stride, (inputs, width, width * expansion))
            size, inputs = size // stride, width * expansion
    rows.append(layers.linear("head", 1, inputs, classes, bias=True))
    table = pd.DataFrame(rows)
    if timesteps:
        return from_rates(
            table, rates, timesteps, real=("stem",), bias=False, traffic=True, neurons=True
        )
    return dense_counts(table) if counts else table


def _residual_block(name: str, size: int, stride: int, maps: tuple[int, int, int]) -> list[dict]:
    """Convolutions of one residual block, on maps of ``size`` pixels a side."""
    inputs, width, outputs = maps
    after = size // stride
    if width == outputs:
        shapes = [(size, 3, stride, (inputs, width)), (after, 3, 1, (width, width))]
    else:
        shapes = [
            (size, 1, 1, (inputs, width)),
            (size, 3, stride, (width, width)),
            (after, 1, 1, (width, outputs)),
        ]
    if stride > 1 or inputs != outputs:
        shapes.append((size, 1, stride, (inputs, outputs)))
    return [
        layers.convolution(f"{name}.{i}", side, pair, kernel, step)
        for i, (side, kernel, step, pair) in enumerate(shapes)
    ]
