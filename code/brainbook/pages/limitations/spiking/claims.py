"""Claims that need no trained network: printed energy tables and the break-even, recomputed."""

from __future__ import annotations

import re

import pandas as pd

from brainbook.evidence.claims import Claim
from brainbook.models.digits.perceptron import PerceptronShape
from brainbook.models.digits.vision_transformer import VitShape
from opjoules.hardware.catalogue import profile
from opjoules.pricing.break_even import break_even_rate
from opjoules.pricing.targets import TARGETS
from opjoules.published import spiking as published

from .measure import (
    LARGEST,
    TITLES,
    _name,
    measure_headline,
)

WIDE = 4096


def published_claims(rows: pd.DataFrame, prefix: str) -> list[Claim]:
    """One claim per printed row, and what the first convolutions were charged.

    ``rows``: ``published.recompute()`` joined with ``published.first_convolution_charge()``.
    """
    found = []
    for row in rows[rows["status"].isin(["seen", "quoted"])].itertuples():
        slug = re.sub(r"[^a-z0-9]+", "-", row.network.lower()).strip("-")
        found.append(
            Claim(
                f"{prefix}-published-{slug}", row.statement, "number", row.recomputed_mj,
                row.published_mj, 0.01 * row.published_mj, "mJ", row.source,
            )
        )  # fmt: skip
        if row.network.startswith("Spikformer"):
            found.append(
                Claim(
                    f"{prefix}-stem-{slug}",
                    f"What {row.network} is charged beyond its spikes is the first convolution "
                    "of the network of width 512, at every time step.",
                    "number", row.width_512_mj, row.residual_mj, row.rounding_mj, "mJ", row.source,
                )
            )  # fmt: skip
            if row.width != 512:
                found.append(
                    Claim(
                        f"{prefix}-own-stem-{slug}",
                        f"Its own first convolution would have cost {row.network} another energy "
                        "than the one charged; the difference exceeds what rounding explains.",
                        "ordering", abs(row.own_width_mj - row.residual_mj), 0.0, row.rounding_mj,
                        "mJ", row.source,
                    )
                )  # fmt: skip
    return found


def reprint_claims(
    conflicts: pd.DataFrame, price: pd.DataFrame, missing: pd.DataFrame, prefix: str
) -> list[Claim]:
    """Claims on networks printed twice, and on rows that lack inputs.

    ``conflicts``, ``price``, ``missing``: tables of ``published``, which has ``review_price``.
    """
    found = conflicts.set_index(["network", "second"])
    slip = found.loc[("SEW-ResNet-34", "QKFormer table")]
    same = found.loc[("SEW-ResNet-50", "under review"), "energy_mj"]
    low = (price["price_fj"] - price["rounding_fj"]).max()
    high = (price["price_fj"] + price["rounding_fj"]).min()
    rated = missing.dropna(subset=["implied_rate", "printed_rate"])
    return [
        Claim(
            f"{prefix}-reprint-sew-resnet",
            "The energy that a later table prints for SEW-ResNet-34 is that of SEW-ResNet-50.",
            "number", slip["second_mj"], same, 5e-3, "mJ", slip["source"],
        ),
        Claim(
            f"{prefix}-reprint-one-price",
            "Under review, every spiking row of the Spikformer table paid one and the same price "
            "per operation: the intervals that rounding leaves share a range.",
            "ordering", high - low, 0.0, 0.0, "fJ", "zhou2023spikformer",
        ),
        Claim(
            f"{prefix}-implied-rate",
            "The energy printed for HST-10-768 needs a higher mean spike rate than the highest "
            "that its paper prints, if only spikes are charged.",
            "ordering", rated["implied_rate"].min(), rated["printed_rate"].max(), 0.01, "1",
            "zhou2024qkformer",
        ),
    ]  # fmt: skip


def break_even_claims(prefix: str, timesteps: int = 16, neurons: int = 128) -> list[Claim]:
    """The break-even against its closed forms, for a fully connected layer of ``neurons``.

    Arithmetic alone, n inputs and T steps, per output neuron: the dense layer pays
    ``n·E_MAC + E_cmp``, the spiking one ``r·T·n·E_AC + T·(E_update + E_cmp)``.
    """
    machine = profile("45nm_fp32")
    mac, ac = machine.mac.central, machine.ac.central
    compare, update = machine.comparison.central, machine.neuron_update.central
    ours = timesteps * break_even_rate(neurons, neurons, timesteps, machine.name, memory=False)
    closed = (neurons * mac + compare - timesteps * (update + compare)) / (neurons * ac)
    wide = timesteps * break_even_rate(WIDE, WIDE, timesteps, machine.name)
    fetch = machine.access(machine.level(WIDE**2, machine.weight_bits), machine.weight_bits).central
    return [
        Claim(
            f"{prefix}-break-even-arithmetic",
            "Counting arithmetic and neuron updates, spikes cost less below the rate of the "
            f"closed form; here {neurons} inputs and {timesteps} steps.",
            "exact", ours, closed, 1e-10, "spikes per neuron and image",
            "closed form: (n·MAC + C − T·(U + C)) / (n·AC)",
        ),
        Claim(
            f"{prefix}-break-even-memory",
            "With memory, a wide layer of spiking neurons breaks even near one spike per neuron "
            "and image, because fetching a weight costs far more than using it.",
            "law", wide, (mac + fetch) / (ac + fetch), 0.002, "spikes per neuron and image",
            "closed form: (MAC + fetch) / (AC + fetch)",
        ),
    ]  # fmt: skip


