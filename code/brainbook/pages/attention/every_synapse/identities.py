"""What must hold exactly: one set of weights, and cells that never fire below zero."""

from __future__ import annotations

import torch

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.divided import on_off
from brainbook.models.features.landmarks import Landmarks

RIDGE, STEPS = 0.1, 8_000


def measure_identities(seed: int) -> dict[str, float]:
    """Page attention/every_synapse: largest gap between two ways to one number, float64.

    weights : rates from drives exp(w_r . x - threshold_r), x and w in coordinates in which S is
        the identity, and of the tuning curves, each divided by their sum; and the logs of what
        the same weights write, and of what units write, apart from a constant a unit.
    cells : rates above minus rates below zero, where the network of both rests, and the signed
        rates.
    """
    generator = seeded(97, seed)
    query, key = torch.randn(2, 3, 1, 20, 6, generator=generator, dtype=torch.float64)
    tuned = Landmarks.fitted(query, key, 15, generator, ridge=RIDGE)
    tuning, centre = tuned.tuning, tuned.tuning.centre[0]
    values, vectors = torch.linalg.eigh(tuning.metric[0])
    root = vectors * values.sqrt()  # x -> (x - centre) root
    weight = (tuning.landmark[0] - centre) @ root  # (m, d): reading and writing
    # reading: an exponential of a weighted sum, a threshold a unit, a factor a query
    asked = (query[0, 0] - centre) @ root
    drive = (asked @ weight.T - weight.square().sum(-1) / 2).exp()  # (N, m)
    matrix = tuned.overlap[0] + RIDGE * torch.eye(15, dtype=torch.float64)
    read = torch.linalg.solve(matrix, drive.T).T
    rates = tuned.rates(query[0])[0]
    shares = (one / one.sum(-1, keepdim=True) for one in (read, rates))
    reading = torch.sub(*shares).abs().max()
    # writing: the same weights on keys in the same coordinates, a factor a key
    told = key[0, 0] @ torch.linalg.inv(root).T
    apart = told @ weight.T + key[0, 0] @ centre.T - tuned.write(key[0])[1][0]
    writing = (apart - apart.mean(0)).abs().max()
    on, off = on_off(tuned.overlap[0], tuned.tuning_curves(query[0])[0], RIDGE, STEPS)
    silent = torch.cat([on, off]).clamp_max(0).abs().max()
    return {
        "weights": float(torch.maximum(reading, writing)),
        "cells": float(torch.maximum((on - off - rates).abs().max(), silent)),
    }
