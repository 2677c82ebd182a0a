"""A claim that could not fail is refused; a claim that fails says so."""

from __future__ import annotations

import math

import pytest

from brainbook.evidence.claims import Claim


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
