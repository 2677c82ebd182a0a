"""Experiments with spike codes: errors layer by layer, codes for one value, exact spike times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from brainbook.models.digits.classifiers import trained
from brainbook.models.digits.training import accuracy
from brainbook.models.spiking import codes as spike_codes
from brainbook.models.spiking.conversion import (
    ConvertedPerceptron,
    QuantisedPerceptron,
    activations,
    spike_count,
    thresholds_at,
)
from brainbook.models.spiking.time_to_first_spike import BinnedFirstSpike, FirstSpikeNetwork

from .networks import build, round_weights, split_of

HIDDEN = (128, 128)


@dataclass(frozen=True)
class SpikeTimes:
    """``exact``: continuous time, a row a seed; ``binned``: a row per seed and number of bins."""

    exact: pd.DataFrame
    binned: pd.DataFrame


@dataclass(frozen=True)
class Bits:
    """``grid``: accuracy by widths; ``twins``: the same function with spikes and with bits."""

    grid: pd.DataFrame
    twins: pd.DataFrame


def _root_mean_square(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())


def conversion_errors(
    seeds: Sequence[int], steps: Sequence[int], hidden: Sequence[int] = HIDDEN
) -> pd.DataFrame:
    """Error of each layer's rates on held-out digits, split into its parts.

    The thresholds are the largest activations on training images. A row per seed, T and layer.
    ``error``: root mean square of θ·n/T − a over units with 0 < a < θ, in units of θ; ``law``:
    1/(√12·T). The same error in parts: ``inherited`` (the mean input differs from the ANN's),
    ``rounding`` (of the mean input) and ``uneven`` (the timing). ``off``: share of all neurons
    whose count is not that of the closed form for their mean input. ``miscounted``: how many of
    these end with a membrane inside [0, θ). ``largest``: largest error over θ/(2T), clipped
    activations taken as clipped. ``balance``: largest |θ·n − T·z̄ − v₀ + v_T|. ``accuracy``, and
    the perceptron's, ``ann``.
    """
    rows = []
    for seed in seeds:
        split = split_of(seed)
        network = trained("perceptron", seed, hidden=tuple(hidden)).model()
        thetas = thresholds_at(network, split.train_images, 100)
        exact = activations(network, split.test_images)
        ann = accuracy(network, split.test_images, split.test_labels)
        images = torch.as_tensor(split.test_images)
        for step in steps:
            run = ConvertedPerceptron(network, thetas, step).run(images)
            scored = (run.logits.argmax(1) == torch.as_tensor(split.test_labels)).double().mean()
            for layer, theta in enumerate(thetas):
                count, mean = run.counts[layer], run.mean_current[layer]
                rows.append(
                    {"seed": seed, "steps": step, "layer": layer + 1, "accuracy": float(scored),
                     "ann": ann, "law": 1 / (np.sqrt(12) * step)}
                    | _errors(exact[layer], count, mean, run.final[layer], theta, step)
                )  # fmt: skip
    return pd.DataFrame(rows)


def _errors(
    exact: torch.Tensor, count: torch.Tensor, mean: torch.Tensor, final: torch.Tensor,
    theta: float, steps: int,
) -> dict[str, float]:  # fmt: skip
    """One layer's row of :func:`conversion_errors`; errors in units of θ."""
    active = (exact > 0) & (exact < theta)
    formula = spike_count(mean, theta, steps)
    inside = (final >= 0) & (final < theta)
    rate, clipped = count / steps, (mean / theta).clamp(0, 1)
    target = (exact / theta).clamp(0, 1)
    parts = {
        "error": rate - target, "inherited": clipped - target,
        "rounding": formula / steps - clipped, "uneven": (count - formula) / steps,
    }  # fmt: skip
    return {name: _root_mean_square(part[active]) for name, part in parts.items()} | {
        "off": float((count != formula).double().mean()),
        "miscounted": int((count != formula)[inside].sum()),
        "largest": float((rate - target).abs().max()) * 2 * steps,
        "balance": float((theta * count - steps * mean - theta / 2 + final).abs().max()),
    }


def first_layer_mismatches(seeds: Sequence[int], steps: Sequence[int]) -> int:
    """Neurons of the first layer whose simulated count is not that of the closed form.

    All neurons of all held-out images, silent and saturated ones too.
    """
    wrong = 0
    for seed in seeds:
        split = split_of(seed)
        network = trained("perceptron", seed, hidden=HIDDEN).model()
        thetas = thresholds_at(network, split.train_images, 90)
        current = activations(network, split.test_images)[0]
        for step in steps:
            run = ConvertedPerceptron(network, thetas, step).run(torch.as_tensor(split.test_images))
            wrong += int((run.counts[0] != spike_count(current, thetas[0], step)).sum())
    return wrong


def threshold_errors(
    seeds: Sequence[int], steps: Sequence[int], percentiles: Sequence[float]
) -> pd.DataFrame:
    """Accuracy, and what clipping and rounding cost, against the percentile that sets θ.

    ``clipping`` and ``rounding``: root mean square in the first layer, held-out images, over
    positive activations, in units of the largest activation on training images.
    """
    rows = []
    for seed in seeds:
        split = split_of(seed)
        network = trained("perceptron", seed, hidden=HIDDEN).model()
        current = activations(network, split.test_images)[0]
        positive = current[current > 0]
        unit = thresholds_at(network, split.train_images, 100)[0]
        for percentile in percentiles:
            thetas = thresholds_at(network, split.train_images, percentile)
            cut = positive.clamp(max=thetas[0])
            for step in steps:
                sent = spike_count(positive, thetas[0], step) * thetas[0] / step
                model = ConvertedPerceptron(network, thetas, step)
                rows.append({
                    "seed": seed, "percentile": percentile, "steps": step,
                    "clipping": _root_mean_square(positive - cut) / unit,
                    "rounding": _root_mean_square(sent - cut) / unit,
                    "error": _root_mean_square(sent - positive) / unit,
                    "accuracy": accuracy(model, split.test_images, split.test_labels),
                })  # fmt: skip
    return pd.DataFrame(rows)


def code_errors(seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    """Error and spikes of each code for one value, on real activations.

    The values are the first layer's activations between zero and their largest on training
    images, in units of it. ``error`` is the root mean square, ``law`` its closed form,
    ``spikes`` the mean per value. ``current`` over ``current_law``: for Poisson pixels, the mean
    square error of the first layer's mean input, and Σ w²p(1 − p)/T.
    """
    rows = []
    for seed in seeds:
        split, generator = split_of(seed), np.random.default_rng(seed)
        network = trained("perceptron", seed, hidden=HIDDEN).model()
        theta = thresholds_at(network, split.train_images, 100)[0]
        current = activations(network, split.test_images)[0].numpy() / theta
        values = current[(current > 0) & (current < 1)]
        weight = network.layers[0].weight.double().numpy()
        pixels = split.test_images.reshape(len(split.test_images), -1).astype(float)
        for code in spike_codes.CODES:
            for step in steps:
                if code == "binary" and step > 16:
                    continue
                number = spike_codes.sent(values, code, step, generator)
                row = {
                    "seed": seed, "code": code, "steps": step,
                    "error": float(np.sqrt(
                        np.mean((number / spike_codes.levels(code, step) - values) ** 2))),
                    "law": spike_codes.expected_error(values, code, step),
                    "spikes": float(spike_codes.spikes(number, code).mean()),
                }  # fmt: skip
                if code == "poisson":
                    drawn = spike_codes.sent(pixels, code, step, generator) / step
                    row["current"] = float((((drawn - pixels) @ weight.T) ** 2).mean())
                    law = spike_codes.current_error(weight, pixels, step)
                    row["current_law"] = float(law.mean())
                rows.append(row)
    return pd.DataFrame(rows)


def exact_spike_times(seeds: Sequence[int]) -> pd.DataFrame:
    """Networks of one spike a neuron in continuous time against the rectifiers they stand for.

    A row per seed: ``difference`` (largest, over activations and logits of all held-out
    images), ``scale`` (largest logit), ``accuracy`` and ``ann``, ``windows`` (total time of the
    hidden layers' windows in units of the largest activations: what waiting costs).
    """
    rows = []
    for seed in seeds:
        split = split_of(seed)
        network = trained("perceptron", seed, hidden=HIDDEN).model()
        timed = FirstSpikeNetwork(network, torch.as_tensor(split.train_images))
        logits, found = timed.run(torch.as_tensor(split.test_images))
        exact = [torch.relu(z) for z in activations(network, split.test_images)]
        last = network.layers[-1]
        goal = exact[-1] @ last.weight.double().t() + last.bias.double()
        pairs = [*zip(found, exact, strict=True), (logits, goal)]
        labels = torch.as_tensor(split.test_labels)
        peak = thresholds_at(network, split.train_images, 100)
        rows.append({
            "seed": seed,
            "difference": max(float((a - b).abs().max()) for a, b in pairs),
            "scale": float(goal.abs().max()),
            "accuracy": float((logits.argmax(1) == labels).double().mean()),
            "ann": float((goal.argmax(1) == labels).double().mean()),
            "windows": float(np.mean(np.array(timed.windows[1:]) / peak)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def binned_spike_times(seeds: Sequence[int], bins: Sequence[int]) -> pd.DataFrame:
    """One spike a neuron in time bins, against the quantised network with as many levels.

    ``difference``: largest between the two networks' logits; ``rate_difference``: the same for
    spike rates in as many steps, with one hidden layer (``shallow``) and with two. ``most``: most
    spikes of a neuron; ``spikes``: mean per hidden neuron. ``error``: root mean square difference
    of the logits from the perceptron's, relative to their root mean square.
    """
    rows = []
    for seed in seeds:
        split = split_of(seed)
        images = torch.as_tensor(split.test_images)
        network, shallow = (
            trained("perceptron", seed, hidden=h).model() for h in (HIDDEN, HIDDEN[:1])
        )
        thetas, theta = (thresholds_at(n, split.train_images, 99) for n in (network, shallow))
        goal = network(images).double()
        for count in bins:
            timed = BinnedFirstSpike(network, thetas, count)
            logits, counts = timed.run(images)
            rounded = QuantisedPerceptron(network, thetas, count, input_levels=count)(images)
            rate = ConvertedPerceptron(network, thetas, count)(images)
            whole = QuantisedPerceptron(network, thetas, count)(images)
            single = ConvertedPerceptron(shallow, theta, count)(images)
            flat = QuantisedPerceptron(shallow, theta, count)(images)
            rows.append({
                "seed": seed, "bins": count,
                "difference": float((logits - rounded).abs().max()),
                "rate_difference": float((rate - whole).abs().max()),
                "shallow_difference": float((single - flat).abs().max()),
                "most": max(float(c.max()) for c in counts),
                "spikes": float(torch.cat(counts, dim=1).mean()),
                "error": _root_mean_square(logits - goal) / _root_mean_square(goal),
                "accuracy": accuracy(timed, split.test_images, split.test_labels),
            })  # fmt: skip
    return pd.DataFrame(rows)


def bit_grid(
    seeds: Sequence[int], weight_bits: Sequence[int], activation_bits: Sequence[int]
) -> pd.DataFrame:
    """Held-out accuracy of the quantised perceptron at each pair of widths, and ``ann``'s.

    b bits of activation have 2^b − 1 levels above zero. Nothing is trained again.
    """
    rows = []
    for seed in seeds:
        split = split_of(seed)
        network = trained("perceptron", seed, hidden=HIDDEN).model()
        ann = accuracy(network, split.test_images, split.test_labels)
        for weight in weight_bits:
            whole = accuracy(round_weights(network, weight), split.test_images, split.test_labels)
            rows.append((seed, weight, 32, whole, ann))
            for bits in activation_bits:
                model = build("quantised", seed, HIDDEN, 2**bits - 1, weight).model
                scored = accuracy(model, split.test_images, split.test_labels)
                rows.append((seed, weight, bits, scored, ann))
    columns = ["seed", "weight_bits", "activation_bits", "accuracy", "ann"]
    return pd.DataFrame(rows, columns=columns)
