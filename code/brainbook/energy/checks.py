"""Claims that need no trained network: printed energy tables and the break-even, recomputed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from ..evidence.claims import Claim
from .break_even import break_even_rate
from .costs import profile

WIDE = 4096


@dataclass(frozen=True)
class BreakEven:
    """Curves (hardware, memory, timesteps, rate), published thresholds, and measured layers.

    ``layers`` has a row per ``timesteps``, and the mean spike rate per layer, ``rate_1`` ….
    """

    curves: pd.DataFrame
    thresholds: pd.DataFrame
    layers: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The three tables below one another, ``part`` naming them, for CSV."""
        parts = {"curve": self.curves, "threshold": self.thresholds, "layer": self.layers}
        return pd.concat([t.assign(part=name) for name, t in parts.items()], ignore_index=True)


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

    ``conflicts``, ``price``, ``missing``: ``published.conflicts()``, ``published.review_price()``
    and ``published.missing()``.
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
