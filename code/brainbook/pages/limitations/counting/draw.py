"""Figures of the page limitations/counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import style
from opjoules import EnergyReport


def draw_report_layers(report: EnergyReport) -> Figure:
    """Page limitations/counting, figure draw_report_layers: joules by layer."""
    return report.draw()


def draw_report_hardware(hardware: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_hardware."""
    fig, axes = style.figure(1, 2, 3.6)
    roles = {"spiking network": "spiking", "MiniLM": "transformer"}
    for ax, (name, role) in zip(axes, roles.items(), strict=True):
        rows = hardware[hardware["network"] == name].sort_values("central", ascending=False)
        places, shade = np.arange(len(rows)), style.colour(role)
        ends = [rows["central"] - rows["low"], rows["high"] - rows["central"]]
        ax.errorbar(rows["central"], places, xerr=ends, fmt="none", ecolor=shade, lw=2)
        hosted = (rows["host"] != "").to_numpy()
        for mask, face in ((~hosted, shade), (hosted, "none")):
            ax.plot(rows["central"][mask], places[mask], "o", color=shade, mfc=face)
        ax.set_yticks(places, rows["hardware"])
        ax.set(xscale="log", title=name, xlabel=f"joules per {rows['per'].iloc[0]}")
    return fig


def draw_report_schemes(schemes: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_schemes."""
    joules = schemes[schemes["quantity"] == "J"]
    names = list(joules["scheme"].unique())
    fig, ax = style.figure(1, 1, 2.8)
    pairs = (("", "spiking", 0.14, "spiking"), ("dense_", "reference", -0.14, "perceptron"))
    for prefix, role, shift, label in pairs:
        ends = [f"{prefix}{end}" for end in ("low", "central", "high")]
        low, centre, high = joules.groupby("scheme")[ends].mean().loc[names].to_numpy().T
        places, shade = np.arange(len(names)) + shift, style.colour(role)
        bars = [centre - low, high - centre]
        ax.errorbar(centre, places, xerr=bars, fmt="o", color=shade, label=label)
        each = joules["scheme"].map(names.index) + shift
        ax.plot(joules[ends[1]], each - 0.1, "|", color=shade, ms=5)
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="joules per image")
    ax.legend(loc="best", fontsize=8)
    return fig
