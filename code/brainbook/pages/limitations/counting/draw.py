"""Figures of the page limitations/counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from brainbook.evidence import style
from opjoules import EnergyReport

ROLES = {"spiking network": "spiking", "MiniLM": "transformer"}
SIDES = (  # columns, colour, height beside the tick, label
    (["low", "central", "high"], "spiking", 0.14, "spiking"),
    (["dense_low", "dense_central", "dense_high"], "reference", -0.14, "perceptron"),
)


def draw_report_layers(report: EnergyReport) -> Figure:
    """Page limitations/counting, figure draw_report_layers: joules by layer."""
    return report.draw()


def draw_report_hardware(hardware: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_hardware."""
    fig, axes = style.figure(1, 2, 3.6)
    for ax, (name, role) in zip(axes, ROLES.items(), strict=True):
        rows = hardware[hardware["network"] == name].sort_values("central", ascending=False)
        places, shade = np.arange(len(rows)), style.colour(role)
        ends = [rows["central"] - rows["low"], rows["high"] - rows["central"]]
        ax.errorbar(rows["central"], places, xerr=ends, fmt="none", ecolor=shade, lw=2)
        hosted = (rows["host"] != "").to_numpy()
        for mask, face in ((~hosted, shade), (hosted, "none")):
            ax.plot(rows["central"][mask], places[mask], "o", color=shade, mfc=face)
        ax.set_yticks(places, rows["machine"], fontsize=8)
        ax.set(xscale="log", title=name, xlabel=f"joules per {rows['per'].iloc[0]}")
    return fig


def draw_report_schemes(schemes: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_schemes: means over seeds, and each seed."""
    joules = schemes[schemes["quantity"] == "J"]
    names = list(joules["scheme"].unique())
    fig, ax = style.figure(1, 1, 2.8)
    for ends, role, shift, label in SIDES:
        low, centre, high = joules.groupby("scheme")[ends].mean().loc[names].to_numpy().T
        places, shade = np.arange(len(names)) + shift, style.colour(role)
        bars = [centre - low, high - centre]
        ax.errorbar(centre, places, xerr=bars, fmt="o", color=shade, label=label)
        each = joules["scheme"].map(names.index) + shift - 0.1
        ax.plot(joules[ends[1]], each, "|", color=shade, ms=5)
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="joules per image")
    ax.legend(loc="best", fontsize=8)
    return fig
