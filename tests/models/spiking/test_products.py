"""Products of spike trains: means, variances and rounding by their laws."""

from __future__ import annotations

import pytest
import torch

from brainbook.models.spiking import products as rate_attention


def pair(count: int = 40, width: int = 16):
    generator = torch.Generator().manual_seed(0)
    make = lambda: torch.randn(count, width, generator=generator, dtype=torch.float64)  # noqa: E731
    query, key = make(), make()
    return query, key, (float(query.abs().max()) * 1.01, float(key.abs().max()) * 1.01)


@pytest.mark.parametrize("product", ["counts", "poisson coincidences"])
def test_measured_square_is_the_law(product):
    query, key, scale = pair()
    generator = torch.Generator().manual_seed(1)
    exact = query @ key.t()
    draws = [
        rate_attention.scores(query, key, scale, 24, product, generator) - exact
        for _ in range(1 if product == "counts" else 20)
    ]
    measured = torch.stack(draws).square().mean()
    law = rate_attention.expected_square(query, key, scale, 24, product).mean()
    assert float(measured / law) == pytest.approx(1, abs=0.1)


def test_coincidences_by_hand():
    query = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    key = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    found = rate_attention.scores(
        query, key, (1.0, 1.0), 4, "regular coincidences", torch.Generator()
    )
    assert found.item() == pytest.approx(0.5 - 1.0)


def test_regular_coincidences_have_no_law():
    query, key, scale = pair(3)
    law = rate_attention.expected_square(query, key, scale, 4, "regular coincidences")
    assert law.shape == (3, 3) and torch.isnan(law).all()


def test_refusals_name_the_parameter():
    query, key, scale = pair(2)
    generator = torch.Generator()
    with pytest.raises(ValueError, match="product"):
        rate_attention.scores(query, key, scale, 4, "xor", generator)
    with pytest.raises(ValueError, match="product"):
        rate_attention.expected_square(query, key, scale, 4, "xor")
    with pytest.raises(ValueError, match="steps"):
        rate_attention.scores(query, key, scale, 0, "counts", generator)
    with pytest.raises(ValueError, match="scale"):
        rate_attention.scores(query, key, (0.0, 1.0), 4, "counts", generator)
