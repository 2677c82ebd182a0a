"""Claims of attention/memory hold where the laws do, and fall where an opposite is planted."""

from dataclasses import replace

import numpy as np
import pytest

from brainbook.models.memory.hopfield import mean_field_overlap
from brainbook.pages.attention.memory.claims import claims
from brainbook.pages.attention.memory.measure import LAWS


def with_collapse(measured, **changes):
    return replace(measured, collapse=replace(measured.collapse, **changes))


def with_capacity(measured, **changes):
    return replace(measured, capacity=replace(measured.capacity, **changes))


def powers(measured, factor):
    """Capacities of powers multiplied by ``factor(neurons)``."""
    table = measured.capacity.powers
    grown = factor(table["neurons"])
    changed = table.assign(capacity=table["capacity"] * grown, ratio=table["ratio"] * grown)
    return with_capacity(measured, powers=changed)


def exponential(measured, name, factor):
    """Patterns of the exponential memory multiplied by ``factor(neurons)``."""
    table = getattr(measured.capacity, name)
    patterns = table["patterns"] * factor(table["neurons"])
    return with_capacity(measured, **{name: table.assign(patterns=patterns)})


def three_times_the_errors(m):
    table = m.collapse.table
    return with_collapse(
        m, table=table.assign(overlap=1 - 3 * (1 - table["load"].map(mean_field_overlap)))
    )


def another_load(m):
    return with_collapse(m, theory=m.collapse.theory.iloc[:-9])


def collapse_at_one_load(m):
    return with_collapse(m, falls=0 * m.collapse.falls + 0.1)


def another_power(m):
    return powers(m, lambda neurons: neurons)


def twice_as_many(m):
    return powers(m, lambda neurons: 2.0)


def recall(m, **changes):
    return replace(m, recall=m.recall.assign(**changes))


def equal_layers(m):
    return replace(m, keys=m.keys.assign(share=0.3))


def medium_last_layer(m):
    last = m.keys["layer"] == m.keys["layer"].max()
    return replace(m, keys=m.keys.assign(regime=np.where(last, "III", m.keys["regime"])))


def no_change_by_updates(m):
    return replace(m, iteration=m.iteration.assign(keys=7.0))


OPPOSITES = {
    "memory-critical-load": another_load,
    "memory-retrieval-errors": three_times_the_errors,
    "memory-collapse-falls": collapse_at_one_load,
    "memory-collapse-above": collapse_at_one_load,
    "memory-slope-2": another_power,
    "memory-slope-3": another_power,
    "memory-slope-4": another_power,
    "memory-height-2": twice_as_many,
    "memory-height-3": twice_as_many,
    "memory-height-4": twice_as_many,
    "memory-exponential-slope": lambda m: exponential(m, "every", lambda n: n**0.5),
    "memory-exponential-height": lambda m: exponential(m, "every", lambda n: n**0.5),
    "memory-single-bit-slope": lambda m: exponential(m, "single", lambda n: 2.0 ** (-n / 2)),
    "memory-circuit-recalls": lambda m: recall(m, overlap=0.5),
    "memory-circuit-agrees": lambda m: recall(m, agreement=0.9),
    "memory-circuit-saddle": lambda m: replace(m, growth=-m.growth),
    "memory-circuit-leaves": lambda m: recall(m, membrane=1.0),
    # the published effect appears: its excuse is stale
    "memory-circuit-neutral": lambda m: replace(
        m, starts=m.starts.assign(end=m.starts["cue"] + 0.2)
    ),
    "memory-circuit-slow-synapses": lambda m: replace(m, starts=m.starts.assign(end=0.9)),
    "memory-circuit-at-once": lambda m: replace(m, starts=m.starts.assign(at_once=0.9)),
    "memory-first-layer-averages": equal_layers,
    "memory-longer-is-sharper": equal_layers,
    "memory-last-layer-medium": medium_last_layer,
    "memory-second-update-spreads": no_change_by_updates,
    "memory-iteration-contracts": no_change_by_updates,
    "memory-keys-not-stored": lambda m: replace(m, storage=m.storage.assign(stored=1.0)),
}


SHORT = {"memory-first-layer-averages", "memory-longer-is-sharper"}  # need longer texts


def test_every_finding_has_an_opposite(measured):
    findings = {claim.id for claim in claims(measured) if claim.role == "finding"}
    assert findings == set(OPPOSITES)


def test_all_hold_where_the_laws_do(lawful, statuses):
    found = statuses(claims(lawful))
    assert {n for n, status in found.items() if status == "fails"} <= SHORT
    assert found["memory-last-layer-medium"] == "does not transfer"
    assert found["memory-circuit-neutral"] == "does not transfer"


@pytest.mark.parametrize("name", OPPOSITES)
def test_a_planted_opposite_fails(name, lawful, statuses):
    assert statuses(claims(OPPOSITES[name](lawful)))[name] == "fails"


def test_longer_texts_that_were_planted_hold(lawful, statuses):
    keys = lawful.keys
    layers = 0.5 - 0.05 * keys["layer"] - 0.1 * (keys["tokens"] == keys["tokens"].max())
    found = statuses(claims(replace(lawful, keys=keys.assign(share=layers))))
    assert {found[name] for name in SHORT} == {"holds"}


def test_a_broken_identity_fails(measured, statuses):
    found = statuses(claims(replace(measured, gaps=measured.gaps | {"minilm": 1e-6})))
    assert [n for n in measured.gaps if found[f"memory-{n}"] == "fails"] == ["minilm"]


def test_joint_intervals_count_all_laws(measured):
    laws = [claim for claim in claims(measured) if claim.kind == "law"]
    assert len(laws) == LAWS
    assert all(claim.confidence == pytest.approx(1 - 0.05 / LAWS) for claim in laws)
