"""Tables have the columns that their docstrings list."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from opjoules import compare_schemes, count_operations, energy_report, profile
from opjoules.architectures import layers
from opjoules.architectures.text import text_transformer
from opjoules.brain import budget, optimal_rate
from opjoules.cores import cost, mapping, traffic
from opjoules.counting import operations
from opjoules.hardware import chips
from opjoules.hardware.profile import Profile
from opjoules.pricing import break_even, lemaire, targets
from opjoules.published import spiking, transformers
from opjoules.report import EnergyReport

MODEL, BATCH = nn.Sequential(nn.Conv2d(1, 2, 3)), torch.rand(2, 1, 5, 5)
COUNTS = count_operations(MODEL, BATCH)
CORE = mapping.Core("x", 64, 8, rows=8, columns=8)
BLOCK = [mapping.Matrix(name, 4, 4) for name in ("query", "key", "value", "output", "up", "down")]
EVENTS = {name: np.ones(4) for name in traffic.STREAMS}

TABLES = [
    (operations, lambda: COUNTS),
    (layers, lambda: text_transformer(1, 8, 2, 4)),
    (cost, lambda: cost.on_logic(COUNTS, 1, "45nm_int8")),
    (budget.glucose_power, budget.glucose_power),
    (budget.mean_rates, budget.mean_rates),
    (budget.cortical_cells, lambda: budget.cortical_cells((0.001,))),
    (optimal_rate.optimal_rate_curve, lambda: optimal_rate.optimal_rate_curve(np.array([2.0]))),
    (mapping.spread, lambda: mapping.spread(BLOCK, CORE)),
    (traffic.flows, lambda: traffic.flows(mapping.spread(BLOCK, CORE), EVENTS)),
    (chips.disagreements, chips.disagreements),
    (Profile.as_dataframe, lambda: profile("45nm_fp32").as_dataframe()),
    (break_even.with_memory, lambda: break_even.with_memory("45nm_fp32", [2], [(3, 3)])),
    (lemaire.memories, lemaire.memories),
    (lemaire.geometry, lambda: lemaire.geometry(MODEL)),
    (lemaire.layer_energies, lambda: lemaire.layer_energies(COUNTS)),
    (compare_schemes, lambda: compare_schemes(COUNTS)),
    (spiking.first_convolution_charge, spiking.first_convolution_charge),
    (spiking.conflicts, spiking.conflicts),
    (spiking.review_price, spiking.review_price),
    (spiking.missing, spiking.missing),
    (spiking.recompute, spiking.recompute),
    (spiking.spikingformer_schedules, lambda: spiking.spikingformer_schedules(["45nm_fp32"])),
    (transformers.inference_energies, transformers.inference_energies),
    (transformers.above_floor, transformers.above_floor),
    (EnergyReport.constants.fget, lambda: energy_report(MODEL, BATCH).constants),
]
LONGER = [
    (break_even.thresholds, break_even.thresholds),
    (transformers.training_runs, transformers.training_runs),
]


def listed(documented) -> list[str]:
    """Names in the section *Columns* of a docstring."""
    section = re.search(r"^Columns.*\n-+\n((?:.+\n?)+)", inspect.getdoc(documented), re.M)
    heads = re.findall(r"^(\S.*?) : ", section[1], re.M)
    return [name for head in heads for name in head.split(", ")]


def name(documented) -> str:
    owner = documented if isinstance(documented, ModuleType) else inspect.getmodule(documented)
    return f"{owner.__name__}.{getattr(documented, '__qualname__', '')}"


@pytest.mark.parametrize(("documented", "made"), TABLES, ids=lambda x: name(x))
def test_columns_are_those_listed(documented, made):
    assert sorted(listed(documented)) == sorted(made().columns)


@pytest.mark.parametrize(("documented", "made"), LONGER, ids=lambda x: name(x))
def test_columns_that_are_added_stand_behind_the_printed_ones(documented, made):
    names = listed(documented)
    assert names and list(made().columns)[-len(names) :] == names


def test_rivals_have_their_columns():
    table = {"scenario": "a", "network": ["x", "y"], "family": ["ours", "theirs"]}
    table = pd.DataFrame(table | {"accuracy": 1.0, "central": 1.0})
    found = targets.cheapest_rivals(table, "theirs", 0.0)
    assert sorted(listed(targets.cheapest_rivals)) == sorted(found.columns)
