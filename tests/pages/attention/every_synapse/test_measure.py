"""What the page measures, at a small size."""

import numpy as np
import pandas as pd
import pytest

from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.astrocyte.baselines import CONSTANT, MEAN, NEAREST
from brainbook.models.attention.minilm_heads import heads_on, problem_on
from brainbook.models.attention.minilm_text import held_out_passages, reference_passages
from brainbook.pages.attention import every_synapse as page
from brainbook.pages.attention.every_synapse import measure
from brainbook.pages.attention.every_synapse.bounds import LOW_RANK, OWN
from brainbook.pages.attention.every_synapse.circuits import (
    BASELINE,
    EACH,
    GATED,
    HALF,
    LEAK,
    MEMBRANE,
    POOL,
    RANDOM,
    SHARED,
    WIRING,
    errors_of,
    gated_errors,
    tuned_units,
)
from brainbook.pages.attention.every_synapse.decoder import D_HEAD, SO_FAR
from brainbook.pages.attention.every_synapse.measure import (
    ANEW,
    BUDGETS,
    DESCRIPTIONS,
    ENSHEATHED,
    LEAKS,
    NOISES,
    REFERENCE,
    RIVALS,
    SCALES,
    SMALL,
    budgets,
    chosen_constants,
    documents,
    kind,
    typical,
)


def test_documents_are_of_two_kinds_and_no_two_alike():
    text = documents(2, 4, 32)
    assert [kind(name) for name in text] == [DESCRIPTIONS] * 2 + [REFERENCE] * 4
    assert set(list(text)[:2]) <= set(TEST_TEXTS)
    passages = [*held_out_passages(range(2), 32).values(), *reference_passages(4, 32).values()]
    assert list(text.values()) == passages and len(set(passages)) == len(passages)


def test_budgets_are_what_an_astrocyte_reaches():
    found = budgets()
    assert list(found) == list(BUDGETS) and sorted(found.values()) == list(found.values())
    assert found["rodent_high"] == 120_000 and found["human_high"] == 2_000_000


def test_no_circuit_has_more_synapses_than_its_budget(measured, scaled):
    divided = measured.divided[measured.divided["budget"] != ENSHEATHED]
    wide = measured.decoder[measured.decoder["circuit"] != SO_FAR]
    for frame in (divided, measured.rivals, wide):
        most = frame["budget"].map(scaled | {ANEW: scaled["human_high"]})
        assert (frame["synapses"] <= most).all() and (frame["synapses"] > 0.8 * most).all()
    reached = measured.divided[measured.divided["budget"] == ENSHEATHED]
    (units,) = reached["units"].unique()
    assert 2 * 33 * units <= scaled["rodent_high"] < 2 * 33 * (units + 1)


def test_all_heads_read_all_documents(measured, text):
    cells = measured.divided.groupby(["circuit", "budget", "document"])
    assert cells.size().eq(72).all()
    assert not measured.divided.duplicated(["circuit", "budget", "document", "layer", "head"]).any()
    ends = {(circuit, BUDGETS[3]) for circuit in (EACH, MEMBRANE, BASELINE)}
    ends |= {(EACH, ENSHEATHED), (EACH, ANEW), (MEMBRANE, ANEW)}
    assert set(zip(measured.divided["circuit"], measured.divided["budget"], strict=True)) == ends
    assert set(measured.divided["document"]) == set(text)


def test_rivals_read_some_documents_with_some_heads(measured, text):
    rivals = measured.rivals
    assert set(rivals["document"]) == set(list(text)[::2])
    assert rivals["head"].eq(0).all() and set(rivals["layer"]) == set(range(6))
    found = rivals.groupby("circuit")["budget"].unique().map(set).to_dict()
    assert found == {name: set(ends) for name, (_, ends) in RIVALS.items()}
    assert rivals.groupby(["circuit", "budget"]).size().eq(3 * 6).all()


def test_a_row_is_the_error_of_its_own_layer_head_and_document(measured, known, text):
    """The same circuit again, on one layer by itself."""

    def halved(units, known, test, draw):
        return errors_of(tuned_units(known, units, draw=draw), test, EACH, HALF)

    known = problem_on(known)[:, 4]
    name, ids = list(text.items())[2]
    problem = heads_on(ids).problem[4]
    cases = (
        (measured.divided, EACH, halved, 12, "human_high"),
        (measured.rivals, GATED, gated_errors, 1, "rodent_high"),
    )
    for frame, circuit, errors, heads, budget in cases:
        rows = frame[(frame["layer"] == 4) & (frame["document"] == name)]
        rows = rows[rows["budget"] == budget]
        rows = rows[rows["circuit"] == circuit].sort_values("head")
        (units,) = rows["units"].unique()
        again = errors(int(units), known[:, :heads], {name: problem[:heads]}, draw=4)
        assert rows["error"].tolist() == pytest.approx(again["error"].tolist(), rel=1e-3)


