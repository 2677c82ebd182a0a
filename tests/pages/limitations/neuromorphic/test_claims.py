"""Claims hold on a little text, and each finding falls when its opposite is true."""

from dataclasses import replace

import pytest

from brainbook.pages.limitations.neuromorphic import claims, numbers
from brainbook.pages.limitations.neuromorphic.events import Code

FULL = Code(127)


def with_cores(measured, chip: str, cores: int):
    """``cores`` for the packed block on ``chip``."""
    row = (measured.mapping["chip"] == chip) & (measured.mapping["method"] == "packed")
    table = measured.mapping.assign(cores=measured.mapping["cores"].mask(row, cores))
    return replace(measured, mapping=table)


def with_totals(measured, **totals):
    """Messages by document of the graded code, or of the rate code with all bits."""
    codes = {"graded": Code(), "full": FULL}
    changed = {codes[name]: values for name, values in totals.items()}
    return replace(
        measured, codes=replace(measured.codes, totals={**measured.codes.totals, **changed})
    )


def swapped(measured, table: str, column: str, one: str, other: str):
    """Two labels of a table exchanged."""
    frame = getattr(measured, table)
    labels = frame[column].replace({one: other, other: one})
    return replace(measured, **{table: frame.assign(**{column: labels})})


def unshared(measured):
    """Logic that pays for 64 tokens what it pays for one."""
    shared = measured.shared.copy()
    logic = shared["machine"] == "logic, 45 nm, DRAM"
    alone = shared[logic & (shared["tokens"] == 1)].iloc[0]
    for end in ("low", "central", "high"):
        shared.loc[logic, end] = alone[end]
    return replace(measured, shared=shared)


def free_fetches(measured):
    """Logic whose weights come from DRAM at no cost."""
    costs = measured.costs.copy()
    costs.loc[costs["term"] == "weight memory", ["low", "central", "high"]] = 0.0
    return replace(measured, costs=costs)


OPPOSITES = {
    "neuromorphic-crossbars-packed": lambda m: with_cores(m, "HERMES PCM", 28),
    "neuromorphic-loihi-packed": lambda m: with_cores(m, "Loihi", 27),
    "neuromorphic-dense-activations": lambda m: with_totals(m, graded=0.9 * m.codes.totals[Code()]),
    "neuromorphic-rate-costs-messages": lambda m: with_totals(m, full=10 * m.codes.totals[Code()]),
    "neuromorphic-one-token": free_fetches,
    "neuromorphic-shared-weights": unshared,
    "neuromorphic-synapses-dominate": lambda m: swapped(
        m, "costs", "term", "synaptic operations", "messages between cores"
    ),
}


def test_all_claims_hold_on_little_text(measured, statuses):
    assert set(statuses(claims(measured)).values()) == {"holds"}


def test_every_claim_has_its_opposite(measured):
    assert {claim.id for claim in claims(measured)} == set(OPPOSITES)


@pytest.mark.parametrize("id", OPPOSITES)
def test_a_finding_falls_when_its_opposite_is_true(measured, statuses, id):
    assert statuses(claims(OPPOSITES[id](measured)))[id] == "fails"


def test_numbers_follow_their_tables(measured):
    said = numbers(measured)
    events = measured.codes.total(Code())
    assert said["events"] == pytest.approx(events)
    assert said["ratio"] == pytest.approx(measured.codes.total(FULL) / events)
    assert said["share_short"] == pytest.approx(100 * 64 / (6 * 384 + 64))
    assert said["turn_loihi"] == 64 and said["span"] * said["cheapest"] == 1e3 * said["dearest"]
    assert 0 < said["saved"] < 100 and 0 < said["fetch"] < 100
