"""Erasers against their defining properties, and steering against plain runs of MiniLM."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainbook.evidence import pretrained
from brainbook.models.language import concept_erasure as erasure
from brainbook.models.language import steering
from brainbook.pages.limitations.control import erasing as trials


@pytest.fixture(scope="module")
def data():
    """Correlated features (200, 6), two of them with the concept."""
    generator = np.random.default_rng(0)
    z = generator.integers(2, size=200)
    x = generator.standard_normal((200, 6)) @ generator.standard_normal((6, 6))
    return x + np.outer(z, [2, -1, 0, 0, 1, 0]), z


@pytest.mark.parametrize("amount", [0, 0.1, 1])
def test_leace_leaves_no_cross_covariance(data, amount):
    x, z = data
    eraser = erasure.leace(x, z, amount)
    left = eraser(x)
    assert np.abs(erasure.covariances(left, z)[1]).max() < 1e-12
    assert np.abs(left.mean(0) - x.mean(0)).max() < 1e-12
    assert erasure.explained(left, z) < 1e-20 < 0.1 < erasure.explained(x, z)
    assert erasure.gradient_at_constant(left, z) < 1e-12
    assert np.allclose(eraser(left), left)


def test_leace_changes_least_among_affine_erasers(data):
    x, z = data
    best = erasure.leace(x, z)
    cross = erasure.covariances(x, z)[1]
    free = np.eye(6) - cross @ cross.T / (cross.T @ cross)  # D with D Cov(x, z) = 0
    generator = np.random.default_rng(1)
    for _ in range(20):
        other = erasure.Eraser(
            best.mean, best.change + 0.1 * generator.standard_normal((6, 6)) @ free
        )
        assert np.abs(erasure.covariances(other(x), z)[1]).max() < 1e-12
        assert other.size(x) > best.size(x)
    assert erasure.mean_projection(x, z).size(x) > best.size(x)
    assert best.size(x) == pytest.approx(erasure.least_change(x, z))


def test_shrunk_to_the_end_leace_is_the_mean_projection(data):
    x, z = data
    assert np.allclose(erasure.leace(x, z, 1)(x), erasure.mean_projection(x, z)(x))


def test_several_classes_are_erased_together():
    generator = np.random.default_rng(2)
    z = np.eye(3)[generator.integers(3, size=300)]
    x = generator.standard_normal((300, 8)) + z @ generator.standard_normal((3, 8))
    for eraser in (erasure.leace(x, z), erasure.mean_projection(x, z)):
        assert np.linalg.matrix_rank(eraser.change, tol=1e-8) == 2
        assert erasure.explained(eraser(x), z) < 1e-20


def test_dead_features_do_no_harm(data):
    x, z = data
    wide = np.hstack([x, np.ones((200, 1))])
    assert np.allclose(erasure.leace(wide, z)(wide)[:, :6], erasure.leace(x, z)(x))


def test_more_rounds_project_more_out(data):
    x, z = data
    ranks = [np.linalg.matrix_rank(erasure.nullspace_rounds(x, z, n).change) for n in (1, 3)]
    assert ranks == [1, 3]
    control = erasure.one_direction(x, np.random.default_rng(0))
    assert np.linalg.matrix_rank(control.change) == 1


def test_running_in_pieces_is_minilm():
    model, _ = pretrained.minilm()
    ids = np.random.default_rng(0).integers(1000, 20000, (3, 10))
    with torch.no_grad():
        expected = model(torch.as_tensor(ids), output_hidden_states=True).hidden_states
    start = steering.embedded(ids)
    middle = steering.run(start, 0, 4)
    assert torch.allclose(middle, expected[4], atol=1e-5)
    assert torch.allclose(steering.run(middle, 4, 6), expected[6], atol=1e-5)


def test_edits_enter_where_they_should():
    ids = np.random.default_rng(1).integers(1000, 20000, (2, 8))
    start, step = steering.embedded(ids), np.full(384, 0.5)
    last = steering.run(start, 0, 6, {6: steering.added(step, 2.0)})
    assert torch.allclose(last, steering.run(start, 0, 6) + 1.0, atol=1e-5)
    inside = steering.run(start, 0, 6, {2: steering.added(step, 2.0)})
    by_hand = steering.run(steering.run(start, 0, 2) + 1.0, 2, 6)
    assert torch.allclose(inside, by_hand, atol=1e-5)


def test_parts_share_no_module():
    module = np.repeat(np.arange(40), 5)
    parts = trials.split(module, 0)
    assert sum(parts.values()).tolist() == [1] * 200
    kinds = [set(module[chosen]) for chosen in parts.values()]
    assert [len(kind) for kind in kinds] == [20, 10, 10]
    assert not kinds[0] & kinds[1] and not kinds[0] & kinds[2]


def test_rounding_noise_of_a_dead_feature_is_no_concept(data):
    x, z = data
    left = erasure.leace(x, z)(x)
    dirty = np.hstack([left, 1e-14 * z[:, None]])
    assert trials.score(dirty, z, dirty, z) == 0.5


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: erasure.leace(np.zeros((4, 2)), np.zeros(4), 2), "shrinkage: got 2"),
        (lambda: erasure.leace(np.zeros((4, 2)), np.zeros(3)), "z: got 3 rows"),
        (lambda: erasure.nullspace_rounds(np.zeros((4, 2)), np.zeros(4), 0), "rounds: got 0"),
        (lambda: steering.run(torch.zeros(1, 2, 384), 4, 2), "start, stop: got 4, 2"),
    ],
)
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
