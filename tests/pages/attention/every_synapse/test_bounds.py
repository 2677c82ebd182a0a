"""Bounds: what they reach, and that nothing of their kind reaches more."""

import numpy as np
import pytest
import torch

from brainbook.models.astrocyte.baselines import CONSTANT, MEAN, NEAREST
from brainbook.pages.attention.every_synapse.bounds import LOW_RANK, OWN, best_map, bound_errors


def weights(problem) -> np.ndarray:
    score = np.exp(problem.query.numpy() @ problem.key.mT.numpy())
    return score / score.sum(-1, keepdims=True)


def test_a_map_of_full_rank_is_attention(small):
    problem = small[1]["one"]
    found = best_map(problem, problem.query.shape[-2])
    torch.testing.assert_close(found, problem.exact()[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rank", [1, 5])
def test_a_map_of_low_rank_keeps_the_largest_singular_values(rank, small):
    problem = small[1]["other"]
    found = best_map(problem, rank)
    assert found.dtype == problem.value.dtype
    for head, weight in enumerate(weights(problem)):
        left, values, right = np.linalg.svd(weight)
        low = left[:, :rank] @ np.diag(values[:rank]) @ right[:rank]
        np.testing.assert_allclose(
            found[head].numpy(), low @ problem.value[head].numpy(), rtol=1e-9, atol=1e-12
        )


def test_every_bound_and_guess_has_a_row_for_each_document_and_head(small):
    frame = bound_errors((4, 12), *small, draw=0)
    rows = frame.groupby(["bound", "units"]).size()
    both = [(name, units) for name in (OWN, LOW_RANK) for units in (4, 12)]
    assert set(rows.index) == {*both, (CONSTANT, 0), (MEAN, 0), (NEAREST, 0)}
    assert rows.eq(2 * 2).all()
    of_rank = frame[frame["bound"] == LOW_RANK].groupby("units")["error"].mean()
    assert of_rank[12] < of_rank[4]


def test_guesses_stand_at_their_document_and_head(small):
    known, documents = small
    frame = bound_errors((4,), known, documents, draw=0)
    frame = frame.set_index(["bound", "document", "head"])["error"]
    for name, problem in documents.items():
        exact = weights(problem) @ problem.value.numpy()
        for head in range(2):
            apart = np.linalg.norm(exact[head] - exact[head].mean(0))
            expected = apart / np.linalg.norm(exact[head])
            assert frame[CONSTANT, name, head] == pytest.approx(expected)


def test_a_landmark_for_every_query_of_the_text_answers_all_of_them(small):
    known, documents = small
    frame = bound_errors((24,), known, documents, draw=0)
    own = frame[frame["bound"] == OWN]["error"]
    assert own.max() < 0.02 and (frame[frame["bound"] == MEAN]["error"] > 0.5).all()
