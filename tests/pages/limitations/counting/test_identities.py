"""Two ways to count, and models that are left as they were."""

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from brainbook.pages.limitations.counting.identities import (
    bert_macs,
    macs_by_attention,
    spikes_times_fan_out,
)


def test_the_ways_of_counting_agree(measured):
    table = measured.identities
    assert (table["counted"] > 0).all()
    assert table["counted"].to_numpy() == pytest.approx(table["expected"].to_numpy(), rel=1e-12)


def test_the_way_of_attention_is_put_back_when_a_count_fails():
    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    model, passage = BertModel(config), {"input_ids": torch.arange(6)[None]}
    before = model.config._attn_implementation
    eager, fused = macs_by_attention(model, passage, ("eager", "sdpa"))
    assert eager == fused == bert_macs(config, 6)
    with pytest.raises(ValueError, match="abacus"):
        macs_by_attention(model, passage, ("eager", "abacus"))
    assert model.config._attn_implementation == before


def test_spikes_reach_every_output_and_hooks_go_when_the_model_fails():
    spikes = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    assert spikes_times_fan_out(model, spikes) == 2 * 4 / 2  # the second layer reads no spikes
    with pytest.raises(RuntimeError):
        spikes_times_fan_out(model, torch.ones(2, 5))
    assert not any(layer._forward_pre_hooks for layer in model)


def test_a_weight_of_eight_bits_pays_an_eighth_of_an_access(measured):
    table = measured.spiking.as_dataframe()
    fetches = table[table["term"] == "weights"]
    charged = 1e12 * fetches["central"].sum() / fetches["count"].sum()
    # 32 KB hold the network's weights; 20 pJ per 64 bits, Horowitz (2014).
    assert charged == pytest.approx(20 / 8)
