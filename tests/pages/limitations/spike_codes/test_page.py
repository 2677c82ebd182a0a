"""The page on spike codes, measured on few seeds and briefly trained networks."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.models.digits import classifiers as digit_classifiers  # fmt: skip
from brainbook.models.spiking import clip_floor_shift
from brainbook.pages.limitations import spike_codes as page
from brainbook.pages.limitations.spike_codes import (
    attention as attention_trials,
)
from brainbook.pages.limitations.spike_codes import (
    candidates as code_plan,
)
from brainbook.pages.limitations.spike_codes import (
    errors as code_trials,
)
from brainbook.pages.limitations.spike_codes import (
    networks as code_networks,
)
from brainbook.pages.limitations.spike_codes import (
    numbers as code_numbers,
)
from brainbook.pages.limitations.spike_codes.prices import SCENARIOS, headline

SEEDS, STEPS, TOKENS = (0, 1), (1, 4, 8, 16), 32


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The page's results, from few epochs, few networks and a store of its own."""
    plain = digit_classifiers.trained

    def briefly(family, seed, **settings):
        return plain(family, seed, **{"epochs": 4 if family == "perceptron" else 1} | settings)

    def rounded(function, **params):
        assert function is clip_floor_shift.train_rounded
        return function(**params, epochs=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBOOK_STORE", str(tmp_path_factory.mktemp("store")))
        for module in (code_networks, code_trials, code_plan):
            patch.setattr(module, "trained", briefly)
        patch.setattr(code_networks, "made_once", rounded)
        patch.setattr(code_plan, "SURROGATE_STEPS", (1,))
        patch.setattr(code_plan.candidates, "__defaults__", (((16,), (20, 20)),))
        code_networks._trained.cache_clear()
        conversion, mismatches = page.measure_conversion(SEEDS, STEPS)
        work, counts = page.measure_minilm(TOKENS)
        found = {
            "conversion": conversion, "mismatches": mismatches,
            "thresholds": page.measure_thresholds(SEEDS, (2, 32)),
            "codes": page.measure_codes(SEEDS, (1, 4, 16, 64)),
            "times": page.measure_spike_times(SEEDS, (1, 3, 7)),
            "bits": page.measure_bits(SEEDS, 3), "networks": page.measure_networks(SEEDS[:1]),
            "attention": page.measure_attention(SEEDS, (1, 4, 16)), "work": work, "counts": counts,
        }  # fmt: skip
    code_networks._trained.cache_clear()
    return found


def claims_of(measured, **changed):
    names = ("conversion", "mismatches", "codes", "times", "bits", "networks", "attention",
             "counts")  # fmt: skip
    return page.claims(*((measured | changed)[name] for name in names), TOKENS)


def test_identities_and_counts_hold_on_any_network(measured):
    made = claims_of(measured)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("spike-codes-") for name in ids)
    exact = [claim for claim in made if claim.kind == "exact"]
    assert len(exact) >= 10 and {claim.status for claim in exact} == {"holds"}
    assert sum(claim.kind == "law" for claim in made) >= 10


def test_claims_fail_on_wrong_results(measured):
    conversion = measured["conversion"].assign(
        balance=1e-3, miscounted=1, largest=1.2, error=lambda t: t["error"] * t["steps"] ** 0.2
    )
    codes = measured["codes"].assign(error=lambda t: 1.1 * t["error"])
    twins = measured["bits"].twins.assign(difference=1e-3)
    wrong = claims_of(
        measured, conversion=conversion, codes=codes, mismatches=1,
        bits=code_trials.Bits(measured["bits"].grid, twins),
    )  # fmt: skip
    failing = {claim.id.removeprefix("spike-codes-") for claim in wrong if claim.status == "fails"}
    assert {"count", "bound", "bound-tight", "slope", "slope-deep", "balance", "inside", "poisson",
            "twins"} <= failing  # fmt: skip


def test_every_network_is_priced_everywhere(measured):
    networks = measured["networks"]
    assert set(networks["scenario"]) == set(SCENARIOS)
    assert set(networks["family"]) == set(page.MARKS)
    assert (networks["low"] <= networks["central"]).all() and (networks["low"] > 0).all()
    assert (networks["central"] <= networks["high"]).all()
    timed = networks[networks["family"] == "first spike"]
    assert (timed["macs"] == 0).all() and (timed["acs"] > 0).all()


def test_errors_of_the_second_layer_are_its_parts(measured):
    rows = measured["conversion"].query("layer == 1")
    assert (rows["uneven"] == 0).all() and (rows["inherited"] < 1e-12).all()
    deep = measured["conversion"].query("layer == 2")
    parts = deep[["inherited", "rounding", "uneven"]].sum(axis=1)
    assert (deep["error"] <= parts + 1e-12).all()


def test_work_of_minilm(measured):
    work = measured["work"].set_index("work")["count"]
    weights = work[work.index.str.startswith("products with weights")].sum()
    assert weights == 6 * 12 * TOKENS * 384**2 + 384**2
    assert work["products of two activations"] == 6 * 2 * TOKENS**2 * 384
    assert work["softmax (elements, no products)"] == 6 * 12 * TOKENS**2


def test_numbers_of_the_prose(measured):
    numbers = code_numbers.numbers_of(
        *(measured[name] for name in ("conversion", "thresholds", "codes", "times")),
        code_trials.Bits(measured["bits"].grid, measured["bits"].twins),
    )
    assert numbers["twin_most"] == 7 and 0 < numbers["density"] <= 1
    assert 0 < numbers["first_spikes"] <= 1 < numbers["regular_spikes"]
    steps = code_numbers.steps_for(measured["attention"], 0.1)
    assert 1 < steps["steps_counts"] < steps["steps_coincidence"]
    assert headline(measured["networks"], 1.0)["all_spike_memory"] > 0
    saving = code_numbers.saving_of(measured["networks"], "64-20-20-10")
    assert saving["saving"] > 1


def test_rule_and_published_rows(measured):
    by_rule, printed = page.measure_rule()
    assert by_rule == pytest.approx(16 * 0.2) and printed == 3.1
    assert (page.measure_published()["source"].str.len() > 0).all()
    best = page.measure_front(measured["networks"], "memory")
    assert (
        best["accuracy (%)"].is_monotonic_increasing and best["energy (nJ)"].is_monotonic_increasing
    )


def test_scales_bound_calibration_queries():
    assert float(attention_trials.scales(TOKENS, 1).min()) > 0
    inputs = attention_trials.linear_inputs(TOKENS)
    assert isinstance(inputs, pd.DataFrame) and inputs["negative"].between(0, 1).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("conversion_error", "conversion", 3), ("threshold_choice", "thresholds", 2),
     ("code_errors", "codes", 2), ("spike_times", "times", 3), ("bits_twins", "bits", 2),
     ("codes_energy", "networks", 6), ("rate_attention", "attention", 2)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines or ax.collections for ax in figure.axes[:5])
