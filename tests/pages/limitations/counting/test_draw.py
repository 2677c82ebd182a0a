"""Figures of limitations/counting show what their tables hold."""

from brainbook.pages.limitations.counting.draw import (
    draw_report_hardware,
    draw_report_layers,
    draw_report_schemes,
)
from brainbook.pages.limitations.counting.measure import measure_hardware


def ticks(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_layers_are_drawn(measured, draw_both):
    figure = draw_both(draw_report_layers, measured.spiking)
    assert set(ticks(figure.axes[0])) == set(measured.spiking.layers["layer"])


def test_every_machine_has_its_mark(measured, draw_both):
    table = measure_hardware(measured.spiking, measured.language, measured.tokens)
    figure = draw_both(draw_report_hardware, table)
    for ax in figure.axes:
        rows = table[table["network"] == ax.get_title(loc="left")].set_index("machine")
        marks = {}
        for line in ax.lines:
            if line.get_marker() == "o":
                hollow = line.get_markerfacecolor() == "none"
                for joules, place in zip(*line.get_data(), strict=True):
                    marks[ticks(ax)[place]] = (joules, hollow)
        assert set(marks) == set(rows.index)
        for name, (joules, hollow) in marks.items():
            assert joules == rows.loc[name, "central"]
            assert hollow == bool(rows.loc[name, "host"])


def test_every_scheme_is_drawn_for_both_networks(measured, draw_both):
    ax = draw_both(draw_report_schemes, measured.schemes).axes[0]
    joules = measured.schemes[measured.schemes["quantity"] == "J"]
    assert ticks(ax) == list(joules["scheme"].unique())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["spiking", "perceptron"]
    seeds = [line.get_xdata() for line in ax.lines if line.get_marker() == "|"]
    for drawn, column in zip(seeds, ("central", "dense_central"), strict=True):
        assert list(drawn) == list(joules[column])
