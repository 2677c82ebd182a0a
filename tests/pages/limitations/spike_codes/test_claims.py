"""Claims of limitations/spike_codes hold where the laws do, and fall on a planted opposite."""

from dataclasses import replace

import numpy as np
import pytest

from brainbook.pages.limitations.spike_codes.claims import claims
from brainbook.pages.limitations.spike_codes.laws import LAWS
from opjoules.pricing.schedules import IN_ACCUMULATORS, STEP_BY_STEP


def conversion(m, **changes):
    return replace(m, conversion=m.conversion.assign(**changes))


def codes(m, **changes):
    return replace(m, codes=m.codes.assign(**changes))


def exact(m, **changes):
    return replace(m, times=replace(m.times, exact=m.times.exact.assign(**changes)))


def binned(m, **changes):
    return replace(m, times=replace(m.times, binned=m.times.binned.assign(**changes)))


def twins(m, **changes):
    return replace(m, bits=replace(m.bits, twins=m.bits.twins.assign(**changes)))


def energies(m, **changes):
    networks = m.energies.networks.assign(**changes)
    return replace(m, energies=replace(m.energies, networks=networks))


def attention(m, **changes):
    return replace(m, attention=m.attention.assign(**changes))


def a_third_more(table):  # in mean square
    return 1.15 * table["error"]


def another_power(table):
    return table["error"] * table["steps"] ** 0.25


def renamed(table):
    """Energies of the best schedule taken for those step by step, and the other way round."""
    return (
        table["schedule"]
        .map({STEP_BY_STEP: IN_ACCUMULATORS, IN_ACCUMULATORS: STEP_BY_STEP})
        .fillna(table["schedule"])
    )


def noise_decides(table):
    """Errors of each seed off by another factor: their mean is right, their spread is not."""
    return table["error"] * np.exp(0.4 * (table["seed"] - 1.0))


OPPOSITES = {
    "spike-codes-bound-tight": lambda m: conversion(m, largest=0.9),
    "spike-codes-square": lambda m: conversion(m, error=a_third_more),
    "spike-codes-slope": lambda m: conversion(m, error=another_power),
    "spike-codes-slope-deep": lambda m: conversion(m, error=another_power),
    "spike-codes-bound-deep": lambda m: conversion(m, largest=1.0),
    "spike-codes-poisson": lambda m: codes(m, error=a_third_more),
    "spike-codes-poisson-slope": lambda m: codes(m, error=another_power),
    "spike-codes-poisson-current": lambda m: codes(m, current=lambda t: 1.3 * t["current"]),
    "spike-codes-binary": lambda m: codes(m, error=a_third_more),
    "spike-codes-first-spike": lambda m: exact(m, difference=1e-6),
    "spike-codes-first-spike-bins": lambda m: binned(m, difference=1e-6),
    "spike-codes-rates-uneven": lambda m: binned(m, rate_difference=0.0),
    "spike-codes-twins": lambda m: twins(m, difference=1e-3),
    "spike-codes-multiplier": lambda m: replace(m, rule=(4 * 0.2, 3.1)),  # in one width only
    "spike-codes-twins-one-bit": lambda m: twins(m, ratio=1.2),
    "spike-codes-twins-dear": lambda m: twins(m, ratio=1.0),
    "spike-codes-first-spike-cheap": lambda m: energies(m, central=1.0),
    "spike-codes-words-cheap": lambda m: energies(m, central=1.0),
    "spike-codes-first-spike-kept": lambda m: energies(m, schedule=renamed),
    "spike-codes-attention-rounding": lambda m: attention(m, error=a_third_more),
    "spike-codes-attention-slope": lambda m: attention(m, error=another_power),
    "spike-codes-attention-coincidence": lambda m: attention(m, error=a_third_more),
    "spike-codes-attention-coincidence-slope": lambda m: attention(m, error=another_power),
    "spike-codes-attention-regular": lambda m: attention(m, error=1.0),  # as good as counts
}
CHECKS = {
    "spike-codes-count": lambda m: replace(m, mismatches=1),
    "spike-codes-bound": lambda m: conversion(m, largest=1.2),
    "spike-codes-balance": lambda m: conversion(m, balance=1e-3),
    "spike-codes-inside": lambda m: conversion(m, miscounted=1),
}
NOISY = {
    "spike-codes-square": lambda m: conversion(m, error=noise_decides),
    "spike-codes-poisson": lambda m: codes(m, error=noise_decides),
    "spike-codes-attention-rounding": lambda m: attention(m, error=noise_decides),
}


def test_every_finding_has_an_opposite(lawful):
    roles = {claim.id: claim.role for claim in claims(lawful)}
    assert {name for name, role in roles.items() if role == "finding"} == set(OPPOSITES)
    assert {name for name, role in roles.items() if role == "check"} == set(CHECKS)


def test_all_hold_where_the_laws_do(lawful, statuses):
    found = statuses(claims(lawful))
    assert {name: status for name, status in found.items() if status != "holds"} == {}


@pytest.mark.parametrize("name", OPPOSITES | CHECKS)
def test_a_planted_opposite_fails(name, lawful, statuses):
    planted = (OPPOSITES | CHECKS)[name](lawful)
    assert statuses(claims(planted))[name] == "fails"


@pytest.mark.parametrize("name", NOISY)
def test_a_noisy_run_is_no_proof(name, lawful, statuses):
    assert statuses(claims(NOISY[name](lawful)))[name] == "fails"


def test_identities_hold_on_any_network(measured):
    read_well = energies(measured, accuracy=0.97)  # some networks must, to be compared by energy
    identities = [claim for claim in claims(read_well) if claim.kind == "exact"]
    assert {claim.status for claim in identities} == {"holds"}


def test_joint_intervals_count_all_laws(lawful):
    by_chance = [c for c in claims(lawful) if c.kind == "law" and c.repetitions]
    assert len(by_chance) == LAWS
    assert all(claim.confidence == pytest.approx(1 - 0.05 / LAWS) for claim in by_chance)
