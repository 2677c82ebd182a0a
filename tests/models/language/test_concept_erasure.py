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


def explained(x, z):
    """Share of the variance of z, (N, k), that least squares on x explains."""
    z = np.asarray(z, float).reshape(len(z), -1)
    target = z - z.mean(0)
    fitted, *_ = np.linalg.lstsq(x - x.mean(0), target, rcond=1e-10)
    left = target - (x - x.mean(0)) @ fitted
    return 1 - np.square(left).sum() / np.square(target).sum()


@pytest.mark.parametrize("amount", [0, 0.1, 1])
def test_leace_leaves_no_cross_covariance(data, amount):
    x, z = data
    eraser = erasure.leace(x, z, amount)
    left = eraser(x)
    assert np.abs(erasure.covariances(left, z)[1]).max() < 1e-12
    assert np.abs(left.mean(0) - x.mean(0)).max() < 1e-12
    assert abs(explained(left, z)) < 1e-12 < 0.1 < explained(x, z)
    assert np.abs((z.mean() - z) @ left / len(z)).max() < 1e-12  # slope of the logistic loss
    assert np.allclose(eraser(left), left)


def test_what_rounding_leaves_is_mended_and_more_is_refused(data, monkeypatch):
    x, z = data
    monkeypatch.setattr(erasure, "_span", lambda columns: 0 * columns)  # nothing is projected out
    with pytest.raises(ValueError, match="x: got a covariance too near singular"):
        erasure.leace(x, z)


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
        assert abs(explained(eraser(x), z)) < 1e-12


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
