"""One spike a neuron: in continuous time against rectifiers, in time bins against levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.models.spiking.conversion import ConvertedPerceptron, QuantisedPerceptron
from brainbook.models.spiking.time_to_first_spike import BinnedFirstSpike, FirstSpikeNetwork

from .errors import root_mean_square
from .networks import Reader

PERCENTILE = 99  # of activations that sets the window of a layer, with bins


@dataclass(frozen=True)
class SpikeTimes:
    """One spike a neuron.

    exact : continuous time, columns of :func:`exact_spike_times`.
    binned : columns of :func:`binned_spike_times`.
    """

    exact: pd.DataFrame
    binned: pd.DataFrame


def exact_spike_times(readers: Sequence[Reader]) -> pd.DataFrame:
    """Networks of one spike a neuron in continuous time against the rectifiers they stand for.

    Columns
    -------
    seed : a row each.
    difference : largest, over activations and logits of all held-out images.
    scale : largest logit.
    accuracy, ann : of the spiking network, and of the perceptron.
    windows : total time of the hidden layers' windows in units of the largest activations: what
        waiting costs.
    """
    rows = []
    for reader in readers:
        timed = FirstSpikeNetwork(reader.perceptron, torch.as_tensor(reader.split.train_images))
        logits, activations = timed.run(reader.images)
        exact = [torch.relu(z) for z in reader.held_out()]
        last = reader.perceptron.layers[-1]
        goal = exact[-1] @ last.weight.double().t() + last.bias.double()
        pairs = [*zip(activations, exact, strict=True), (logits, goal)]
        labels = torch.as_tensor(reader.split.test_labels)
        row = {
            "seed": reader.seed,
            "difference": max(_largest(a, b) for a, b in pairs),
            "scale": float(goal.abs().max()),
            "accuracy": float((logits.argmax(1) == labels).double().mean()),
            "ann": float((goal.argmax(1) == labels).double().mean()),
            "windows": float(np.mean(np.array(timed.windows[1:]) / reader.thresholds(100))),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def _largest(one: Tensor, other: Tensor) -> float:
    """Largest |one − other|."""
    return float((one - other).abs().max())


def binned_spike_times(
    readers: Sequence[Reader], shallow: Sequence[Reader], bins: Sequence[int]
) -> pd.DataFrame:
    """One spike a neuron in time bins, against the quantised network with as many levels.

    ``shallow`` are the readers with one hidden layer, of the same seeds.

    Columns
    -------
    seed, bins : a row each.
    difference : largest between the two networks' logits.
    rate_difference, shallow_difference : the same for spike rates in as many steps, with two
        hidden layers and with one.
    spikes : mean per hidden neuron.
    error : root mean square difference of the logits from the perceptron's, relative to their
        root mean square.
    accuracy : of the spiking network.
    """
    rows = []
    for reader, flat in zip(readers, shallow, strict=True):
        thetas, theta = (one.thresholds(PERCENTILE) for one in (reader, flat))
        images, goal = reader.images, reader.perceptron(reader.images).double()
        for count in bins:
            timed = BinnedFirstSpike(reader.perceptron, thetas, count)
            logits, spikes = timed.run(images)
            levels = QuantisedPerceptron(reader.perceptron, thetas, count, input_levels=count)
            row = {
                "seed": reader.seed,
                "bins": count,
                "difference": _largest(logits, levels(images)),
                "rate_difference": rate_difference(reader, thetas, count),
                "shallow_difference": rate_difference(flat, theta, count),
                "spikes": float(torch.cat(spikes, dim=1).mean()),
                "error": root_mean_square(logits - goal) / root_mean_square(goal),
                "accuracy": reader.accuracy(timed),
            }
            rows.append(row)
    return pd.DataFrame(rows)


def rate_difference(reader: Reader, thresholds: Sequence[float], steps: int) -> float:
    """Largest difference of the logits with spike rates from those with as many levels."""
    rate = ConvertedPerceptron(reader.perceptron, thresholds, steps)
    levels = QuantisedPerceptron(reader.perceptron, thresholds, steps)
    return _largest(rate(reader.images), levels(reader.images))
