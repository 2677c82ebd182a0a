"""The page on spiking networks, measured on few and briefly trained ones."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.models.digits import classifiers as digit_classifiers
from brainbook.pages.limitations import spiking as page
from opjoules.pricing.targets import TARGETS

SEEDS, STEPS, MARGIN = (0, 1), 2, 0.5
BRIEF = {"perceptron": 3, "spiking": 2, "transformer": 1}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The page's results, from few epochs and a store of its own."""

    def briefly(family, seed, **settings):
        return digit_classifiers.trained(family, seed, epochs=BRIEF[family], **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setattr(page.measure, "trained", briefly)
        patch.setattr(page.measure, "SIZES", ((8,), page.LARGEST))
        patch.setattr(page.measure, "GRID", {"perceptron": (0.01, 0.1)})
        networks = page.measure_networks(SEEDS, STEPS)
        steps = page.measure_time_steps(SEEDS, (1, STEPS))
        return {
            "networks": networks,
            "steps": steps,
            "tuning": page.measure_tuning(SEEDS),
            "break_even": page.measure_break_even(steps),
            "published": page.measure_published(),
            "schemes": page.measure_schemes(SEEDS, STEPS),
        }


def asserted(measured, **other):
    """The page's claims from its results, some of them replaced."""
    found = {name: measured[name] for name in ("networks", "steps", "published", "schemes")} | other
    return page.claims(*found.values(), MARGIN, STEPS)


def test_every_network_is_priced_everywhere(measured):
    networks = measured["networks"]
    counted = networks.groupby(["family", "network"])["scenario"].value_counts()
    assert (counted == len(SEEDS)).all()
    assert set(networks["scenario"]) == set(TARGETS)
    assert (networks["low"] <= networks["central"]).all()
    assert (networks["central"] <= networks["high"]).all() and (networks["low"] > 0).all()
    assert networks["accuracy"].between(0, 1).all()


def test_energy_of_the_perceptron_is_its_closed_form(measured):
    networks = measured["networks"].set_index(["scenario", "family", "network"])
    small = networks.loc[("fp32", "perceptron", "64-8-10")]
    products, rectifiers = 64 * 8 + 8 * 10, 8
    assert small["central"].to_numpy() == pytest.approx((products * 4.6 + rectifiers * 0.9) / 1e3)


def test_rate_coding_multiplies_nothing(measured):
    by_family = measured["networks"].groupby("family")[["macs", "acs"]].sum()
    assert by_family.loc["rate-coded", "macs"] == 0 < by_family.loc["rate-coded", "acs"]
    assert by_family.loc["perceptron", "acs"] == by_family.loc["transformer", "acs"] == 0
    assert (by_family.loc["spiking"] > 0).all()


def test_constant_currents_cost_the_first_layer_once(measured):
    spiking = measured["steps"].query("family == 'spiking' and scenario == 'fp32'")
    assert set(spiking["macs"]) == {64 * 128}
    assert spiking.groupby("timesteps")["neuron_updates"].first().to_dict() == {1: 256, 2: 512}


def test_tables_of_the_page(measured):
    tuning = measured["tuning"]
    assert list(tuning["learning rate"]) == [0.01, 0.1]
    assert tuning["validation accuracy"].between(0.1, 1).all()
    constants = page.measure_constants()
    assert set(constants["profile"]) == {"45nm_fp32", "45nm_int8", "loihi"}
    assert (constants["source"].str.len() > 0).all()
    frame = measured["break_even"].frame
    assert set(frame["part"]) == {"curve", "threshold", "layer"}
    assert not frame.query("part == 'layer'")[["rate_1", "rate_2"]].isna().any(axis=None)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("accuracy_energy", "networks", 6), ("time_steps", "steps", 3),
     ("break_even", "break_even", 2), ("published", "published", 2),
     ("schemes", "schemes", 1)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines or ax.collections for ax in figure.axes)


def test_the_first_figure_shows_what_was_measured(measured):
    with style.theme("light"):
        ax = page.draw_accuracy_energy(measured["networks"]).axes[0]
    means = measured["networks"].query("scenario == 'fp32'").groupby(["family", "network"])
    expected = set(means["central"].mean().round(6))
    drawn = {round(float(x), 6) for line in ax.lines for x in line.get_xdata()}
    assert expected <= drawn


def test_claims_are_well_made_and_the_counts_hold(measured):
    made = asserted(measured)
    assert all(isinstance(claim, Claim) for claim in made)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("spiking-") for name in ids)
    certain = [c for c in made if c.kind in ("exact", "law", "number")]
    assert len(certain) > 20 and {c.status for c in certain} == {"holds"}


def test_a_wrong_count_makes_a_claim_fail(measured):
    wrong = measured["networks"].assign(macs=lambda t: t["macs"] + 1, acs=lambda t: t["acs"] + 1)
    made = asserted(measured, networks=wrong)
    failing = {claim.id for claim in made if claim.status == "fails"}
    assert {
        "spiking-count-perceptron",
        "spiking-count-attention",
        "spiking-count-spikes",
    } <= failing


def test_a_dearer_spiking_network_turns_the_orderings(measured):
    networks = measured["networks"].copy()
    spiking = networks["family"] == "spiking"
    networks.loc[spiking, "central"] *= 1e3
    dear = asserted(measured, networks=networks)
    networks.loc[spiking, "central"] *= 1e-6
    cheap = asserted(measured, networks=networks)
    status = [{claim.id: claim.status for claim in claims} for claims in (dear, cheap)]
    assert [s["spiking-same-size-fp32"] for s in status] == ["fails", "holds"]
    assert [s["spiking-rival-int8-memory"] for s in status] == ["holds", "fails"]
    assert [s["spiking-same-size-int8-skip"] for s in status] == ["holds", "fails"]


def test_printed_rows_are_a_table(measured):
    rows = measured["published"]
    assert isinstance(rows, pd.DataFrame) and rows["network"].is_unique
    assert rows["deviation"].abs().max() < 0.01


def test_schemes_of_both_pairs(measured):
    schemes = measured["schemes"]
    own, published = (schemes[schemes["seed"].notna() == flag] for flag in (True, False))
    assert set(own["seed"]) == set(SEEDS) and len(own) == len(SEEDS) * len(published)
    names = ["operations", "book, with memory", "book, weights fetched once"]
    ratio = published.set_index("scheme")["ratio"]
    assert ratio[names[0]] < 1 < ratio[names[2]] < ratio[names[1]]
    turned = schemes.assign(ratio=1 / schemes["ratio"], ratio_low=1 / schemes["ratio_low"])
    status = {c.id: c.status for c in asserted(measured, schemes=turned)}
    assert status["spiking-scheme-operations"] == status["spiking-scheme-memory"] == "fails"
