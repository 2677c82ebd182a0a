"""Texts, and what is compared on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.models.memory.nearest_neighbours import perplexity
from brainbook.pages.limitations.external_memory import measure
from brainbook.pages.limitations.external_memory.measure import (
    ALL,
    BOTH,
    COUNTS,
    MEMORY,
    NETWORK,
    TASKS,
    TUNED,
)


def test_every_case_is_measured(memory):
    sizes = memory.groupby("task")["fraction"].nunique()
    assert [sizes[task] for task in TASKS] == [1, 1, len(measure.FRACTIONS)]
    for name in (NETWORK, MEMORY, COUNTS, BOTH, ALL, TUNED):
        assert memory[name].dropna().between(1, 10 * measure.VOCABULARY).all()
    assert memory["share"].between(0, 1).all()
    trained_on = (memory["task"] == TASKS[2]) & (memory["fraction"] == 1)
    assert (memory[TUNED].notna() == trained_on).all()
    assert (measure.measure_sizes(memory)["task"] == TASKS[2]).all()


def test_parts_share_no_module_and_repeat(libraries):
    marked = tuple(np.full(100, 2 + n) for n in range(20))
    plan = measure.Plan((8, 3, 3), (50, 20, 20))
    library = measure.Libraries(marked, marked, separator=1, tokens=60)
    home, _ = measure.texts(library, 0, plan)
    learned, checked, tested = (set(part) for part in (home.learn, home.validation, home.test))
    assert len(learned) == 9 and len(home.test) == 3 * 21
    # Modules that are not learned from are rare pieces; separators are known to all.
    assert checked == tested == {0, *(checked & learned)}
    again = measure.texts(libraries, 0, plan)[0].test
    assert np.array_equal(again, measure.texts(libraries, 0, plan)[0].test)
    assert not np.array_equal(again, measure.texts(libraries, 1, plan)[0].test)


def test_a_memory_that_knows_the_answer_is_trusted():
    """States tell the next token, and the network's own guess is uniform."""
    generator = np.random.default_rng(0)
    text = generator.integers(1, 9, size=400)

    def reading(part):
        states = torch.nn.functional.one_hot(torch.as_tensor(part[8:]), 9).float()
        return measure.Reading(part, states, np.full(len(part) - 8, 1 / 9))

    learned, held = reading(text[:300]), reading(text[300:])
    found = measure.compared(learned, 292, held, held)
    assert found[NETWORK] == pytest.approx(9)
    assert found[MEMORY] == pytest.approx(1, abs=1e-2) and found["share"] > 0.99
    assert found["temperature"] == measure.TEMPERATURES[0]
    assert found[COUNTS] > 5
    small = measure.compared(learned, 3, held, held)
    assert small[MEMORY] > found[MEMORY]


def test_a_reading_hands_on_what_came_next():
    reading = measure.Reading(np.arange(10), torch.zeros(6, 2), np.full(6, 0.5))
    assert reading.target.tolist() == [4, 5, 6, 7, 8, 9]
    assert len(reading.datastore) == 6 and perplexity(reading.likely) == pytest.approx(2)


def test_docstrings_of_both_libraries_become_word_pieces():
    libraries = measure.open_libraries()
    assert min(len(libraries.known), len(libraries.new)) > sum(measure.PLAN.modules)
    assert max(module.max() for module in libraries.known) < libraries.tokens
