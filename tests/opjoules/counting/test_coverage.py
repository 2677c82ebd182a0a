"""What each counter sees of an operation with a known count: measured, not looked up."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from opjoules import sources
from opjoules.counting import coverage

SEEN_BY_TORCH = {
    "linear layer",
    "convolution",
    "parameter, functional call",
    "weight in a buffer",
    "attention with @",
    "attention with einsum",
    "hidden state of zeros",
}


@pytest.mark.parametrize("seed", range(5))
def test_every_case_is_counted_by_its_closed_form(seed):
    for case in coverage.cases(seed):
        assert coverage.count(case) == pytest.approx(case.expected, abs=1e-9), case.name


@pytest.mark.parametrize("seed", range(5))
def test_pytorch_counts_two_flops_a_mac_where_it_sees_the_layer(seed):
    found = {c.name: c for c in coverage.cases(seed)}
    for name in SEEN_BY_TORCH:
        case = found[name]
        assert coverage.torch_macs(case.model, case.batch) == case.expected, name
    spikes = found["linear layer, spikes in"]
    dense = coverage.WIDTH * coverage.HIDDEN
    assert coverage.torch_macs(spikes.model, spikes.batch) == dense


@pytest.mark.skipif(not torch.__version__.startswith("2.13"), reason="seen in PyTorch 2.13")
@pytest.mark.parametrize(
    "name", ["scaled_dot_product_attention", "nn.MultiheadAttention", "nn.LSTM"]
)
def test_pytorch_misses_what_its_backend_fuses_on_a_processor(name):
    case = next(c for c in coverage.cases() if c.name == name)
    assert coverage.torch_macs(case.model, case.batch) == 0 < case.expected


def test_counting_leaves_the_model_in_its_mode():
    case = coverage.cases()[0]
    for mode in (True, False):
        case.model.train(mode)
        coverage.torch_macs(case.model, case.batch)
        assert case.model.training is mode


def test_the_table_of_tools_is_what_the_tools_return(run_peer):
    measured = run_peer("counting/coverage_peer.py", package=True)
    table = sources.table("energy_tools.csv").set_index(["case", "tool"])["counted"]
    assert set(measured) == {c.name for c in coverage.cases()}
    assert len(table) == sum(len(tools) for tools in measured.values())
    for case, tools in measured.items():
        for tool, counted in tools.items():
            stored = table[case, tool]
            if counted is None:
                assert pd.isna(stored), (case, tool)
            else:
                assert counted == pytest.approx(stored, rel=1e-5, abs=1e-9), (case, tool)
