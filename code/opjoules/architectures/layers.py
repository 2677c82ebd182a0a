"""Rows of an architecture's table: one linear map each, from its sizes.

Columns: ``layer``, ``kind``, ``macs`` (dense multiply-accumulates of one pass over one input),
``bias`` (additions of its bias), ``weights``; ``inputs`` and ``outputs`` (elements read and
written in one pass); ``channels_out``, ``kernel`` (elements of a kernel in one channel) and
``windows`` (kernel windows that one input element lies in, ``Π ⌈kernel / stride⌉``).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

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


def linear(layer: str, positions: int, fan_in: int, outputs: int, bias: bool) -> dict:
    """A fully connected map applied at each of ``positions`` (tokens)."""
    return {
        "layer": layer, "kind": "linear", "macs": positions * fan_in * outputs,
        "bias": positions * outputs if bias else 0, "weights": fan_in * outputs,
        "inputs": positions * fan_in, "outputs": positions * outputs, "channels_out": outputs,
        "kernel": 1, "windows": 1,
    }  # fmt: skip


def convolution(
    layer: str, side: int, maps: Sequence[int], kernel: int = 3, stride: int = 1, bias: bool = False
) -> dict:
    """A convolution from ``maps[0]`` maps of ``side`` pixels to ``maps[1]``, side / stride each."""
    fan_in, positions = kernel**2 * maps[0], (side // stride) ** 2
    return {
        "layer": layer, "kind": "convolution", "macs": positions * fan_in * maps[1],
        "bias": positions * maps[1] if bias else 0, "weights": fan_in * maps[1],
        "inputs": side**2 * maps[0], "outputs": positions * maps[1], "channels_out": maps[1],
        "kernel": kernel**2, "windows": ceil(kernel / stride) ** 2,
    }  # fmt: skip


def product(layer: str, macs: int, inputs: int, outputs: int) -> dict:
    """A product of two activations, as in attention: no weights."""
    return {
        "layer": layer, "kind": "product", "macs": macs, "bias": 0, "weights": 0,
        "inputs": inputs, "outputs": outputs, "channels_out": 0, "kernel": 1, "windows": 1,
    }  # fmt: skip


def embedding(layer: str, positions: int, rows: int, width: int) -> dict:
    """A table of ``rows`` vectors, one looked up at each position."""
    return {
        "layer": layer, "kind": "embedding", "macs": 0, "bias": 0, "weights": rows * width,
        "inputs": positions, "outputs": positions * width, "channels_out": width, "kernel": 1,
        "windows": 1,
    }  # fmt: skip


def attention(name: str, tokens: int, width: int, heads: int, keys: int = 0) -> list[dict]:
    """Both products of attention, queries and keys first; ``keys`` tokens in reach, or all."""
    keys = keys or tokens
    weights = heads * tokens * keys
    return [
        product(f"{name}.product 1", tokens * keys * width, 2 * tokens * width, weights),
        product(f"{name}.product 2", tokens * keys * width, weights + tokens * width,
                tokens * width),
    ]  # fmt: skip


def key_value_first(name: str, tokens: int, width: int, heads: int) -> list[dict]:
    """Both products of attention without softmax, keys and values first."""
    macs, mixed = tokens * width * (width // heads), width * (width // heads)
    return [
        product(f"{name}.product 1", macs, 2 * tokens * width, mixed),
        product(f"{name}.product 2", macs, tokens * width + mixed, tokens * width),
    ]


def mlp(name: str, tokens: int, width: int, ratio: int) -> list[dict]:
    """The two maps of a block's perceptron, with biases."""
    return [
        linear(f"{name}.mlp.0", tokens, width, ratio * width, bias=True),
        linear(f"{name}.mlp.1", tokens, ratio * width, width, bias=True),
    ]
