"""Costs of the page add up, and keep their intervals."""

import pytest

from brainbook.pages.limitations.neuromorphic.block import FOLD, WIDTH
from brainbook.pages.limitations.neuromorphic.events import Code
from opjoules.hardware import chips


def test_totals_of_machines_agree_with_the_costs_by_length(measured):
    costs = measured.costs
    assert (costs["low"] <= costs["central"]).all() and (costs["central"] <= costs["high"]).all()
    assert (costs["source"].str.len() > 0).all()
    total = costs.groupby("machine")["central"].sum()
    shared = measured.shared.set_index(["machine", "tokens"])["central"]
    assert shared["HERMES crossbars", 64] == pytest.approx(total["HERMES crossbars"])
    assert shared["logic, 45 nm, DRAM", 1] == pytest.approx(total["logic, 45 nm, one token"])
    assert shared["logic, 45 nm, DRAM", 64] == pytest.approx(total["logic, 45 nm, 64 tokens"])


def test_a_synaptic_operation_is_paid_for_each_message_and_output(measured):
    arrivals = measured.codes.arrivals(Code(measured.steps))
    outputs = {name: WIDTH for name in arrivals} | {"layer.intermediate.dense": FOLD * WIDTH}
    operations = sum(arrivals[name] * outputs[name] for name in arrivals)
    picojoules = operations * chips.chip("loihi", calibrated=True).ac.central
    term = measured.costs.set_index(["machine", "term"])["central"]
    paid = term[f"Loihi, {measured.steps} steps", "synaptic operations"]
    assert paid == pytest.approx(1e-6 * picojoules)


def test_weights_on_cores_cost_the_same_for_one_token_and_for_many(measured):
    shared = measured.shared.set_index(["machine", "tokens"])["central"]
    for machine in ("HERMES crossbars", "SENECA, graded", f"Loihi, {measured.steps} steps"):
        assert shared[machine, 64] == pytest.approx(shared[machine, 1], rel=0.1)
