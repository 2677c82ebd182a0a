"""A claim that could not fail is refused; a claim that fails says so."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from brainbook.evidence.claims import Claim, identity, law, number, ordering
from brainbook.evidence.intervals import Interval, mean_interval


def claim(**changed) -> Claim:
    fields = {
        "id": "a-claim",
        "statement": "Two and two are four.",
        "kind": "law",
        "measured": 4.0,
        "expected": 4.0,
        "tolerance": 0.1,
        "unit": "1",
        "source": "arithmetic",
    }
    return Claim(**(fields | changed))


@pytest.mark.parametrize(
    ("kind", "measured", "status"),
    [
        ("law", 4.05, "holds"),
        ("law", 4.2, "fails"),
        ("law", math.nan, "fails"),
        ("number", 3.95, "holds"),
        ("number", math.inf, "fails"),
        ("ordering", 4.2, "holds"),
        ("ordering", 4.05, "fails"),
        ("ordering", 3.0, "fails"),
        ("ordering", math.nan, "fails"),
    ],
)
def test_status(kind, measured, status):
    assert claim(kind=kind, measured=measured).status == status


def test_an_exact_claim_is_exact():
    assert claim(kind="exact", measured=4 + 1e-11, tolerance=1e-10).status == "holds"
    assert claim(kind="exact", measured=4 + 1e-9, tolerance=1e-10).status == "fails"
    with pytest.raises(ValueError, match="tolerance of claim a-claim"):
        claim(kind="exact", tolerance=1e-6)
    assert claim(kind="exact", tolerance=1e-6, dtype="float32").status == "holds"


def test_an_effect_that_did_not_appear_keeps_its_reason():
    missed = claim(kind="number", measured=2.0, reason="The data set is too small.")
    assert missed.status == "does not transfer"
    assert claim(kind="number", reason="It is stale.").status == "fails"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "A Claim"},
        {"id": ""},
        {"kind": "guess"},
        {"statement": " "},
        {"source": ""},
        {"unit": ""},
        {"expected": math.nan},
        {"tolerance": -1},
        {"tolerance": math.inf},
        {"kind": "number", "tolerance": 5.0},
        {"dtype": "float8"},
    ],
)
def test_a_malformed_claim_is_refused_by_name(changed):
    with pytest.raises(ValueError, match=list(changed)[-1]):
        claim(**changed)


def test_the_record_has_what_the_ledger_needs():
    row = claim().record("section/page")
    assert row["page"] == "section/page" and row["status"] == "holds"
    assert row["measured"] == 4.0 and row["source"] == "arithmetic"


def scattered(mean: float, half_width: float) -> Interval:
    return Interval(mean, half_width, 5, 0.95, "documents")


def a_law(interval, **changed) -> Claim:
    return law(
        "a-law",
        "It falls so.",
        interval,
        **({"expected": 1, "precision": 0.1, "source": "x"} | changed),
    )


@pytest.mark.parametrize(
    ("mean", "half_width", "status"),
    [
        (1.04, 0.05, "holds"),
        (1.06, 0.05, "fails"),  # beyond chance, though near
        (1.0, 0.5, "fails"),  # on the spot, by luck: the run is too noisy to say so
        (1.3, 0.5, "fails"),
        (1.0, 0.1, "holds"),
        (1.0, 0.0, "holds"),
    ],
)
def test_a_law_needs_an_interval_that_covers_it_and_is_narrow(mean, half_width, status):
    assert a_law(scattered(mean, half_width)).status == status


def test_a_noisy_run_does_not_pass_because_it_is_noisy():
    quiet, noisy = np.random.default_rng(0).normal(1, [[0.02], [2.0]], (2, 5))
    assert a_law(mean_interval(quiet, over="seeds")).status == "holds"
    wide = mean_interval(noisy, over="seeds")
    assert wide.low < 1 < wide.high
    assert a_law(wide).status == "fails"
    assert a_law(wide).tolerance == 0.1


def test_an_approximate_law_says_how_far_off_it_may_be():
    near = scattered(1.04, 0.01)
    assert a_law(near).status == "fails"
    assert a_law(near, approximation=0.05).status == "holds"
    with pytest.raises(ValueError, match="approximation of claim a-law: got 0.2"):
        a_law(near, approximation=0.2)


def test_a_law_without_chance_is_held_to_its_precision():
    assert a_law(1.05).status == "holds"
    assert a_law(1.2).status == "fails"


def test_a_precision_that_allows_anything_is_refused():
    with pytest.raises(ValueError, match="precision of claim a-law"):
        a_law(scattered(1, 0.1), precision=1.0)


@pytest.mark.parametrize(
    ("mean", "margin", "status"),
    [(0.3, 0, "holds"), (0.1, 0, "fails"), (-0.3, 0, "fails"), (0.3, 0.4, "fails")],
)
def test_an_order_holds_where_the_whole_interval_lies_above(mean, margin, status):
    made = ordering(
        "an-order", "More is better.", scattered(mean, 0.2), margin=margin, source="none"
    )
    assert made.status == status


@pytest.mark.parametrize(("mean", "status"), [(0.3, "fails"), (0.1, "unresolved"), (-0.3, "fails")])
def test_an_open_question_fails_once_the_noise_answers_it(mean, status):
    made = ordering(
        "an-order",
        "More is better.",
        scattered(mean, 0.2),
        source="none",
        unresolved="So few documents do not tell.",
    )
    assert made.status == status


@pytest.mark.parametrize(
    ("mean", "half_width", "status"),
    [(1.0, 0.05, "fails"), (1.2, 0.5, "unresolved"), (1.8, 0.5, "fails"), (1.2, 0.05, "fails")],
)
def test_an_open_law_fails_once_the_noise_answers_it(mean, half_width, status):
    assert a_law(scattered(mean, half_width), unresolved="Too few seeds.").status == status


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": "It did not appear.", "unresolved": "Nor did it not."},
        {"kind": "exact", "tolerance": 0, "unresolved": "Noise."},
        {"unresolved": "No interval.", "repetitions": None, "confidence": None, "half_width": None,
         "over": ""},
    ],
)  # fmt: skip
def test_open_is_only_what_has_an_interval(changed):
    chance = {"repetitions": 5, "confidence": 0.95, "half_width": 0.1, "over": "documents"}
    with pytest.raises(ValueError, match="unresolved of claim a-claim"):
        claim(**(chance | changed))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"role": "aside"}, "role"),
        ({"repetitions": 5}, "confidence"),
        ({"over": "documents"}, "over"),
        ({"repetitions": 5, "confidence": 0.95, "half_width": 1.0}, "over"),
        ({"kind": "ordering", "precision": 0.1}, "precision"),
        ({"precision": -1}, "precision"),
    ],
)
def test_malformed_fields_of_chance_are_refused_by_name(changed, name):
    with pytest.raises(ValueError, match=f"{name} of claim a-claim"):
        claim(**changed)


@pytest.mark.parametrize(("dtype", "gap"), [("float64", 1e-10), ("float32", 1e-5)])
def test_an_identity_allows_rounding_only(dtype, gap):
    assert identity("same", "Both are one.", 0.9 * gap, dtype=dtype).status == "holds"
    assert identity("same", "Both are one.", 2 * gap, dtype=dtype).status == "fails"
    assert identity("same", "Both are one.", 1e6 + 10, expected=1e6).status == "fails"
    assert identity("same", "Both are one.", 1e6 + 1e-5, expected=1e6).status == "holds"


def test_a_published_value_is_met_within_its_digits():
    fields = {"expected": 0.14, "tolerance": 0.005, "source": "book"}
    assert number("load", "It ends there.", 0.138, **fields).status == "holds"
    assert number("load", "It ends there.", scattered(0.16, 0.1), **fields).status == "fails"


def test_findings_and_checks_are_told_apart():
    assert identity("same", "Both are one.", 0).role == "check"
    assert identity("same", "Both are one.", 0, role="finding").role == "finding"
    assert a_law(1.0).role == "finding" and a_law(1.0, role="check").role == "check"


def test_repetitions_stand_in_the_record_and_in_print():
    made = a_law(scattered(1.04, 0.05))
    row = made.record("section/page")
    assert (row["repetitions"], row["over"], row["confidence"]) == (5, "documents", 0.95)
    assert (row["half_width"], row["precision"], row["role"]) == (0.05, 0.1, "finding")
    assert json.loads(json.dumps(row)) == row
    assert "Measured 1.04 ± 0.05 (5 documents, 95%)" in str(made)
    joint = mean_interval([1, 1.01, 0.99], over="seeds", sentences=13)
    assert "(3 seeds, 99.6%)" in str(a_law(joint))
