"""MiniLM counted on real text against its closed form and against PyTorch's own counter."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from brainbook.evidence.pretrained import minilm
from brainbook.pages.limitations.energy.floor import macs_per_token, minilm_per_token


@pytest.fixture(scope="module")
def counted():
    return minilm_per_token((8, 32), ("45nm_fp32", "45nm_int8"))


def test_count_is_the_closed_form(counted):
    assert counted["macs"].to_numpy() == pytest.approx(counted["law"].to_numpy(), rel=1e-12)
    assert (counted["documents"] == 7).all() and len(counted) == 4


def test_closed_form_agrees_with_another_counter():
    ids = torch.arange(1000, 1032).reshape(1, 32)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        minilm()[0](input_ids=ids, attention_mask=torch.ones_like(ids))
    assert counter.get_total_flops() == pytest.approx(2 * 32 * macs_per_token(32), rel=1e-12)


def test_price_of_bare_arithmetic_by_hand(counted):
    row = counted.query("length == 32 and profile == '45nm_fp32'").iloc[0]
    assert row["central"] == pytest.approx(row["macs"] * 4.6e-12)
    assert (counted["memory_central"] > counted["central"]).all()
    assert (counted["low"] <= counted["high"]).all()


def test_a_shared_fetch_is_cheaper(counted):
    fp32 = counted[counted["profile"] == "45nm_fp32"].set_index("length")
    assert fp32.loc[32, "memory_central"] < fp32.loc[8, "memory_central"] / 2


def test_lengths_that_no_text_has_are_refused():
    with pytest.raises(ValueError, match="length"):
        minilm_per_token((100_000,), ("45nm_fp32",))
    with pytest.raises(ValueError, match="length"):
        macs_per_token(0)