def test_what_a_layer_shares_is_tuned_to_all_of_its_heads(monkeypatch, known):
    heads = {}

    def spy(name):
        def errors(units, known, test, draw):
            heads[name] = known.query.shape[1]
            return pd.DataFrame({"circuit": name, "units": [units], "head": 0, "error": 1.0})

        return errors

    rivals = {name: (spy(name), BUDGETS[:1]) for name in (EACH, SHARED)}
    monkeypatch.setattr(measure, "RIVALS", rivals)
    monkeypatch.setattr(measure, "calibration_passages", lambda tokens: known[:3])
    page.measure_rivals(1, 0, 1, 2, 32)
    assert heads == {EACH: 2, SHARED: 12}


def test_constants_are_those_that_err_least_on_held_back_passages(measured, known):
    heads = problem_on(known)[:, :, :1]
    scale, leak = chosen_constants(heads)
    assert scale in SCALES and leak in SMALL
    fit, held = heads[:-4, 0], {str(n): heads[-4 + n, 0] for n in range(4)}
    assert fit.query.shape[1] == 1 and len(held) == 4
    anew = measured.divided[measured.divided["budget"] == ANEW]
    assert set(anew["scale"]) <= set(SCALES) and set(anew["leak"]) <= set(SMALL)
    others = measured.divided[measured.divided["budget"] != ANEW]
    assert set(others["scale"]) == {1.0} and set(others["leak"]) == {LEAK}


def test_more_units_err_less(measured):
    """On the median head, over documents."""
    rivals = measured.rivals
    for circuit in (EACH, POOL):
        few, many = (
            typical(rivals, circuit=circuit, budget=budget).mean()
            for budget in (BUDGETS[0], BUDGETS[3])
        )
        assert many < few


def test_bounds_have_the_least_circuits_units(measured, scaled):
    bounds, least = measured.bounds, WIRING[EACH].units_within(scaled["rodent_low"], 32)
    assert set(bounds["units"]) == {0, least}
    assert set(bounds["bound"]) == {OWN, LOW_RANK, CONSTANT, MEAN, NEAREST}
    assert bounds.groupby("bound").size().eq(3 * 6).all()
    place = ["document", "layer", "head"]
    best, own = (
        bounds[bounds["bound"] == name].set_index(place)["error"] for name in (LOW_RANK, OWN)
    )
    assert best.mean() < own.mean()


def test_noise_is_put_into_the_largest_circuit(measured):
    noisy = measured.noisy
    assert set(noisy["leak"]) == set(LEAKS) and set(noisy["noise"]) == set(NOISES)
    quiet = noisy[(noisy["noise"] == 0) & (noisy["leak"] == LEAKS[0])]
    expected = typical(measured.rivals, circuit=EACH, budget=BUDGETS[3])
    expected = expected[expected.index[::2]]  # every second of the documents
    for _, rows in quiet.groupby(["circuit", "where"]):
        assert typical(rows).to_dict() == pytest.approx(expected.to_dict(), rel=1e-2)


def test_the_decoder_has_wide_heads_and_three_circuits(measured, scaled):
    frame = measured.decoder
    assert frame.groupby(["circuit", "budget", "document"])["head"].nunique().eq(4).all()
    assert set(frame.query("circuit == @SO_FAR")["units"]) == {0}
    frame = frame.query("circuit != @SO_FAR")
    assert set(frame["circuit"]) == {RANDOM, POOL, EACH}
    assert set(frame["budget"]) == {BUDGETS[1]} and set(frame["seed"]) == {0}
    for circuit, rows in frame.groupby("circuit"):
        units = WIRING[circuit].units_within(scaled["rodent_high"], D_HEAD)
        assert rows["units"].eq(units).all()


def test_typical_is_the_median_head_of_each_document():
    frame = pd.DataFrame(
        {"document": list("aaabbb"), "part": list("xxyxxx"), "error": [1.0, 3, 9, 2, 8, 5]}
    )
    assert typical(frame).to_dict() == {"a": 3, "b": 5}
    assert typical(frame, part="x").to_dict() == {"a": 2, "b": 5}


def test_circuits_are_listed_with_their_error_and_interval(measured):
    table = page.listed_circuits(measured.rivals)
    upper = measured.rivals[measured.rivals["budget"].isin(BUDGETS[1::2])]
    assert len(table) == len(upper.groupby(["circuit", "budget"]))
    row = table[(table["circuit"] == EACH) & (table["budget"] == "human")].iloc[0]
    rows = measured.rivals.query("budget == 'human_high'")
    by_document = rows[rows["circuit"] == EACH].groupby("document")["error"].median()
    assert row["error"] == pytest.approx(by_document.mean())
    t = 4.303  # Student's at 95%, two degrees of freedom, from any table
    assert row["±"] == pytest.approx(t * by_document.std() / np.sqrt(3), rel=1e-3)
    units = row["units"]
    assert row["lateral synapses"] == 4 * units**2 + 2 * units
    assert row["cells a unit"] == 2
