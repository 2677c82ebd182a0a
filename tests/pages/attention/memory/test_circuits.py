"""Trials of the circuits: energies that rise are seen, cues are damaged as said."""

import numpy as np
import pandas as pd

from brainbook.pages.attention.memory import circuits


def test_a_planted_rise_is_found():
    table = pd.DataFrame({"system": "x", "order": "a", "seed": 0, "time": range(4)})
    assert circuits.largest_rise(table.assign(energy=[4.0, 2, 1, 0]), "x") == 0
    assert circuits.largest_rise(table.assign(energy=[4.0, 0, 1, 0]), "x") == 0.25


def test_cues_are_damaged_copies_of_the_first_memory():
    shares = [np.mean(cue != circuit.patterns[0]) for circuit, cue in map(circuits.cued, range(40))]
    spread = (circuits.FLIPPED * (1 - circuits.FLIPPED) / circuits.NEURONS / 40) ** 0.5
    assert abs(np.mean(shares) - circuits.FLIPPED) < 4 * spread


def test_identities_and_energies_of_a_short_run(gaps):
    assert max(gaps.values()) < 1e-10
