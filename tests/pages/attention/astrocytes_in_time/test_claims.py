"""Claims of attention/astrocytes_in_time, and the opposites under which they fall."""

from dataclasses import replace

import pytest

from brainbook.pages.attention.astrocytes_in_time.claims import FAMILY, claims
from brainbook.pages.attention.astrocytes_in_time.timing import EXACT

TIME = "astrocyte-time-"


def noise(m, **factors):
    changed = {name: factor * m.noise[name] for name, factor in factors.items()}
    return replace(m, noise=m.noise.assign(**changed))


def steeper_noise(m):
    return replace(m, noise=m.noise.assign(error=m.noise["size"] ** 0.5))


def doubled(m, name):
    rows = getattr(m, name)
    return replace(m, **{name: rows.assign(square=2 * rows["square"])})


def doubled_levels(m):
    rows = m.levels.levels
    return replace(m, levels=replace(m.levels, levels=rows.assign(square=2 * rows["square"])))


def proportional_pools(m):
    return replace(m, apart=m.apart.assign(trace=0.1 * (m.apart["pools"] - 1.0)))


def fast_forgetting_is_enough(m):
    return replace(m, needed=m.needed.assign(seconds=m.needed["seconds"] / 1000))


def a_leak_that_costs(m, kind, error):
    hit = (m.leak["leak"] == kind) & (m.leak["circuit"] == EXACT)
    return replace(m, leak=m.leak.assign(error=m.leak["error"].where(~hit, error)))


def quick_clock(m):
    return replace(m, clocks=m.clocks / 3)


def useless_division(m):
    return replace(
        m,
        baselines=m.baselines.assign(constant=1.01 * m.baselines["uniform"]),
        together=m.together.assign(error=2.0),
    )


OPPOSITES = {
    "token-noise": lambda m: noise(m, square=2),
    "unit-noise": lambda m: noise(m, square=2),
    "synapse-noise": lambda m: noise(m, square=0.5),
    "noise-slope": steeper_noise,
    "levels": doubled_levels,
    "unsensed": lambda m: doubled(m, "coverage"),
    "pools": lambda m: doubled(m, "apart"),
    "pools-slope": proportional_pools,
    "longer-than-process": fast_forgetting_is_enough,
    "longer-than-soma": fast_forgetting_is_enough,
    "inside-alibi": quick_clock,
    "fast-process": lambda m: a_leak_that_costs(m, "both", 0.01),
    "slow-soma": lambda m: a_leak_that_costs(m, "both", 5.0),
    "leak-apart": lambda m: a_leak_that_costs(m, "trace alone", 1e-3),
    "constant": useless_division,
    "common": useless_division,
}


def test_every_finding_has_an_opposite(measured):
    findings = {claim.id for claim in claims(measured) if claim.role == "finding"}
    assert findings == {TIME + name for name in OPPOSITES}


def test_all_hold_where_the_laws_do(lawful, statuses):
    found = statuses(claims(lawful))
    # Short passages are forgotten less: what the fastest decay costs needs the book's length.
    assert {name for name, status in found.items() if status != "holds"} <= {TIME + "fast-process"}


@pytest.mark.parametrize("name", OPPOSITES)
def test_a_planted_opposite_fails(name, lawful, statuses):
    assert statuses(claims(OPPOSITES[name](lawful)))[TIME + name] == "fails"


def test_a_broken_identity_fails(measured, statuses):
    broken = replace(measured, deviations=measured.deviations | {"alibi": 1e-7})
    found = statuses(claims(broken))
    assert [n for n in measured.deviations if found[TIME + n] == "fails"] == ["alibi"]


def test_laws_are_one_family(lawful):
    laws = [claim for claim in claims(lawful) if claim.kind == "law"]
    assert len(laws) == FAMILY
    assert all(claim.confidence == pytest.approx(1 - 0.05 / FAMILY) for claim in laws)
