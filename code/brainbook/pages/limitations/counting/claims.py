"""What the page limitations/counting asserts."""

from __future__ import annotations

import pandas as pd

from brainbook.evidence.claims import Claim
from opjoules import EnergyReport, profile
from opjoules.pricing.schemes import EFFECTIVE
from opjoules.units import convert


def claims(
    identities: pd.DataFrame, schemes: pd.DataFrame, seen: pd.DataFrame, spiking: EnergyReport
) -> list[Claim]:
    """Page limitations/counting: counts against closed forms, and what a scheme decides."""
    slugs = ("minilm", "fused", "spikes", "flops", "batch")
    wording = (
        "The count of MiniLM's multiply-accumulates is the closed form for its shape, attention "
        "products included.",
        "Attention written as one fused call counts as many multiply-accumulates as attention "
        "written step by step.",
        "Accumulates of the trained spiking network are its spikes times their fan-out.",
        "Where no attention is involved, PyTorch's own counter reports two operations for each "
        "multiply-accumulate counted here.",
        "Dense products per image do not depend on the number of images in the batch.",
    )
    sources = (
        "closed form: layers · (12·n·d² + 2·n²·d) + d²", "the same model counted the other way",
        "independent count with forward hooks", "PyTorch's FlopCounterMode, halved",
        "the same model on another batch",
    )  # fmt: skip
    found = [
        Claim(f"counting-{slug}", words, "exact", row.counted, row.expected, 1e-10, "operations",
              source)
        for slug, words, source, row in zip(
            slugs, wording, sources, identities.itertuples(), strict=True
        )
    ]  # fmt: skip
    means = schemes.groupby("scheme")["central"].mean()
    means = means[schemes.loc[schemes["quantity"] == "J", "scheme"].unique()]
    effective = schemes.loc[schemes["scheme"] == EFFECTIVE.name, "ratio"]
    joules = schemes.loc[schemes["quantity"] == "J", "ratio"]
    table = spiking.as_dataframe()
    words = int(profile(spiking.estimate.profile).weight_bits)
    fetch = table[table["term"] == "weights"]
    return [
        *found,
        Claim(
            "counting-cases",
            "The count equals the closed form in every case of the table of counters.",
            "exact", float((seen["book"] == seen["closed form"]).sum()), float(len(seen)), 1e-10,
            "cases", "closed form of each case",
        ),
        Claim(
            "counting-scheme-decides",
            "For one and the same trained network, the dearest accounting scheme gives more than "
            "ten times the energy of the cheapest.",
            "ordering", means.max() / means.min(), 10.0, 0.0, "ratio",
            "lemaire2023analytical zhou2023spikformer",
        ),
        Claim(
            "counting-joules-agree",
            "Under every scheme that counts joules, and for every seed, the perceptron needs more "
            "than the spiking network of its size; the least ratio.",
            "ordering", 1 / joules.max(), 1.0, 0.0, "ratio",
            "lemaire2023analytical zhou2023spikformer",
        ),
        Claim(
            "counting-effective-reverses",
            "Counted in effective operations, where a multiplication weighs as much as an "
            "addition, it needs more; the margin is a standard deviation over seeds.",
            "ordering", effective.mean(), 1.0, effective.std(), "ratio", "yik2025neurobench",
        ),
        Claim(
            "counting-word-share",
            "A weight pays its share of a 64-bit access, not the whole of it.",
            "exact", float(fetch["central"].sum() / fetch["count"].sum()) * 1e12,
            profile(spiking.estimate.profile).memory[fetch["level"].iloc[0]][1].central
            * convert(words, "bit", "byte") / convert(64, "bit", "byte"),
            1e-10, "pJ", "horowitz2014computing",
        ),
    ]  # fmt: skip
