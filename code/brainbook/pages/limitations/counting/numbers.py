"""What the prose of the page limitations/counting says in numbers, and its tables as shown."""

from __future__ import annotations

import pandas as pd

from opjoules import EnergyReport

from .measure import ENDS, Measured, size_ratios

PERCENT, NANO, MICRO = 100, 1e9, 1e6


def numbers(measured: Measured) -> dict[str, float | str]:
    """Page limitations/counting: key of each glued number, and its value."""
    spiking, language = measured.spiking, measured.language
    macs = language.operations.groupby("kind")["macs"].sum()
    ratios = size_ratios(measured.schemes).mean()
    seen, slower = measured.seen, measured.costs.set_index("model")["ratio"]
    return {
        "dominant": spiking.dominant["constant"],
        "share": PERCENT * spiking.dominant["share"],
        "bound": PERCENT * spiking.uncounted_bound,
        "energy": NANO * spiking.joules.central,
        "product_share": PERCENT * macs["product"] / macs.sum(),
        "per_token": MICRO * language.joules.central / measured.tokens,
        "no_count": ", ".join(name.removeprefix("aten.") for name in language.uncounted),
        "ratio_least": ratios.min(),
        "ratio_most": ratios.max(),
        "cases": len(seen),
        "missed": int((seen["PyTorch"] < seen["closed form"]).sum()),
        "slow_language": slower["MiniLM"],
        "slow_spiking": slower["spiking network"],
    }


def listed_constants(report: EnergyReport) -> pd.DataFrame:
    """The constants that were charged: how often, at which price, and their shares."""
    return report.constants.drop(columns=["central", "spread", "note"])


def listed_hardware(hardware: pd.DataFrame) -> pd.DataFrame:
    """Joules by machine, in µJ."""
    micro = hardware[ENDS].mul(MICRO).add_suffix(", µJ")
    return (
        hardware[["network", "machine", "hardware"]]
        .join(micro)
        .join(hardware[["dominant", "source"]])
    )


def listed_schemes(schemes: pd.DataFrame) -> pd.DataFrame:
    """What every scheme says of the first seed's network."""
    first = schemes[schemes["seed"] == schemes["seed"].iloc[0]]
    return first[["scheme", "quantity", "central", "ratio", "verdict", "includes", "source"]]


def listed_energies(schemes: pd.DataFrame) -> pd.DataFrame:
    """Energies by the schemes that count joules, of a network without a rival."""
    return schemes.loc[schemes["quantity"] == "J", ["scheme", *ENDS, "source"]]
