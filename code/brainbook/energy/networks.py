"""Published architectures as tables of operations, computed from their definitions.

Each function returns one row per linear map: ``layer``, ``kind``, ``macs`` (dense
multiply-accumulates of one pass over one image), ``bias`` (additions of its bias) and
``weights``. Nothing is run. ``from_rates`` turns such a table and measured spike rates into the
counts that ``estimate`` prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from .operations import COLUMNS

KERNEL = 3
STEM_WIDTHS = (8, 4, 2, 1, 1)  # the stem's convolutions make width / 8, / 4, / 2, / 1, / 1 maps
STEM_STEPS = (1, 2, 4, 8, 16)  # on maps smaller by these factors
ORDERS = ("key-value first", "query-key first")


def _row(layer: str, kind: str, positions: int, fan_in: int, outputs: int, bias: bool) -> dict:
    """A linear map applied at ``positions``, each output summing ``fan_in`` products."""
    return {
        "layer": layer, "kind": kind, "macs": positions * fan_in * outputs,
        "bias": positions * outputs if bias else 0, "weights": fan_in * outputs,
    }  # fmt: skip


def _product(layer: str, macs: int) -> dict:
    return {"layer": layer, "kind": "product", "macs": macs, "bias": 0, "weights": 0}


def _positive(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}: got {size}; allowed are integers of at least 1")


def spiking_transformer(
    depth: int, width: int, heads: int, image: int = 224, channels: int = 3, classes: int = 1000,
    mlp_ratio: int = 4, order: str = "key-value first",
) -> pd.DataFrame:  # fmt: skip
    """Spikformer and Spikingformer: a convolutional stem, ``depth`` blocks, a head.

    The stem has five 3×3 convolutions and shrinks the image sixteenfold, so 224 pixels give 196
    tokens. Without softmax the attention product may be taken in two orders: keys and values
    first, ``2·N·width·d_head`` MACs a block, or queries and keys first, ``2·N²·width``.
    Architecture after the authors' published model (Zhou et al. 2023, section 3 and code).

    Raises
    ------
    ValueError : a size below 1, a width that the heads or the stem do not divide, an image that
        is no multiple of 16, an unknown order.
    """
    _positive(depth=depth, width=width, heads=heads, image=image, channels=channels)
    if width % heads or width % STEM_WIDTHS[0]:
        raise ValueError(f"width: got {width}; must be a multiple of heads ({heads}) and of 8")
    if image % STEM_STEPS[-1]:
        raise ValueError(f"image: got {image} pixels; must be a multiple of {STEM_STEPS[-1]}")
    if order not in ORDERS:
        raise ValueError(f"order: got {order!r}; allowed are {ORDERS}")
    maps = [channels, *(width // factor for factor in STEM_WIDTHS)]
    rows = [
        _row(
            f"stem.{i}",
            "convolution",
            (image // step) ** 2,
            KERNEL**2 * maps[i],
            maps[i + 1],
            bias=False,
        )  # fmt: skip
        for i, step in enumerate(STEM_STEPS)
    ]
    tokens = (image // STEM_STEPS[-1]) ** 2
    product = tokens * width * (width // heads if order == ORDERS[0] else tokens)
    for block in range(depth):
        name = f"block.{block}"
        rows += [
            _row(f"{name}.{part}", "linear", tokens, width, width, bias=False)
            for part in ("query", "key", "value")
        ]
        rows += [_product(f"{name}.product {i}", product) for i in (1, 2)]
        rows.append(_row(f"{name}.projection", "linear", tokens, width, width, bias=True))
        rows += _mlp(name, tokens, width, mlp_ratio)
    rows.append(_row("head", "linear", 1, width, classes, bias=True))
    return pd.DataFrame(rows)


def _mlp(name: str, tokens: int, width: int, ratio: int) -> list[dict]:
    return [
        _row(f"{name}.mlp.0", "linear", tokens, width, ratio * width, bias=True),
        _row(f"{name}.mlp.1", "linear", tokens, ratio * width, width, bias=True),
    ]


def vision_transformer(
    depth: int, width: int, image: int = 224, patch: int = 16, channels: int = 3,
    classes: int = 1000, mlp_ratio: int = 4,
) -> pd.DataFrame:  # fmt: skip
    """ViT and DeiT: patches and a class token, ``depth`` softmax blocks, a head.

    ``24·N·width² + 4·N²·width`` FLOPs a block at the ratio 4, so half of it in MACs.

    Raises
    ------
    ValueError : a size below 1, or an image that the patch does not divide.
    """
    _positive(depth=depth, width=width, image=image, patch=patch)
    if image % patch:
        raise ValueError(f"image: got {image} pixels; must be a multiple of the patch, {patch}")
    patches = (image // patch) ** 2
    tokens = patches + 1
    rows = [_row("patches", "convolution", patches, channels * patch**2, width, bias=True)]
    for block in range(depth):
        name = f"block.{block}"
        rows.append(_row(f"{name}.query-key-value", "linear", tokens, width, 3 * width, bias=True))
        rows += [_product(f"{name}.product {i}", tokens**2 * width) for i in (1, 2)]
        rows.append(_row(f"{name}.projection", "linear", tokens, width, width, bias=True))
        rows += _mlp(name, tokens, width, mlp_ratio)
    rows.append(_row("head", "linear", 1, width, classes, bias=True))
    return pd.DataFrame(rows)


RESIDUAL = {18: (1, (2, 2, 2, 2)), 34: (1, (3, 4, 6, 3)), 50: (4, (3, 4, 6, 3))}


def residual_network(depth: int, image: int = 224, classes: int = 1000) -> pd.DataFrame:
    """ResNet-18, 34 or 50 (and SEW-ResNet, which has the same maps) at ``image`` pixels.

    Blocks of two 3×3 convolutions up to 34 layers, bottlenecks of 1×1, 3×3, 1×1 at 50, with the
    stride in the 3×3 convolution.

    Raises
    ------
    ValueError : another depth, or an image that is no multiple of 32.
    """
    if depth not in RESIDUAL:
        raise ValueError(f"depth: got {depth}; allowed are {tuple(RESIDUAL)}")
    if image < 32 or image % 32:
        raise ValueError(f"image: got {image} pixels; must be a positive multiple of 32")
    expansion, stages = RESIDUAL[depth]
    rows = [_row("stem", "convolution", (image // 2) ** 2, 7**2 * 3, 64, bias=False)]
    size, inputs = image // 4, 64
    for stage, blocks in enumerate(stages):
        width = 64 * 2**stage
        for block in range(blocks):
            before = size
            if stage and not block:
                size //= 2
            rows += _residual_block(
                f"stage.{stage}.{block}", inputs, width, expansion, before, size
            )
            inputs = width * expansion
    rows.append(_row("head", "linear", 1, inputs, classes, bias=True))
    return pd.DataFrame(rows)


def _residual_block(
    name: str, inputs: int, width: int, expansion: int, before: int, after: int
) -> list[dict]:
    """Convolutions of one residual block, from maps of ``before`` to ``after`` pixels a side."""
    outputs = width * expansion
    shapes = [(after, 9, inputs, width), (after, 9, width, width)]
    if expansion > 1:
        shapes = [(before, 1, inputs, width), (after, 9, width, width), (after, 1, width, outputs)]
    if before != after or inputs != outputs:
        shapes.append((after, 1, inputs, outputs))
    return [
        _row(f"{name}.{i}", "convolution", size**2, kernel * fan_in, maps, bias=False)
        for i, (size, kernel, fan_in, maps) in enumerate(shapes)
    ]


def from_rates(
    network: pd.DataFrame,
    rates: Mapping[str, float],
    timesteps: int,
    real: Iterable[str] = ("stem.0",),
    once: Iterable[str] = ("head",),
    bias: bool = True,
) -> pd.DataFrame:
    """Counts of one inference from a network's definition and its spike rates.

    ``acs = rate · timesteps · (macs + bias)`` for each spike-driven layer, as in the papers (a
    rate is a mean over the input, so borders count in full). Layers in ``real`` read real
    numbers at every step, those in ``once`` read them once, after the last step. Neuron updates
    and memory are not in a definition: ``attrs["uncounted"]`` names them.

    Raises
    ------
    ValueError : a rate outside [0, 1], a missing or unknown layer, timesteps below 1.
    """
    _positive(timesteps=timesteps)
    real, once = set(real), set(once)
    layers = set(network["layer"])
    driven = layers - real - once
    if driven != set(rates) or not real | once <= layers:
        raise ValueError(
            f"rates: missing layers {sorted(driven - set(rates))}, unknown layers "
            f"{sorted((set(rates) | real | once) - layers | set(rates) & (real | once))}; "
            "needed is one rate for each spike-driven layer"
        )
    wrong = {layer: rate for layer, rate in rates.items() if not 0 <= rate <= 1}
    if wrong:
        raise ValueError(f"rates: got {wrong}; allowed are spike rates from 0 to 1")
    table = pd.DataFrame(0.0, index=network.index, columns=list(COLUMNS[2:]))
    table.insert(0, "kind", network["kind"])
    table.insert(0, "layer", network["layer"])
    steps = network["layer"].map(lambda layer: 1 if layer in once else timesteps)
    table["dense"] = steps * (network["macs"] + (network["bias"] if bias else 0))
    spiking = network["layer"].isin(driven)
    table.loc[~spiking, "macs"] = table["dense"]
    table.loc[spiking, "acs"] = table["dense"] * network["layer"].map(rates)
    table["calls"], table["weight_size"] = steps, network["weights"]
    table.attrs["uncounted"] = {"neuron updates": 0, "memory traffic": 0}
    return table
