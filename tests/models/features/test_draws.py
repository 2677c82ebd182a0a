"""Draws of hidden units: each row Gaussian, groups as promised, whatever the blocks."""

import math

import pytest
import torch
from scipy import stats

from brainbook.models.astrocyte.circuit import circuit
from brainbook.models.features.draws import Antithetic, Independent, Orthogonal, Simplex, Sobol
from brainbook.models.features.maps import Positive, Taylor, Trigonometric

DRAWS = [Independent(), Orthogonal(), Simplex(), Antithetic(), Antithetic(Orthogonal()), Sobol()]


def rows(draws, sizes, d=8, heads=(), seed=0):
    generator = torch.Generator().manual_seed(seed)
    blocks = list(draws.blocks(sizes, d, generator, heads, torch.float64))
    assert [block.shape for block in blocks] == [(*heads, size, d) for size in sizes]
    return torch.cat(blocks, dim=-2)


@pytest.mark.parametrize("draws", DRAWS, ids=lambda draws: draws.name)
def test_one_row_is_a_standard_gaussian(draws):
    """First row of many independent draws: its projections and its length, exact tests."""
    first = rows(draws, [3], heads=(3000,))[:, 1]
    for value in (first[:, 0], first @ torch.full((8,), 8**-0.5, dtype=torch.float64)):
        assert stats.kstest(value, "norm").pvalue > 1e-4
    assert stats.kstest(first.square().sum(-1), "chi2", args=(8,)).pvalue > 1e-4


@pytest.mark.parametrize("sizes", [[64], [5, 11, 16, 1, 31], [8] * 8])
@pytest.mark.parametrize(("draws", "cosine"), [(Orthogonal(), 0.0), (Simplex(), -1 / 7)])
def test_groups_stay_whole_across_blocks(draws, cosine, sizes):
    groups = rows(draws, sizes, heads=(2,)).unflatten(-2, (-1, 8))
    unit = groups / groups.norm(dim=-1, keepdim=True)
    expected = torch.full((8, 8), cosine, dtype=torch.float64).fill_diagonal_(1)
    assert torch.allclose(unit @ unit.mT, expected.expand(2, 8, 8, 8), atol=1e-12)


def test_antithetic_rows_come_in_pairs_across_blocks():
    pairs = rows(Antithetic(), [3, 1, 4, 2]).unflatten(0, (-1, 2))
    assert torch.equal(pairs[:, 0], -pairs[:, 1])
    both = rows(Antithetic(Orthogonal()), [7, 9])
    assert torch.allclose(both[0] @ both[2], torch.zeros(()).double(), atol=1e-12)


def test_sobol_goes_on_where_it_stopped_and_heads_differ():
    whole, parts = rows(Sobol(), [64], heads=(2,)), rows(Sobol(), [16, 40, 8], heads=(2,))
    assert torch.equal(whole, parts)
    assert not torch.equal(whole[0], whole[1])
    # 64 points of a Sobol sequence put one into each 64th of every axis
    cells = (torch.special.ndtr(whole) * 64).floor().sort(dim=-2).values
    assert torch.equal(cells, torch.arange(64.0).double().view(1, 64, 1).expand(2, 64, 8))


@pytest.mark.parametrize("draws", DRAWS, ids=lambda draws: draws.name)
def test_same_seed_same_rows_and_later_units_are_new(draws):
    first = rows(draws, [4, 36])
    assert torch.equal(first, rows(draws, [4, 36]))
    assert not torch.equal(first, rows(draws, [4, 36], seed=1))
    assert len(first.unique(dim=0)) == 40


def test_independent_rows_are_the_generators_own():
    plain = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.equal(rows(Independent(), [5], heads=(2,)), plain)


@pytest.mark.parametrize("draws", DRAWS, ids=lambda draws: draws.name)
@pytest.mark.parametrize("kind", [Positive, Trigonometric])
def test_the_circuit_takes_every_draw_in_any_blocks(draws, kind):
    """Many independent circuits: the mean of p over Z is one, within four standard errors."""
    generator = torch.Generator().manual_seed(3)
    query, key, value = 0.3 * torch.randn(3, 5, 8, generator=generator, dtype=torch.float64)
    log_z = (query @ key.mT).logsumexp(-1)
    copies = [x.expand(400, 5, 8) for x in (query, key, value)]
    few, many = circuit(*copies, [10, 36], generator, kind().drawn(draws), block=7)
    for readout in (few, many):
        ratio = readout.sign * (readout.log_p - log_z).exp()
        error = ratio.std(0) / math.sqrt(400)
        assert ((ratio.mean(0) - 1).abs() < 4 * error).all()
    assert kind().drawn(draws).name == f"{kind.name}, {draws.name}"
    assert kind().name == kind.name


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="units"):
        rows(Sobol(), [0])
    with pytest.raises(ValueError, match="units"):
        rows(Orthogonal(), [-1])
    with pytest.raises(ValueError, match="d_head"):
        rows(Simplex(), [2], d=1)
    with pytest.raises(ValueError, match="units"):
        Taylor().draw(7, 3, torch.Generator())
