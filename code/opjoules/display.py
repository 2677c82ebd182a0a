"""How a report looks: in a terminal, in a notebook, and as bars by layer."""

from __future__ import annotations

import html
import io
import re

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from . import units

SPACE = "\N{NO-BREAK SPACE}"
ROWS = 14
WIDTH = 110  # characters of a table in a terminal
BARS_WIDTH = 7.0  # inches of a figure
COLUMNS = {
    "layer": "layer",
    "kind": "kind",
    "macs": "MACs",
    "acs": "ACs",
    "neuron_updates": "updates",
    "comparisons": "comparisons",
    "words": "words moved",
    "energy": "energy",
    "share": "share",
}
PARTS = {
    "arithmetic": (("macs", "acs", "comparisons"), "C0"),
    "neuron updates": (("neuron_updates",), "C3"),
    "weights": (("weights",), "C4"),
    "activations": (("activations",), "C1"),
    "state": (("state",), "C2"),
}


def compact(joules: float) -> str:
    """An energy with a prefix, three digits: ``11.6 µJ``; the space does not break."""
    if not joules:
        return f"0{SPACE}J"
    found = units.quantity(joules, "joule").to_compact()
    return f"{found.magnitude:.3g}{SPACE}{found.units:~P}"


def _count(value: float) -> str:
    """A count with a prefix: ``1.77 M``; empty for none."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g}{SPACE}{prefix}"
    return f"{value:.3g}" if value else ""


def rows(report, most: int = ROWS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The dearest ``most`` layers in the order of the model, and the rest and total, as text."""
    table = report.layers
    numbers = ["macs", "acs", "neuron_updates", "comparisons", "words", "central", "share"]
    dear = table["central"].nlargest(most).index.sort_values()
    shown, rest = table.loc[dear], table.drop(dear)
    lines = []
    if len(rest):
        lines.append({"layer": f"{len(rest)} more layers", "kind": "", **rest[numbers].sum()})
    lines.append({"layer": "total", "kind": "", **table[numbers].sum()})
    sums = pd.DataFrame(lines)
    empty = [name for name in list(COLUMNS)[2:6] if not sums[name].any()]
    return _text(shown, empty), _text(sums, empty)


def _text(table: pd.DataFrame, empty: list[str]) -> pd.DataFrame:
    """Numbers as a reader wants them, in the order of ``COLUMNS``, without ``empty`` ones."""
    counts = {name: table[name].map(_count) for name in list(COLUMNS)[2:7]}
    energy, share = table["central"].map(compact), table["share"].map("{:.1%}".format)
    text = table[["layer", "kind"]].assign(**counts, energy=energy, share=share)
    return text[[name for name in COLUMNS if name not in empty]].rename(columns=COLUMNS)


def remarks(report) -> list[str]:
    """What a reader must know beside the table, a sentence each."""
    found = [f"{report.name}: {report.summary()}."]
    if report.dominant is not None:
        row = report.dominant
        found.append(
            f"Dominant constant: {row['constant']}, {row['central_pj']:.3g} pJ, "
            f"{row['share']:.0%} of the central value [{row['source']}]."
        )
    if report.widest is not None:
        row = report.widest
        found.append(
            f"Widest interval: {row['constant']}, {row['low_pj']:.3g} to {row['high_pj']:.3g} pJ, "
            f"{row['spread']:.0%} of the width [{row['source']}]."
        )
    else:
        found.append("No constant has an interval: each has one published value.")
    for row in report.disagreements.itertuples():
        found.append(
            f"Sources disagree on {row.chip}, {row.quantity}: {row.low:.4g} pJ [{row.low_source}] "
            f"against {row.high:.4g} pJ [{row.high_source}]."
        )
    if report.uncounted:
        names = ", ".join(f"{name} ({_count(n) or 0})" for name, n in report.uncounted.items())
        bound = report.uncounted_bound
        aside = "" if bound is None else f"; at one MAC each they would add {100 * bound:.2g}%"
        found.append(f"Not counted (elements per inference): {names}{aside}.")
    if report.unread:
        found.append(f"Weights that no counted operation read: {', '.join(report.unread)}.")
    return found


