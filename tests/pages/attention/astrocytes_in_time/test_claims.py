"""Claims of attention/astrocytes_in_time, and the opposites under which they fall."""

from dataclasses import replace

import pytest

from brainbook.pages.attention.astrocytes_in_time.circuits import EXACT, GATED, LATERAL
from brainbook.pages.attention.astrocytes_in_time.claims import claims
from brainbook.pages.attention.astrocytes_in_time.together import ALL, NONE, REPAIRS

TIME = "astrocyte-time-"


def scaled(m, table, factor, **where):
    """The run with the errors of some rows of one of its tables times a factor."""
    rows = getattr(m.limits, table)
    hit = True
    for column, value in where.items():
        hit = hit & (rows[column] == value)
    assert hit.any()
    changed = rows.assign(error=rows["error"].where(~hit, factor * rows["error"]))
    return replace(m, limits=replace(m.limits, **{table: changed}))


def fast_forgetting_is_enough(m):
    return replace(m, needed=m.needed.assign(seconds=m.needed["seconds"] / 1000))


OPPOSITES = {
    "longer-than-process": fast_forgetting_is_enough,
    "longer-than-soma": fast_forgetting_is_enough,
    "fast-process": lambda m: scaled(m, "leak", 0.01, circuit=EXACT, leak="both"),
    "leak-apart": lambda m: scaled(m, "leak", 0.01, circuit=EXACT, leak="trace alone"),
    "all-beats-uniform": lambda m: scaled(m, "at_once", 5, circuit=GATED, limits=ALL[0]),
    "all-worst": lambda m: scaled(m, "at_once", 0.1, circuit=GATED, limits=ALL[1]),
    "leak-costs-most": lambda m: scaled(m, "at_once", 10, circuit=GATED, limits="coverage"),
    "little-division": lambda m: scaled(m, "at_once", 2, circuit=GATED, limits=NONE),
    "gated-outlasts-lateral": lambda m: scaled(
        m, "at_once", 0.1, circuit=LATERAL, limits=REPAIRS[0]
    ),
    "lateral-blind": lambda m: scaled(m, "coverage", 1e-4, circuit=LATERAL),
    "lateral-noise": lambda m: scaled(m, "noise", 0.1, circuit=LATERAL),
}


def test_every_finding_has_an_opposite(measured):
    findings = {claim.id for claim in claims(measured) if claim.role == "finding"}
    assert findings == {TIME + name for name in OPPOSITES}


def test_the_small_run_holds_too(measured, statuses):
    found = statuses(claims(measured))
    assert {name for name, status in found.items() if status != "holds"} == set()


@pytest.mark.parametrize("name", OPPOSITES)
def test_a_planted_opposite_fails(name, measured, statuses):
    assert statuses(claims(OPPOSITES[name](measured)))[TIME + name] == "fails"


@pytest.mark.parametrize("name", ["integrated", "alibi"])
def test_a_broken_identity_fails(name, measured, statuses):
    broken = replace(measured, deviations=measured.deviations | {name: 1e-7})
    found = statuses(claims(broken))
    assert [n for n in measured.deviations if found[TIME + n] == "fails"] == [name]
