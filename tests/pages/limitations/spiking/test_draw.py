"""Every mark of the page's figures is a value of its result."""

import numpy as np

from brainbook.pages.limitations import spiking as page
from brainbook.pages.limitations.spiking.measure import TITLES, means
from opjoules.pricing.targets import on_schedule


def points(ax) -> set[tuple[float, float]]:
    """What lines of an axes show, rounded."""
    return {
        (round(float(x), 9), round(float(y), 9))
        for line in ax.lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def shown(ax, x, y) -> bool:
    """Whether every (x, y) is a point of the axes."""
    rounded = np.round(np.broadcast_arrays(x, y), 9).astype(float)
    return {(float(a), float(b)) for a, b in rounded.T} <= points(ax)


def test_networks_stand_at_their_energy_and_accuracy(draw_both, measured):
    axes = draw_both(page.draw_accuracy_energy, measured.networks).axes
    table = means(measured.networks)
    for ax, (name, title) in zip(axes, TITLES.items(), strict=True):
        assert shown(ax, table.loc[name]["central"], table.loc[name]["percent"])
        assert ax.get_title(loc="left") == title


def test_steps_are_medians_over_seeds(draw_both, measured):
    accuracy, rate, energy = draw_both(page.draw_time_steps, measured.steps).axes
    steps = on_schedule(measured.steps)
    spiking = steps[steps["family"] == "spiking"]
    median = spiking.groupby(["scenario", "timesteps"])[["accuracy", "rate_2", "central"]].median()
    fp32 = median.loc["fp32"]
    assert shown(accuracy, fp32.index, 100 * fp32["accuracy"])
    assert shown(rate, fp32.index, fp32["rate_2"])
    for name in ("fp32-memory", "int8-memory", "loihi"):
        assert shown(energy, fp32.index, median.loc[name]["central"])


def test_every_case_shows_every_schedule(draw_both, measured):
    (ax,) = draw_both(page.draw_schedules, measured.schedules).axes
    drawn = points(ax)
    assert set(measured.schedules["ratio"].round(9)) <= {x for x, _ in drawn}
    labels = [label.get_text() for label in ax.get_yticklabels()]
    cases = measured.schedules.groupby(["case", "words"], sort=False)
    assert labels == [words for _, words in cases.groups]
    height = dict(zip(cases.groups, ax.get_yticks(), strict=True))
    for key, rows in cases:
        assert shown(ax, rows["ratio"], height[key])


def test_break_even_shows_curves_layers_and_thresholds(draw_both, measured):
    balance = measured.balance
    left, right = draw_both(page.draw_break_even, balance).axes
    for ax, (_, rows) in zip((left, right), balance.curves.groupby("hardware", sort=False),
                             strict=True):  # fmt: skip
        assert shown(ax, rows["timesteps"], rows["rate"])
        assert shown(ax, balance.layers["timesteps"], balance.layers["rate_1"])
    for end in ("low", "high"):
        assert shown(right, balance.bands["timesteps"], balance.bands[end])
    assert set(balance.bands["study"]) == {text.get_text() for text in right.texts}
    paid = balance.curves[balance.curves["memory"]]
    assert paid.groupby("hardware")["schedule"].nunique().eq(2).all()


def test_every_scheme_has_a_row_and_every_pair_a_mark(draw_both, measured):
    (ax,) = draw_both(page.draw_schemes, measured.schemes).axes
    drawn = {x for x, _ in points(ax)}
    assert set(measured.schemes["ratio"].dropna().round(9)) <= drawn
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == list(measured.schemes["scheme"].unique())


def test_printed_energies_stand_beside_their_recomputation(draw_both, measured):
    left, right = draw_both(page.draw_published, measured.printed).axes
    rows = measured.printed[::-1].reset_index(drop=True)
    for column in ("recomputed_mj", "corrected_mj"):
        assert shown(left, 100 * (rows[column] / rows["published_mj"] - 1), rows.index)
    stems = rows.dropna(subset="own_width_mj").reset_index(drop=True)
    for column in ("own_width_mj", "residual_mj"):
        assert shown(right, stems[column], stems.index)
    assert stems["width_512_mj"].nunique() == 1
    assert {x for x, _ in points(right)} >= set(stems["width_512_mj"].round(9))
    missed = rows[~rows["met"]]
    squares = next(line for line in left.lines if line.get_marker() == "s")
    assert list(squares.get_ydata()) == list(missed.index)
