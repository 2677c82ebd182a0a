"""Rows of an architecture's table: one linear map each, from its sizes.

Columns
-------
layer, kind : its name; linear, convolution, product (of two activations) or embedding.
macs : dense multiply-accumulates of one pass over one input.
bias : additions of its bias.
weights : numbers that it stores.
inputs, outputs : elements read and written in one pass.
channels_out : output channels; 0 for a product.
kernel : elements of a kernel in one channel.
windows : kernel windows that one input element lies in, ``Π ⌈kernel / stride⌉``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

QKV = ("query", "key", "value")
POOLED = 2  # a pooling or a stride of two halves each side of a map


def positive(**sizes: int) -> None:
    """Refuse sizes below 1.

    Raises
    ------
    ValueError : names the size.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}: got {size}; allowed are integers of at least 1")


def _row(layer: str, kind: str, **columns: int) -> dict:
    """A row in the order of the columns above; what is not given is 0, a kernel has one element."""
    numbers = dict.fromkeys(("macs", "bias", "weights", "inputs", "outputs", "channels_out"), 0)
    return {"layer": layer, "kind": kind} | numbers | {"kernel": 1, "windows": 1} | columns


def linear(layer: str, positions: int, fan_in: int, outputs: int, bias: bool) -> dict:
    """A fully connected map, ``fan_in → outputs``, at each of ``positions`` (tokens).

    Parameters
    ----------
    layer : name of the row.
    positions : how often the map is applied in one pass.
    fan_in, outputs : its sizes.
    bias : whether each output adds one.
    """
    return _row(
        layer,
        "linear",
        macs=positions * fan_in * outputs,
        bias=positions * outputs if bias else 0,
        weights=fan_in * outputs,
        inputs=positions * fan_in,
        outputs=positions * outputs,
        channels_out=outputs,
    )


def convolution(
    layer: str, side: int, maps: Sequence[int], kernel: int = 3, stride: int = 1, bias: bool = False
) -> dict:
    """A convolution of square maps.

    Parameters
    ----------
    layer : name of the row.
    side : pixels along a side of the input; the output has ``side / stride``.
    maps : numbers of maps, (in, out).
    kernel, stride : along each axis.
    bias : whether each output adds one.
    """
    fan_in, positions = kernel**2 * maps[0], (side // stride) ** 2
    return _row(
        layer,
        "convolution",
        macs=positions * fan_in * maps[1],
        bias=positions * maps[1] if bias else 0,
        weights=fan_in * maps[1],
        inputs=side**2 * maps[0],
        outputs=positions * maps[1],
        channels_out=maps[1],
        kernel=kernel**2,
        windows=ceil(kernel / stride) ** 2,
    )


def product(layer: str, macs: int, inputs: int, outputs: int) -> dict:
    """A product of two activations, as in attention: no weights."""
    return _row(layer, "product", macs=macs, inputs=inputs, outputs=outputs)


def embedding(layer: str, positions: int, rows: int, width: int) -> dict:
    """A table of ``rows`` vectors, one looked up at each position."""
    return _row(
        layer,
        "embedding",
        weights=rows * width,
        inputs=positions,
        outputs=positions * width,
        channels_out=width,
    )


def attention(name: str, tokens: int, width: int, heads: int, keys: int = 0) -> list[dict]:
    """Both products of attention, queries with keys first.

    Parameters
    ----------
    name : of the block; the rows are ``name.product 1`` and ``name.product 2``.
    tokens : queries.
    width : channels of all heads together.
    heads : number of heads.
    keys : tokens in reach of each query; 0: all.
    """
    keys = keys or tokens
    macs, weights = tokens * keys * width, heads * tokens * keys
    return [
        product(f"{name}.product 1", macs, 2 * tokens * width, weights),
        product(f"{name}.product 2", macs, weights + tokens * width, tokens * width),
    ]


def key_value_first(name: str, tokens: int, width: int, heads: int) -> list[dict]:
    """Both products of attention without softmax, keys with values first."""
    macs, mixed = tokens * width * (width // heads), width * (width // heads)
    return [
        product(f"{name}.product 1", macs, 2 * tokens * width, mixed),
        product(f"{name}.product 2", macs, tokens * width + mixed, tokens * width),
    ]


def projections(name: str, parts: Sequence[str], tokens: int, width: int, bias: bool) -> list[dict]:
    """The maps ``name.part`` that make queries, keys and values of a block's tokens.

    Parameters
    ----------
    name : of the block.
    parts : which maps, of query, key and value.
    tokens, width : tokens of the block, channels of each.
    bias : whether each output adds one.
    """
    return [linear(f"{name}.{part}", tokens, width, width, bias) for part in parts]


def after_attention(name: str, tokens: int, width: int, mlp_ratio: int) -> list[dict]:
    """What follows the products in a block: the output projection and the perceptron's two maps."""
    return [
        linear(f"{name}.projection", tokens, width, width, bias=True),
        linear(f"{name}.mlp.0", tokens, width, mlp_ratio * width, bias=True),
        linear(f"{name}.mlp.1", tokens, mlp_ratio * width, width, bias=True),
    ]
