"""Claims fall when the result is turned wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from brainbook.pages.limitations.external_memory.claims import claims
from brainbook.pages.limitations.external_memory.measure import (
    BOTH,
    COUNTS,
    FRACTIONS,
    MEMORY,
    NETWORK,
    TASKS,
)

# Gains of the memory in log perplexity by task, and with a small memory; of the memory and of
# network with counts over counts.
RIGHT = {
    "known": 0.4, "old": 0.3, "new": 0.9, "small": 0.4, "over counts": -0.3, "both": 0.2,
}  # fmt: skip
OPPOSITES = {
    "external-helps": {"known": 0.0},
    "external-adapts": {"new": 0.0},
    "external-adapts-more": {"old": 0.9},
    "external-grows": {"small": 0.9},
    "external-counts": {"over counts": 0.3},  # the published effect appears
    "external-network-and-counts": {"both": 0.0},
}


def results(**turned) -> pd.DataFrame:
    """A table with these gains, which waver from repetition to repetition."""
    of, rows = RIGHT | turned, []
    cases = [("known", TASKS[0], 1.0), ("old", TASKS[1], 1.0), ("new", TASKS[2], 1.0)]
    for seed in range(3):
        waver = 0.01 * (seed - 1)
        for name, task, fraction in [*cases, ("small", TASKS[2], FRACTIONS[0])]:
            logs = {NETWORK: 5.0, MEMORY: 5.0 - of[name] - waver * (name not in ("old", "small"))}
            logs[COUNTS] = logs[MEMORY] + of["over counts"] + waver
            logs[BOTH] = logs[COUNTS] - of["both"] - waver
            label = {"seed": seed, "task": task, "fraction": fraction}
            rows.append(label | {model: np.exp(log) for model, log in logs.items()})
    return pd.DataFrame(rows)


def test_the_planted_results_come_out_as_the_page_does(statuses):
    expected = dict.fromkeys(OPPOSITES, "holds") | {"external-counts": "does not transfer"}
    assert statuses(claims(results())) == expected


@pytest.mark.parametrize("name", OPPOSITES)
def test_the_opposite_fails(name, statuses):
    assert statuses(claims(results(**OPPOSITES[name])))[name] == "fails"


def test_every_claim_has_its_opposite():
    assert {claim.id for claim in claims(results())} == set(OPPOSITES)
