"""The numbers of the prose on spiking networks, on made-up energies."""

from __future__ import annotations

import pandas as pd
import pytest

from brainbook.pages.limitations.spiking.numbers import headline


def table(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["scenario", "family", "network", "accuracy", "central"])


def test_the_headline_compares_the_largest():
    rows = [
        (name, family, network, accuracy, energy)
        for name in ("fp32", "int8-memory")
        for family, network, accuracy, energy in (
            ("perceptron", "small", 0.96, 2.0), ("perceptron", "large", 0.98, 8.0),
            ("spiking", "small", 0.95, 1.0), ("spiking", "large", 0.96, 4.0),
            ("transformer", "only", 0.97, 50.0),
        )
    ]  # fmt: skip
    networks = table(rows).assign(macs=10.0, effective_macs=4.0, acs=1.0, dense=20.0)
    numbers = headline(networks, "large", 0.0)
    assert numbers["ratio_fp32"] == numbers["ratio_int8_memory"] == 0.5
    assert (numbers["least_fp32"], numbers["most_fp32"]) == (0.5, 2.0)
    assert numbers["typical_fp32"] == pytest.approx(1.0) and numbers["wins_fp32"] == 1
    assert numbers["zeros"] == pytest.approx(60.0) and numbers["lockstep"] == 1.0


def test_a_headline_without_rivals_says_so():
    rows = [("fp32", "perceptron", "a", 0.5, 1.0), ("fp32", "spiking", "a", 0.9, 1.0),
            ("fp32", "transformer", "b", 0.9, 1.0)]  # fmt: skip
    networks = table(rows).assign(macs=1.0, effective_macs=1.0, acs=1.0, dense=1.0)
    with pytest.raises(ValueError, match="in fp32, no perceptron is as accurate"):
        headline(networks, "a", 0.0)