def counting_claims(
    networks: pd.DataFrame, products: dict[str, int], largest: str, timesteps: int, prefix: str
) -> list[Claim]:
    """Counts of trained networks against their closed forms.

    ``networks``: a row per family, network (widths joined by hyphens), seed and scenario, with
    ``macs``, ``acs``, ``rate_1``, ``rate_2``; ``products``: multiply-accumulates of the largest
    perceptron and of the small transformer.
    """
    means = networks[networks["scenario"] == "fp32"].groupby(["family", "network"])
    means = means[["macs", "acs", "rate_1", "rate_2"]].mean()
    spikes, (_, first, second, outputs) = means.loc[("spiking", largest)], _widths(largest)
    driven = spikes["rate_1"] * first * second + spikes["rate_2"] * second * outputs
    expected = timesteps * driven
    return [
        Claim(
            f"{prefix}-count-perceptron", "The count sees every product of the perceptron.",
            "exact", means.loc[("perceptron", largest), "macs"], products["perceptron"], 1e-6,
            "MAC", "closed form: Σ inputs · outputs",
        ),
        Claim(
            f"{prefix}-count-attention", "The count sees the transformer's attention products.",
            "exact", means.loc[("transformer", "small"), "macs"], products["transformer"], 1e-5,
            "MAC", "closed form: (N − 1)·p²·D + L·(N·D²·(4 + 2r) + 2·N²·D) + 10·D",
        ),
        Claim(
            f"{prefix}-count-spikes", "Each spike costs one accumulate per synapse it reaches.",
            "exact", spikes["acs"], expected, 1e-5 * expected, "AC",
            "closed form: T · Σ rate · inputs · outputs", dtype="float32",
        ),
    ]  # fmt: skip


def _widths(network: str) -> list[int]:
    return [int(width) for width in network.split("-")]


def scenario_claims(numbers: dict[str, float], prefix: str) -> list[Claim]:
    """Who needs less energy in each scenario: two networks of one size, and the cheapest rival.

    ``numbers``: ``numbers.headline``.
    """
    found = []
    for name, target in TARGETS.items():
        key = name.replace("-", "_")
        ratio, rival = numbers[f"ratio_{key}"], numbers[f"typical_{key}"]
        loses = target.skips_zeros or bool(target.chip)
        relation = "more" if loses else "less"
        found.append(
            Claim(
                f"{prefix}-same-size-{name}",
                f"The largest spiking network needs {relation} energy than the perceptron of its "
                f"size ({TITLES[name]}).",
                "ordering", ratio if loses else 1 / ratio, 1.0, 0.05, "1", "measured here",
            )
        )  # fmt: skip
        if target.memory:
            found.append(
                Claim(
                    f"{prefix}-rival-{name}",
                    "Over the sizes (geometric mean), spiking networks need more energy than the "
                    f"cheapest perceptron that is as accurate ({TITLES[name]}).",
                    "ordering", rival, 1.0, 0.1, "1", "measured here",
                )
            )  # fmt: skip
    return found


def time_step_claim(steps: pd.DataFrame, prefix: str) -> Claim:
    """More time steps make the spiking network more accurate, beyond what seeds explain."""
    first = steps[(steps["scenario"] == "fp32") & (steps["timesteps"] > 0)]
    table = first.pivot(index="seed", columns="timesteps", values="accuracy")
    least, most = table.columns.min(), table.columns.max()
    gain = table[most] - table[least]
    return Claim(
        f"{prefix}-time-steps",
        f"With {most} time steps the spiking network is more accurate than with {least}.",
        "ordering", 100 * gain.mean(), 0.0, 200 * gain.sem(), "percentage points",
        "measured here",
    )  # fmt: skip


def scheme_claims(schemes: pd.DataFrame, printed: pd.DataFrame, prefix: str) -> list[Claim]:
    """The accounting decides for the published network, and its printed energy is one scheme.

    ``schemes``: rows of ``compare_schemes``, their ``pair`` Spikingformer 8-512 among others;
    ``printed``: ``published.recompute()``.
    """
    found = schemes[schemes["pair"].str.startswith("Spikingformer")].set_index("scheme")
    log = printed.set_index("network").loc["Spikingformer 8-512 (log)"]
    spared, paid = found.loc["operations"], found.loc["book, weights fetched once"]
    return [
        Claim(
            f"{prefix}-scheme-printed",
            "The scheme of operations alone gives the energy that the authors of Spikingformer "
            "8-512 log.",
            "number", 1e3 * spared["central"], log["published_mj"], 1e-6, "mJ", log["source"],
        ),
        Claim(
            f"{prefix}-scheme-operations",
            "By operations alone, Spikingformer 8-512 needs less energy than its dense "
            "counterpart.",
            "ordering", 1 / spared["ratio"], 1.0, 0.05, "1", "closed form of both networks",
        ),
        Claim(
            f"{prefix}-scheme-memory",
            "With memory it needs more, even with each weight fetched once and at either end of "
            "the costs.",
            "ordering", paid["ratio_low"], 1.0, 0.05, "1",
            "closed form of both networks",
        ),
    ]  # fmt: skip


def claims(
    networks: pd.DataFrame, steps: pd.DataFrame, rows: pd.DataFrame, schemes: pd.DataFrame,
    margin: float, time_steps: int,
) -> list[Claim]:  # fmt: skip
    """Page limitations/spiking: what it asserts, from the results of the functions above."""
    products = {"perceptron": PerceptronShape(LARGEST).products, "transformer": VitShape().products}
    return [
        *counting_claims(networks, products, _name(LARGEST), time_steps, "spiking"),
        *scenario_claims(measure_headline(networks, margin), "spiking"),
        time_step_claim(steps, "spiking"),
        *break_even_claims("spiking"),
        *scheme_claims(schemes, rows, "spiking"),
        *published_claims(rows, "spiking"),
        *reprint_claims(
            published.conflicts(), published.review_price(), published.missing(), "spiking"
        ),
    ]
