"""Errors of converted networks: layer by layer, by threshold, by code, by number of bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.models.spiking import codes
from brainbook.models.spiking.conversion import ConvertedPerceptron, SpikeRun, spike_count

from .networks import Reader, best_thresholds, build

FIRST_LAYER_PERCENTILE = 90  # some neurons saturate, so that the closed form meets its clip
LONGEST_WORD = 16  # steps of the binary code; its error is then that of float arithmetic


def root_mean_square(values: Tensor) -> float:
    """√⟨x²⟩ over all entries."""
    return float(values.square().mean().sqrt())


def conversion_errors(readers: Sequence[Reader], steps: Sequence[int]) -> pd.DataFrame:
    """Error of each layer's rates on held-out digits, split into its parts.

    The thresholds are the largest activations on training images.

    Columns
    -------
    seed, steps, layer : a row each; layers count from one.
    accuracy, ann : of the converted network, and of the perceptron.
    law : 1/(√12·T).
    error : root mean square of θ·n/T − a over units with 0 < a < θ, in units of θ.
    inherited, rounding, uneven : the same error in parts: the mean input differs from the
        perceptron's; rounding of the mean input; timing.
    off : share of all neurons whose count is not that of the closed form for their mean input.
    miscounted : how many of these end with a membrane inside [0, θ).
    largest : largest error over θ/(2T), clipped activations taken as clipped.
    balance : largest |θ·n − T·z̄ − v₀ + v_T|.
    """
    rows = []
    for reader in readers:
        thetas, exact, ann = reader.thresholds(100), reader.held_out(), reader.accuracy()
        labels = torch.as_tensor(reader.split.test_labels)
        for step in steps:
            run = ConvertedPerceptron(reader.perceptron, thetas, step).run(reader.images)
            base = {"seed": reader.seed, "steps": step}
            scores = {
                "accuracy": float((run.logits.argmax(1) == labels).double().mean()),
                "ann": ann,
                "law": 1 / (np.sqrt(12) * step),
            }
            for layer, theta in enumerate(thetas):
                parts = layer_errors(exact[layer], run, layer, theta, step)
                rows.append(base | {"layer": layer + 1} | scores | parts)
    return pd.DataFrame(rows)


def layer_errors(
    exact: Tensor, run: SpikeRun, layer: int, theta: float, steps: int
) -> dict[str, float]:
    """Errors of one layer, columns ``error`` to ``balance`` of :func:`conversion_errors`.

    Parameters
    ----------
    exact : (images, units), what the perceptron's units compute before the rectifier.
    run : of the converted network on the same images.
    layer : its place among the hidden layers, from zero.
    theta : its threshold.
    steps : T.
    """
    count, mean, final = run.counts[layer], run.mean_current[layer], run.final[layer]
    active = (exact > 0) & (exact < theta)
    formula = spike_count(mean, theta, steps)
    inside = (final >= 0) & (final < theta)
    rate, clipped = count / steps, (mean / theta).clamp(0, 1)
    target = (exact / theta).clamp(0, 1)
    parts = {
        "error": rate - target,
        "inherited": clipped - target,
        "rounding": formula / steps - clipped,
        "uneven": (count - formula) / steps,
    }
    return {name: root_mean_square(part[active]) for name, part in parts.items()} | {
        "off": float((count != formula).double().mean()),
        "miscounted": int((count != formula)[inside].sum()),
        "largest": float((rate - target).abs().max()) * 2 * steps,
        "balance": float((theta * count - steps * mean - theta / 2 + final).abs().max()),
    }


def first_layer_mismatches(readers: Sequence[Reader], steps: Sequence[int]) -> int:
    """Neurons of the first layer whose simulated count is not that of the closed form.

    All neurons of all held-out images, silent and saturated ones too.
    """
    wrong = 0
    for reader in readers:
        thetas, current = reader.thresholds(FIRST_LAYER_PERCENTILE), reader.held_out()[0]
        for step in steps:
            run = ConvertedPerceptron(reader.perceptron, thetas, step).run(reader.images)
            wrong += int((run.counts[0] != spike_count(current, thetas[0], step)).sum())
    return wrong


def threshold_errors(
    readers: Sequence[Reader], steps: Sequence[int], percentiles: Sequence[float]
) -> pd.DataFrame:
    """Accuracy, and what clipping and rounding cost, against the percentile that sets θ.

    Columns
    -------
    seed, percentile, steps : a row each.
    clipping, rounding, error : what each costs, and both together: root mean square in the first
        layer, held-out images, over positive activations, in units of the largest activation on
        training images.
    accuracy : of the converted network.
    """
    rows = []
    for reader in readers:
        current = reader.held_out()[0]
        positive = current[current > 0]  # (active units of all images,)
        unit = reader.thresholds(100)[0]
        for percentile in percentiles:
            thetas = reader.thresholds(percentile)
            cut = positive.clamp(max=thetas[0])
            for step in steps:
                sent = spike_count(positive, thetas[0], step) * thetas[0] / step
                row = {
                    "seed": reader.seed,
                    "percentile": percentile,
                    "steps": step,
                    "clipping": root_mean_square(positive - cut) / unit,
                    "rounding": root_mean_square(sent - cut) / unit,
                    "error": root_mean_square(sent - positive) / unit,
                    "accuracy": reader.accuracy(
                        ConvertedPerceptron(reader.perceptron, thetas, step)
                    ),
                }
                rows.append(row)
    return pd.DataFrame(rows)


def code_errors(readers: Sequence[Reader], steps: Sequence[int]) -> pd.DataFrame:
    """Error and spikes of each code for one value, on real activations.

    The values are the first layer's activations between zero and their largest on training
    images, in units of it. Binary words are at most ``LONGEST_WORD`` steps long.

    Columns
    -------
    seed, code, steps : a row each.
    error, law : root mean square error of a value, and its closed form.
    spikes : mean per value.
    current, current_law : only with Poisson pixels: mean square error of the first layer's mean
        input, and Σ w²p(1 − p)/T.
    """
    rows = []
    for reader in readers:
        generator = np.random.default_rng(reader.seed)
        current = reader.held_out()[0].numpy() / reader.thresholds(100)[0]
        values = current[(current > 0) & (current < 1)]  # (active units of all images,)
        for code in codes.CODES:
            for step in steps:
                if code == "binary" and step > LONGEST_WORD:
                    continue
                row = {"seed": reader.seed} | _sent(values, code, step, generator)
                if code == "poisson":
                    row |= _poisson_input(reader, step, generator)
                rows.append(row)
    return pd.DataFrame(rows)


def _sent(
    values: np.ndarray, code: str, steps: int, generator: np.random.Generator
) -> dict[str, float | str]:
    """Columns ``code`` to ``spikes`` of :func:`code_errors`."""
    number = codes.sent(values, code, steps, generator)
    off = number / codes.levels(code, steps) - values
    return {
        "code": code,
        "steps": steps,
        "error": float(np.sqrt(np.mean(off**2))),
        "law": codes.expected_error(values, code, steps),
        "spikes": float(codes.spikes(number, code).mean()),
    }


def _poisson_input(reader: Reader, steps: int, generator: np.random.Generator) -> dict[str, float]:
    """Columns ``current`` and ``current_law`` of :func:`code_errors`."""
    weight = reader.perceptron.layers[0].weight.double().numpy()
    pixels = reader.images.flatten(1).numpy().astype(float)  # (images, 64)
    drawn = codes.sent(pixels, "poisson", steps, generator) / steps
    return {
        "current": float((((drawn - pixels) @ weight.T) ** 2).mean()),
        "current_law": float(codes.current_error(weight, pixels, steps).mean()),
    }


def bit_grid(
    readers: Sequence[Reader], weight_bits: Sequence[int], activation_bits: Sequence[int]
) -> pd.DataFrame:
    """Held-out accuracy of the quantised perceptron at each pair of widths.

    b bits of activation have 2^b − 1 levels above zero. Nothing is trained again.

    Columns
    -------
    seed, weight_bits, activation_bits : a row each; 32 bits of activation are not rounded.
    accuracy, ann : of the rounded network, and of the perceptron.
    """
    rows = []
    for reader in readers:
        ann = reader.accuracy()
        for weight in weight_bits:
            few = reader.in_bits(weight)
            activations = few.in_training()
            rows.append((reader.seed, weight, 32, few.accuracy(), ann))
            for bits in activation_bits:
                levels = 2**bits - 1
                thresholds = best_thresholds(activations, levels)
                network = build("quantised", few.perceptron, thresholds, levels)
                rows.append((reader.seed, weight, bits, reader.accuracy(network), ann))
    columns = ["seed", "weight_bits", "activation_bits", "accuracy", "ann"]
    return pd.DataFrame(rows, columns=columns)
