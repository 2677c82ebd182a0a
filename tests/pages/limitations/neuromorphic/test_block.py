"""The block's operations and the cores for its weights, against counts by hand."""

import pytest
import torch

from brainbook.evidence import pretrained
from brainbook.pages.limitations.neuromorphic import block
from opjoules.cores.mapping import Matrix


@pytest.fixture(scope="module")
def layer():
    return pretrained.minilm()[0].encoder.layer[0]


def test_sizes_are_those_of_minilm(layer):
    sizes = [(m.inputs, m.outputs) for m in block.matrices(layer)]
    wide = block.FOLD * block.WIDTH
    assert sizes == [(block.WIDTH,) * 2] * 4 + [(block.WIDTH, wide), (wide, block.WIDTH)]
    assert sum(rows * columns for rows, columns in sizes) == block.WEIGHTS


def test_mapping_never_beats_the_bound():
    table = block.mapping([Matrix("one", 300, 300), Matrix("two", 100, 50)])
    wide = table.pivot(index="chip", columns="method", values="cores")
    assert (wide["bound"] <= wide["packed"]).all() and (wide["packed"] <= wide["apart"]).all()
    assert table["utilisation"].between(0, 1).all()
    assert wide.loc["HERMES PCM", "apart"] == 4 + 1


def test_unmapped_work_is_counted(layer):
    n, d = 12, block.WIDTH
    hidden = torch.randn(1, 20, d, generator=torch.Generator().manual_seed(0))
    row = block.unmapped({n: block.operations(layer, hidden, n)}).iloc[0]
    assert row["with weights"] == 12 * d**2 and row["between activations"] == 2 * n * d
    assert row["share"] == pytest.approx(n / (6 * d + n), rel=1e-12)
    assert row["softmax"] == 12 * n and row["GELU"] == 4 * d
    for tokens in (0, 21):
        with pytest.raises(ValueError, match=f"tokens: got {tokens}; allowed are 1 to 20"):
            block.operations(layer, hidden, tokens)
