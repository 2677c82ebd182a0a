"""Erasers against their defining properties."""

from __future__ import annotations

import numpy as np
import pytest

from brainbook.models.language import concept_erasure as erasure


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


def test_the_eraser_of_nothing_changes_nothing(data):
    eraser = erasure.nothing(data[0])
    assert np.array_equal(eraser(data[0]), data[0]) and eraser.size(data[0]) == 0


def test_more_rounds_project_more_out(data):
    x, z = data
    ranks = [np.linalg.matrix_rank(erasure.nullspace_rounds(x, z, n).change) for n in (1, 3)]
    assert ranks == [1, 3]
    control = erasure.one_direction(x, np.random.default_rng(0))
    assert np.linalg.matrix_rank(control.change) == 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: erasure.leace(np.zeros((4, 2)), np.zeros(4), 2), "shrinkage: got 2"),
        (lambda: erasure.leace(np.zeros((4, 2)), np.zeros(3)), "z: got 3 rows"),
        (lambda: erasure.nullspace_rounds(np.zeros((4, 2)), np.zeros(4), 0), "rounds: got 0"),
    ],
)
def test_errors_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
