"""Units divided one at a time, against attention, explicit sums and another library's solver."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls
from torch.nn.functional import scaled_dot_product_attention

from brainbook.models.astrocyte.divided import (
    answers,
    causal_answers,
    mixed,
    on_off,
    read_divided,
    rectified,
    through_interneurons,
)
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks

RIDGE = 0.1


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.fixture
def lateral() -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """K (9, 9) of nearby units, kappa (5, 9), and the signed rates (5, 9) by a linear solve."""
    landmark, query = drawn(9, 3), drawn(5, 3, seed=1)
    overlap = torch.exp(-torch.cdist(landmark, landmark).square() / 2)
    drive = torch.exp(-torch.cdist(query, landmark).square() / 2)
    signed = np.linalg.solve(overlap.numpy() + RIDGE * np.eye(9), drive.numpy().T).T
    assert (signed < -0.01).any()
    return overlap, drive, signed


def test_an_answer_is_attention_of_the_landmark():
    landmark, key, value = drawn(2, 5, 3), drawn(2, 7, 3, seed=1), drawn(2, 7, 4, seed=2)
    expected = scaled_dot_product_attention(landmark, key, value, scale=1.0)
    torch.testing.assert_close(answers(landmark, key, value), expected, rtol=1e-12, atol=1e-12)


def test_answers_while_writing_know_the_tokens_so_far_and_no_more():
    landmark, key, value = drawn(2, 5, 3), 10 * drawn(2, 7, 3, seed=1), drawn(2, 7, 4, seed=2)
    causal = causal_answers(landmark, key, value)
    assert causal.shape == (2, 7, 5, 4)
    torch.testing.assert_close(causal[:, -1], answers(landmark, key, value))
    for t in range(7):
        so_far = answers(landmark, key[:, : t + 1], value[:, : t + 1])
        torch.testing.assert_close(causal[:, t], so_far)


def test_reading_is_the_sum_over_units_of_their_answers_by_signed_rates():
    query, key, value = (drawn(5, 2, 12, 4, seed=seed) for seed in range(3))
    generator = torch.Generator().manual_seed(3)
    tuned = Landmarks.fitted(query, key, 8, generator, ridge=RIDGE)
    problems = [Problem(query[n], key[n], value[n]) for n in (0, 3)]
    tuning = tuned.tuning
    for problem, output in zip(problems, read_divided(tuned, problems), strict=True):
        for head in range(2):
            landmark, metric = tuning.landmark[head].numpy(), tuning.metric[head].numpy()
            q, k, v = (x[head].numpy() for x in problem.tensors)
            written = np.exp(k @ landmark.T)  # f_r(k_s), (N, m)
            held = (written.T @ v) / written.sum(0)[:, None]  # H_r / g_r
            among, to_query = (
                np.exp(-np.einsum("nmd,de,nme->nm", apart, metric, apart) / 2)
                for apart in (landmark[:, None] - landmark, q[:, None] - landmark)
            )
            rates = np.linalg.solve(among + RIDGE * np.eye(8), to_query.T).T
            assert (rates < 0).any()
            expected = (rates @ held) / rates.sum(1)[:, None]
            np.testing.assert_allclose(output[head].numpy(), expected, rtol=1e-9, atol=1e-10)


def test_passages_whose_shapes_do_not_fit_are_refused():
    query, key = drawn(5, 2, 12, 4), drawn(5, 2, 12, 4, seed=1)
    tuned = Landmarks.fitted(query, key, 8, torch.Generator().manual_seed(3), ridge=RIDGE)
    with pytest.raises(ValueError, match="value: got shape"):
        read_divided(tuned, [Problem(query[0], key[0], key[0, :, :5])])


def test_a_mixture_is_a_mean_weighed_by_rates_of_either_sign():
    rates = torch.tensor([[3.0, -1.0], [1.0, 1.0]])
    held = torch.tensor([[1.0, 0.0, 2.0], [5.0, 4.0, 2.0]])
    expected = torch.tensor([[-1.0, -2.0, 2.0], [3.0, 2.0, 2.0]])
    torch.testing.assert_close(mixed(rates, held), expected)


def test_cells_above_and_below_zero_rest_at_the_signed_rates(lateral):
    overlap, drive, signed = lateral
    on, off = on_off(overlap, drive, RIDGE, 2_000)
    np.testing.assert_allclose((on - off).numpy(), signed, atol=1e-10)
    assert (on >= 0).all() and (off >= 0).all() and not (on * off).any()
    early = np.subtract(*(x.numpy() for x in on_off(overlap, drive, RIDGE, 3)))
    assert np.abs(early - signed).max() > 0.01  # the rest is reached, not put in


def test_one_cell_a_unit_rests_where_the_conditions_of_kuhn_and_tucker_hold(lateral):
    overlap, drive, _ = lateral
    rates = rectified(overlap, drive, RIDGE, 3_000)
    slope = rates @ overlap + RIDGE * rates - drive  # (n, m)
    assert (rates >= 0).all()
    assert slope.min() > -1e-9 and slope[rates > 0].abs().max() < 1e-9
    assert (slope > 1e-3).any() and (rates > 0).sum(1).min() > 1


def test_one_cell_a_unit_finds_what_non_negative_least_squares_finds(lateral):
    overlap, drive, signed = lateral
    root = np.linalg.cholesky(overlap.numpy() + RIDGE * np.eye(9))
    expected = np.array([nnls(root.T, np.linalg.solve(root, one.numpy()))[0] for one in drive])
    found = rectified(overlap, drive, RIDGE, 3_000).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert np.abs(found - signed.clip(0)).max() > 0.01  # more than the signed rates cut off


def test_as_many_interneurons_as_units_lose_nothing(lateral):
    overlap, drive, signed = lateral
    np.testing.assert_allclose(through_interneurons(overlap, drive, RIDGE, 9).numpy(), signed)


@pytest.mark.parametrize("rank", [1, 4])
def test_few_interneurons_carry_the_largest_parts_of_the_drive_and_no_more(rank, lateral):
    overlap, drive, _ = lateral
    left, values, _ = np.linalg.svd(overlap.numpy())
    carried = left[:, :rank] @ left[:, :rank].T @ drive.numpy().T  # (m, n)
    low = (left[:, :rank] * values[:rank]) @ left[:, :rank].T
    found = through_interneurons(overlap, drive, RIDGE, rank).numpy().T
    np.testing.assert_allclose((low + RIDGE * np.eye(len(overlap))) @ found, carried, atol=1e-10)


@pytest.mark.parametrize("rank", [0, 10])
def test_too_few_or_too_many_interneurons_are_refused(rank, lateral):
    overlap, drive, _ = lateral
    with pytest.raises(ValueError, match=f"rank: got {rank}; allowed are 1 to 9"):
        through_interneurons(overlap, drive, RIDGE, rank)
