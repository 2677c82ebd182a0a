"""Attention by performer-pytorch's random features, for interpreters that have it.

    performer_peer.py once IN.npz OUT.npz     with the projection matrices that IN holds
    performer_peer.py sweep IN.npz OUT.json   with its own, at all its settings

It needs torch, numpy and performer-pytorch, and nothing of this book. Queries, keys and values
are (heads, N, d), as a transformer makes them: the peer divides by d^(1/4) itself. All in
float64, and one projection for all heads, as in the peer's own attention layer.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import setuptools  # noqa: F401  gives the peer the distutils that Python 3.12 left out
import torch
from performer_pytorch import performer_pytorch as peer
from torch import Tensor

SCALINGS = (0, 1)  # rows as long as Gaussian ones, or all of length sqrt(d)
EPSILONS = (1e-4, 1e-8, 0.0)  # added to every feature; the first is the peer's default


def attention(
    query: Tensor, key: Tensor, value: Tensor, projection: Tensor, eps: float
) -> tuple[Tensor, Tensor]:
    """Output (heads, N, d_value) and normaliser (heads, N), as the peer computes them."""
    settings = {"projection_matrix": projection, "eps": eps}
    query = peer.softmax_kernel(query.unsqueeze(0), is_query=True, **settings)
    key = peer.softmax_kernel(key.unsqueeze(0), is_query=False, **settings)
    output = peer.linear_attention(query, key, value.unsqueeze(0))
    return output[0], (query @ key.sum(-2).unsqueeze(-1))[0, ..., 0]


def once(query: Tensor, key: Tensor, value: Tensor, projections: Tensor) -> dict[str, np.ndarray]:
    """Without its eps: output and normaliser for each of ``projections`` and one of its own."""
    torch.manual_seed(0)
    own = peer.gaussian_orthogonal_random_matrix(*projections.shape[1:]).double()
    projections = torch.cat([projections, own.unsqueeze(0)])
    found = [attention(query, key, value, one, 0.0) for one in projections]
    output, normaliser = (torch.stack(parts).numpy() for parts in zip(*found, strict=True))
    return {"projections": projections.numpy(), "output": output, "normaliser": normaliser}


def sweep(query: Tensor, key: Tensor, value: Tensor, units: Tensor) -> list[dict[str, float]]:
    """Median relative errors over heads, for (seeds, heads, N, d): one row a setting and seed."""
    rows = []
    for seed, tensors in enumerate(zip(query, key, value, strict=True)):
        scores = tensors[0] @ tensors[1].mT / query.shape[-1] ** 0.5
        exact, normaliser = scores.softmax(-1) @ tensors[2], scores.exp().sum(-1)
        for size in units.tolist():
            for scaling in SCALINGS:
                torch.manual_seed(seed)
                projection = peer.gaussian_orthogonal_random_matrix(
                    size, query.shape[-1], scaling
                ).double()
                for eps in EPSILONS:
                    output, trace = attention(*tensors, projection, eps)
                    apart = (output - exact).norm(dim=(-2, -1)) / exact.norm(dim=(-2, -1))
                    off = (trace - normaliser).norm(dim=-1) / normaliser.norm(dim=-1)
                    errors = {"output": apart.median().item(), "trace": off.median().item()}
                    row = {"seed": seed, "units": size, "scaling": scaling, "eps": eps}
                    rows.append(row | errors)
    return rows


if __name__ == "__main__":
    what, source, target = sys.argv[1:]
    inputs = {name: torch.from_numpy(x) for name, x in np.load(source).items()}
    if what == "once":
        np.savez(target, **once(**inputs))
    else:
        with open(target, "w") as out:
            json.dump(sweep(**inputs), out)
