"""Claims of limitations/counting hold, and fall where an opposite is planted."""

from dataclasses import replace

import pytest

from brainbook.pages.limitations.counting.claims import claims
from opjoules.pricing.schemes import EFFECTIVE


def miscounted(m, row):
    table = m.identities.copy()
    table.loc[row, "counted"] += 1
    return replace(m, identities=table)


def one_case_missed(m):
    return replace(m, seen=m.seen.assign(book=m.seen["book"].where(m.seen.index > 0, 0)))


def every_scheme_alike(m):
    return replace(m, schemes=m.schemes.assign(central=1.0))


def networks_differ_more(m):
    """The networks lie as far apart as no two schemes do."""
    return replace(m, schemes=m.schemes.assign(ratio=m.schemes["ratio"] / 100))


def no_difference(m):
    """Ratios that scatter around one, the same under every scheme."""
    return replace(m, schemes=m.schemes.assign(ratio=1 + 0.1 * (m.schemes["seed"] - 1)))


def one_scheme_disagrees(m):
    dearer = m.schemes["scheme"] == "operations"
    return replace(m, schemes=m.schemes.assign(ratio=m.schemes["ratio"].mask(dearer, 1.1)))


def effective_agrees(m):
    rows = m.schemes["scheme"] == EFFECTIVE.name
    return replace(m, schemes=m.schemes.assign(ratio=m.schemes["ratio"].mask(rows, 0.9)))


OPPOSITES = {
    "counting-cases": [one_case_missed],
    "counting-scheme-decides": [every_scheme_alike, networks_differ_more],
    "counting-joules-agree": [one_scheme_disagrees, no_difference],
    "counting-effective-reverses": [effective_agrees, no_difference],
}


def test_every_finding_has_an_opposite(measured):
    assert {c.id for c in claims(measured) if c.role == "finding"} == set(OPPOSITES)


def test_all_hold(measured, statuses):
    assert set(statuses(claims(measured)).values()) == {"holds"}


@pytest.mark.parametrize(
    ("name", "plant"), [(name, plant) for name, plants in OPPOSITES.items() for plant in plants]
)
def test_a_planted_opposite_fails(name, plant, measured, statuses):
    found = statuses(claims(plant(measured)))
    assert found[name] == "fails"


@pytest.mark.parametrize("row", ["minilm", "fused", "spikes", "flops", "batch"])
def test_a_miscount_by_one_is_seen(row, measured, statuses):
    found = statuses(claims(miscounted(measured, row)))
    assert [n for n, status in found.items() if status == "fails"] == ["counting-two-ways"]