def terminal(report) -> str:
    """The report as text, ``WIDTH`` characters wide."""
    shown, sums = rows(report)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in shown:
        table.add_column(name, justify="left" if name in ("layer", "kind") else "right")
    for line in shown.itertuples(index=False):
        table.add_row(*line)
    table.add_section()
    for line in sums.itertuples(index=False):
        table.add_row(*line)
    printed = io.StringIO()
    console = Console(
        file=printed,
        width=WIDTH,
        color_system=None,
        force_jupyter=False,
        force_terminal=False,
    )
    console.print(table)
    for remark in remarks(report):
        console.print(remark, markup=False, highlight=False)
    text = printed.getvalue()
    return "\n".join(line.rstrip() for line in text.splitlines())


def notebook(report) -> str:
    """The report as HTML; a source's key is in ``data-cite``, for a page that links it."""
    shown, sums = rows(report)
    table = pd.concat([shown, sums]).to_html(index=False, border=0)
    lines = "".join(f"<p>{_linked(html.escape(remark))}</p>" for remark in remarks(report))
    return f"{table}{lines}"


def _linked(text: str) -> str:
    """Keys in square brackets become names and years."""

    def names(found: re.Match) -> str:
        keys = [re.fullmatch(r"([a-z]+)(\d{4})\w*", key) for key in found[1].split()]
        if not all(keys):
            return found[0]
        links = [f'<a data-cite="{key[0]}">{key[1].capitalize()} {key[2]}</a>' for key in keys]
        return f"[{', '.join(links)}]"

    return re.sub(r"\[([^\]]+)\]", names, text)


def bars(report, most: int) -> Figure:
    """Joules by layer, stacked by what they are spent on, with the interval of each total.

    Colours are those of matplotlib's style in force: its cycle, and its colour of text.

    Raises
    ------
    ValueError : ``most`` is below 1, or there is nothing to draw.
    """
    if most < 1:
        raise ValueError(f"most: got {most}; needed is at least 1 layer")
    layers = report.layers.set_index("layer")
    if not layers["central"].any():
        raise ValueError("report: got no energy at all; there is nothing to draw")
    dear = layers["central"].nlargest(most).index
    shown = layers[layers.index.isin(dear)]
    terms = report.estimate.table.pivot_table(
        index="layer", columns="term", values="central", aggfunc="sum", fill_value=0.0
    ).reindex(shown.index, fill_value=0.0)
    scale = units.quantity(shown["central"].max(), "joule").to_compact()
    factor = scale.magnitude / shown["central"].max()
    fig = Figure(figsize=(BARS_WIDTH, 1.2 + 0.26 * len(shown)), layout="constrained")
    ax = fig.subplots()
    places, left = np.arange(len(shown)), np.zeros(len(shown))
    for part, (names, colour) in PARTS.items():
        width = terms.reindex(columns=list(names), fill_value=0.0).sum(axis=1).to_numpy() * factor
        if width.any():
            ax.barh(places, width, left=left, color=colour, label=part, height=0.7)
            left = left + width
    ends = [(shown["central"] - shown["low"]) * factor, (shown["high"] - shown["central"]) * factor]
    ax.errorbar(left, places, xerr=ends, fmt="none", ecolor=rcParams["text.color"], lw=1, capsize=2)
    ax.set_yticks(places, shown.index)
    ax.invert_yaxis()
    rest = 1 - shown["share"].sum()
    hidden = len(layers) - len(shown)
    aside = f"; {hidden} more layers take {rest:.1%}" if hidden else ""
    ax.set_xlabel(f"energy per inference ({scale.units:~P}), {report.estimate.profile}{aside}")
    fig.legend(loc="outside upper center", ncols=len(PARTS), fontsize=8, frameon=False)
    return fig
