"""MiniLM counted against its closed form and against PyTorch's own counter."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from brainbook.evidence.pretrained import minilm
from brainbook.pages.limitations.energy.floor import macs_per_token, per_token

TEXTS = [list(range(1000, 1040)), list(range(2000, 2010))]


@pytest.fixture(scope="module")
def counted():
    return per_token(minilm()[0], TEXTS, (8, 32), ("45nm_fp32", "45nm_int8"))


def test_count_is_the_closed_form(counted):
    assert counted["macs"].to_numpy() == pytest.approx(counted["law"].to_numpy(), rel=1e-12)


def test_texts_that_are_too_short_are_left_out(counted):
    assert counted.groupby("length")["documents"].first().to_dict() == {8: 2, 32: 1}
    with pytest.raises(ValueError, match="length: got 41; no text has so many tokens"):
        per_token(minilm()[0], TEXTS, (41,), ("45nm_fp32",))
    with pytest.raises(ValueError, match="length"):
        macs_per_token(0)


def test_closed_form_agrees_with_another_counter():
    ids = torch.arange(1000, 1032).reshape(1, 32)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        minilm()[0](input_ids=ids, attention_mask=torch.ones_like(ids))
    assert counter.get_total_flops() == pytest.approx(2 * 32 * macs_per_token(32), rel=1e-12)


def test_parameters_without_embeddings_are_those_that_multiply(counted):
    row = counted.iloc[0]
    embeddings = sum(p.numel() for p in minilm()[0].embeddings.parameters())
    assert row["all_parameters"] - row["core_parameters"] == embeddings


def test_price_of_bare_arithmetic_by_hand(counted):
    row = counted.query("length == 32 and profile == '45nm_fp32'").iloc[0]
    assert row["central"] == pytest.approx(row["macs"] * 4.6e-12)
    assert (counted["memory_central"] > counted["central"]).all()
    assert (counted["low"] <= counted["high"]).all()


def test_a_shared_fetch_is_cheaper(counted):
    fp32 = counted[counted["profile"] == "45nm_fp32"].set_index("length")
    assert fp32.loc[32, "memory_central"] < fp32.loc[8, "memory_central"] / 2
