"""Products of spike trains in heads made up by hand."""

import pandas as pd
import pytest
import torch

from brainbook.models.attention.softmax import Problem
from brainbook.pages.limitations.spike_codes import attention


def heads(seed: int) -> Problem:
    """Query, key and value (6, 12, 20, 8) of random entries."""
    generator = torch.Generator().manual_seed(seed)
    return Problem(*(torch.randn(6, 12, 20, 8, generator=generator) for _ in range(3)))


def test_scales_bound_what_they_were_set_on():
    one, two = heads(0), heads(1)
    scale = attention.scales([one, two])
    assert scale.shape == (2, 6, 12)
    largest = torch.maximum(one.key[3, 5].abs().max(), two.key[3, 5].abs().max())
    assert float(scale[1, 3, 5]) == pytest.approx(1.25 * float(largest))


def test_a_constant_query_has_its_rate_and_its_clipping():
    head = Problem(torch.full((4, 8), 0.5), torch.full((4, 8), 3.0), torch.randn(4, 8))
    generator = torch.Generator().manual_seed(0)
    row = attention.head_squares(head, torch.tensor([2.0, 1.0]), 4, "counts", generator)
    assert row["rate"] == pytest.approx(0.25) and row["clipped"] == 0.5  # all keys, no query
    assert row["scores"] == pytest.approx((8 * 0.5 * 3) ** 2)
    assert row["error"] == pytest.approx((8 * 0.5 * (3 - 1)) ** 2)


def test_a_product_without_a_law_has_none():
    scale = attention.scales([heads(0)])
    table = attention.attention_errors({0: heads(0)}, scale, [16]).set_index("product")
    assert table["law"].isna().to_dict() == {
        "counts": False,
        "poisson coincidences": False,
        "regular coincidences": True,
    }
    assert table.loc["counts", "error"] == pytest.approx(table.loc["counts", "law"], rel=0.1)
    assert table["rate"].nunique() == 1 and 0 < table["rate"].iloc[0] < 1


def test_inputs_of_weights_are_below_zero_about_as_often_as_not():
    inputs = attention.linear_inputs({"input_ids": torch.tensor([[101, 2054, 2003, 102]])})
    assert isinstance(inputs, pd.DataFrame)
    assert set(inputs["reads"]) == {"layer norm", "attention average", "GELU"}
    assert inputs["negative"].between(0.2, 1).all()
