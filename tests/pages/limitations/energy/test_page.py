"""The page on energy, measured on short texts and briefly trained networks."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.models.digits import classifiers as digit_classifiers
from brainbook.pages.limitations import energy as page
from brainbook.pages.limitations.energy import activity as unit_activity

SEEDS, PRICES, WIDTHS = (0, 1, 2), (0.0, 4e-4, 1.6e-3), (8, 64)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The page's results, from few epochs and a store of its own."""

    def briefly(family, seed, **settings):
        epochs = {"spiking": 3, "perceptron": 8, "transformer": 1}[family]
        return digit_classifiers.trained(family, seed, epochs=epochs, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setattr(unit_activity, "trained", briefly)
        quiet = page.measure_quiet(SEEDS, PRICES)
        active = page.measure_active(SEEDS, WIDTHS)
    return {
        "training_energy": page.measure_training(),
        "inference_energy": page.measure_inference(),
        "floor": page.measure_floor((16, 64)),
        "above_floor": page.measure_above_floor(),
        "brain_budget": page.measure_budgets(),
        "ladder": page.measure_ladder(310.0),
        "optimal_rate": quiet,
        "active": active,
    }


def claims(measured, **changed) -> list[Claim]:
    names = ("training_energy", "floor", "above_floor", "optimal_rate", "active")
    return page.claims(*(changed.get(name, measured[name]) for name in names))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "panels"),
    [("training_energy", 2), ("inference_energy", 2), ("floor", 2), ("above_floor", 1),
     ("brain_budget", 2), ("ladder", 1), ("optimal_rate", 2)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[name])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines or ax.patches for ax in figure.axes)


def drawn(ax) -> set[float]:
    return {round(float(x), 6) for line in ax.lines for x in line.get_xdata()}


def test_no_query_stands_among_tokens(measured):
    with style.theme("light"):
        above, below = page.draw_inference_energy(measured["inference_energy"]).axes
    rows = measured["inference_energy"].set_index("per")["value"].round(6)
    assert set(rows["query"]) <= drawn(above) and set(rows["token"]) <= drawn(below)
    assert not set(rows["query"]) & drawn(below)
    assert (above.get_xlabel(), below.get_xlabel()) == ("joules per query", "joules per token")


def test_every_run_is_drawn_where_it_was_printed(measured):
    with style.theme("light"):
        left, right = page.draw_training_energy(measured["training_energy"]).axes
    runs = measured["training_energy"]
    assert set(runs["mwh"].round(6)) <= drawn(left)
    assert set(runs["deviation_percent"].round(6)) <= drawn(right)


def test_the_bars_of_a_budget_fill_it(measured):
    with style.theme("light"):
        bars = page.draw_brain_budget(measured["brain_budget"]).axes[0]
    widths = [patch.get_width() for patch in bars.patches]
    assert len(widths) == 10 and sum(widths) == pytest.approx(200)


def test_networks_are_held_against_every_machine(measured):
    table = measured["optimal_rate"].networks
    assert len(table) == len(SEEDS) * len(PRICES) * 2 * 3
    assert table["share"].between(0, 1).all() and table["rate"].between(0, 1).all()
    assert (table["ratio_low"] <= table["ratio"]).all()
    assert (table["ratio"] <= table["ratio_high"]).all()
    cheap = table.query("machine == 'Loihi'").groupby("layer")["optimum"].first()
    assert cheap[2] > cheap[1], "cheaper spikes may be more frequent"
    assert set(measured["optimal_rate"].frame["part"]) == {"curve", "cell", "network"}


def test_comparisons_depend_on_the_years():
    short, long = page.measure_comparisons(10), page.measure_comparisons(20)
    assert short["ratio"].iloc[0] == pytest.approx(2 * long["ratio"].iloc[0])


def test_claims_are_well_made_and_the_certain_ones_hold(measured):
    made = claims(measured)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("energy-") for name in ids)
    certain = [c for c in made if c.kind in ("exact", "law", "number") and not c.reason]
    assert len(certain) >= 20 and {c.status for c in certain} == {"holds"}
    assert {c.status for c in made if c.reason} == {"does not transfer"}


def test_a_wrong_count_fails(measured):
    wrong = measured["floor"].assign(macs=lambda t: t["macs"] + 1)
    failing = {c.id for c in claims(measured, floor=wrong) if c.status == "fails"}
    assert "energy-macs-per-token" in failing


def test_louder_networks_turn_the_orderings(measured):
    quiet = measured["optimal_rate"]
    rates = np.where(quiet.networks["layer"] == 1, 0.9, 0.5)
    loud = page.Quiet(quiet.curve, quiet.cells, quiet.networks.assign(rate=rates))
    failing = {c.id for c in claims(measured, optimal_rate=loud) if c.status == "fails"}
    assert {"energy-quieter-1", "energy-quieter-2", "energy-fan-out"} <= failing


def test_lazy_transformers_would_be_noticed(measured):
    lazy = measured["active"].assign(trained=0.063)
    found = {c.id: c.status for c in claims(measured, active=lazy)}
    assert found["energy-lazy-transformer"] == "fails", "its reason would be stale"
    assert found["energy-lazy-width"] == "fails"
