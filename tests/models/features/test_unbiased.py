"""Moved, balanced and reshaped features: exact invariances, optima against numerical search."""

import pytest
import torch

from brainbook.models.astrocyte.circuit import run
from brainbook.models.attention import softmax as attention
from brainbook.models.features.draws import Orthogonal
from brainbook.models.features.learned import Centred
from brainbook.models.features.maps import HiddenUnits, Positive, Taylor, Trigonometric
from brainbook.models.features.unbiased import (
    SHAPES,
    Mixture,
    Moments,
    Optimal,
    Transformed,
    balance,
    fit,
    fit_mixture,
    optimal_coefficient,
)

D = 5


def passages(seed=0, count=3, heads=2, tokens=30, uneven=0.6):
    """Queries and keys with means and covariances of their own in every head."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    mixing, shift = uneven * draw(2, 1, heads, D, D), draw(2, 1, heads, 1, D)
    query, key = draw(2, count, heads, tokens, D) @ mixing + 0.5 * shift
    return query, key, draw(count, heads, tokens, 3), generator


def any_transform(generator, heads=2):
    """Means and matrices that have nothing to do with the data."""
    a, b = torch.randn(2, heads, D, generator=generator, dtype=torch.float64)
    matrix = torch.randn(heads, D, D, generator=generator, dtype=torch.float64)
    return a, b, matrix + 2 * torch.eye(D).double()


def test_scores_are_kept_by_every_transform():
    query, key, _, generator = passages()
    a, b, matrix = any_transform(generator)
    for moved in (Transformed(a, b, matrix), Transformed(a, b), fit(query, key, "dense")):
        score = moved.moved_query(query) @ moved.moved_key(key).mT
        with_rest = (
            score
            + (key * moved.a).sum(-1).unsqueeze(-2)
            + ((query - moved.a) * moved.b).sum(-1, keepdim=True)
        )
        assert (with_rest - query @ key.mT).abs().max() < 1e-10


class Exact(Positive):
    """One hidden unit at w = q + k of a single pair: the estimate is exp(q . k), no scatter."""

    def __init__(self, total):
        self.total = total

    def units(self, weight, generator):
        return HiddenUnits(self.total, log_gain=0.5 * self.log_gain())

    def log_gain(self):
        # N(w; 0, I) over N(w; q + k, I) at w = q + k
        return -0.5 * self.total.square().sum(-1)


def test_wrapped_features_are_exact_for_an_estimate_without_scatter():
    """Through write and read, exponents and all: exp(q . k) to 1e-10 for every wrapper."""
    query, key, _, generator = passages()
    a, b, matrix = any_transform(generator)
    query, key = query[0, :, :1], key[0, :, :1]
    for moved in (Transformed(a, b, matrix), Transformed(a, b), Centred(a, b)):
        moved.base = Exact(moved.moved_query(query) + moved.moved_key(key))
        hidden = moved.draw(1, D, generator, (2,), torch.float64)
        exponent = moved.read(query, hidden)[1] + moved.write(key, hidden)[1]
        assert (exponent - query @ key.mT).abs().max() < 1e-10


@pytest.mark.parametrize("kind", [Positive, Trigonometric, Taylor])
def test_wrapping_with_nothing_changes_nothing(kind):
    query, key, value, generator = passages()
    zero, one = torch.zeros(2, D).double(), torch.eye(D).double().expand(2, D, D)
    size = Taylor.size(D)
    hidden = kind().draw(size, D, generator, (2,), torch.float64)
    plain, wrapped = (
        next(run(query, key, value, hidden.split(4), [size], feature_map))
        for feature_map in (kind(), Transformed(zero, zero, one, kind()))
    )
    assert (plain.output - wrapped.output).abs().max() < 1e-10
    assert (plain.log_p - wrapped.log_p).abs().max() < 1e-10


def test_a_rotation_of_everything_changes_nothing():
    """Queries and keys turned by R, hidden units turned by R: same numbers."""
    query, key, value, generator = passages()
    rotation = torch.linalg.qr(torch.randn(2, D, D, generator=generator).double())[0]
    zero = torch.zeros(2, D).double()
    turned = Transformed(zero, zero, rotation)
    hidden = Positive().draw(12, D, generator, (2,), torch.float64)
    (plain,) = run(query, key, value, [hidden], [12], Positive())
    other = HiddenUnits(hidden.weight @ rotation)
    (moved,) = run(query, key, value, [other], [12], turned)
    assert (plain.output - moved.output).abs().max() < 1e-10


def mean_square(query, key, a, b, matrix, share):
    """Mean of |M^T (q - a) + M^(-1) (k - b)|^2 over pairs, written out."""
    moved = Transformed(a, b, matrix)
    total = moved.moved_query(query).unsqueeze(-2) + moved.moved_key(key).unsqueeze(-3)
    return (total.square().sum(-1) * share).sum((-2, -1)).mean(0)


@pytest.mark.parametrize("attended", [False, True])
def test_balance_is_the_least_of_what_gradient_descent_finds(attended):
    query, key, _, generator = passages()
    moments = Moments.of(query, key, attended)
    matrix, spread = balance(moments)
    share = torch.full((30, 30), 1 / 900, dtype=torch.float64)
    if attended:
        share = (query @ key.mT).softmax(-1) / 30
    least = mean_square(query, key, moments.a, moments.b, matrix, share)
    assert torch.allclose(least, spread.sum(-1), rtol=1e-10)
    free = torch.eye(D).double().repeat(2, 1, 1).requires_grad_(True)
    optimiser = torch.optim.Adam([free], lr=0.02)
    for _ in range(600):
        found = mean_square(query, key, moments.a, moments.b, free, share)
        optimiser.zero_grad()
        found.sum().backward()
        optimiser.step()
    assert (found.detach() >= least - 1e-9).all()
    assert torch.allclose(found.detach(), least, rtol=1e-3)


def test_balanced_moments_are_equal_and_their_sum_is_diagonal():
    query, key, _, _ = passages(count=1)
    moments = Moments.of(query, key)
    assert moments.cross.abs().max() < 1e-10  # all pairs of one passage, about its means
    matrix, spread = balance(moments)
    inverse = torch.linalg.inv(matrix)
    of_query, of_key = matrix.mT @ moments.query @ matrix, inverse @ moments.key @ inverse.mT
    assert torch.allclose(of_query, of_key, atol=1e-10)
    assert torch.allclose(of_query + of_key, torch.diag_embed(spread), atol=1e-10)
    nuclear = torch.linalg.matrix_norm(
        torch.linalg.cholesky(moments.query).mT @ torch.linalg.cholesky(moments.key), "nuc"
    )
    assert torch.allclose(spread.sum(-1), 2 * nuclear, rtol=1e-10)


def test_attended_moments_are_weighted_averages():
    query, key, _, _ = passages(count=2, tokens=7)
    moments = Moments.of(query, key, attended=True)
    share = (query @ key.mT).softmax(-1) / 7
    assert torch.allclose(moments.a, query.mean((0, 2)))
    b = torch.einsum("phts,phsd->hd", share, key) / 2
    assert torch.allclose(moments.b, b)
    q, k = query - moments.a.unsqueeze(-2), key - b.unsqueeze(-2)
    for mine, left, right in ((moments.query, q, q), (moments.key, k, k), (moments.cross, q, k)):
        first = "t" if left is q else "s"
        second = "t" if right is q else "s"
        written = torch.einsum(f"phts,ph{first}i,ph{second}j->hij", share, left, right) / 2
        assert torch.allclose(mine, written)


def test_coefficient_in_the_form_of_the_public_code():
    """A = (1 - 1/rho)/8, rho = (sqrt((2R + d)^2 + 8 d R) - 2R - d)/(4R): FAVOR++ as released."""
    together, d = torch.tensor([0.3, 2.0, 40.0, 900.0]).double(), 32
    root = ((2 * together + d).square() + 8 * d * together).sqrt()
    rho = (root - 2 * together - d) / (4 * together)
    assert torch.allclose(optimal_coefficient(together / d), (1 - 1 / rho) / 8, rtol=1e-9)
    assert optimal_coefficient(torch.zeros(()).double()) == 0


def test_fitted_coefficients_use_all_pairs():
    query, key, _, _ = passages()
    total = query.unsqueeze(-2) + key.unsqueeze(-3)
    square = total.square().mean((0, 2, 3))
    assert torch.allclose(
        Optimal.fitted(query, key, per_dimension=True).coefficient, optimal_coefficient(square)
    )
    assert torch.allclose(
        Optimal.fitted(query, key).coefficient, optimal_coefficient(square.mean(-1, True))
    )


def test_optimal_map_is_the_published_formula():
    query, key, _, generator = passages()
    a = Optimal.fitted(query, key).coefficient
    weight = torch.randn(2, 9, D, generator=generator, dtype=torch.float64)
    hidden = Optimal(a).units(weight, generator)
    x = query[0]
    exponent = a.unsqueeze(-1) * weight.square().sum(-1).unsqueeze(-2)
    exponent = exponent + (1 - 4 * a).sqrt().unsqueeze(-1) * (x @ weight.mT)
    exponent = exponent - 0.5 * x.square().sum(-1, keepdim=True)
    published = (1 - 4 * a).pow(D / 4).unsqueeze(-1) * exponent.exp() / 3
    assert torch.allclose(Optimal(a)(x, hidden), published, rtol=1e-10)


@pytest.mark.parametrize("attended", [False, True])
def test_every_step_of_fitting_lowers_the_error_on_held_out_passages(attended):
    query, key, value, generator = passages(count=6, tokens=60, uneven=0.4)
    known, test = slice(0, 3), slice(3, 6)
    exact, _ = attention.softmax_attention(query[test], key[test], value[test])

    def error(feature_map):
        squares = []
        for seed in range(5):
            hidden = feature_map.draw(
                600, D, torch.Generator().manual_seed(seed), (2,), torch.float64
            )
            (readout,) = run(query[test], key[test], value[test], [hidden], [600], feature_map)
            squares.append(attention.relative_error(readout.output, exact).mean())
        return torch.stack(squares).mean()

    plain = error(Positive())
    fitted = {shape: error(fit(query[known], key[known], shape, attended)) for shape in SHAPES}
    assert fitted["round"] < plain
    assert fitted["dense"] < fitted["round"]
    mixed = fit_mixture(query[known], key[known], 400, generator)
    assert error(mixed) < plain
    assert error(fit(query[known], key[known], "dense", attended).drawn(Orthogonal())) < plain


def test_mixture_lies_around_sums_of_attended_pairs():
    """With one key that takes all attention, every centre holds that key."""
    query, key, _, generator = passages(count=1, tokens=12)
    query[..., 0], key[..., 0] = query[..., 0] + 3, key[..., 0] * 0.1
    key[:, :, 4, 0] = 40.0
    mixed = fit_mixture(query, key, 50, generator)
    centres = mixed.base.centres - mixed.moved_key(key[0, :, 4:5])
    distance = torch.cdist(centres, mixed.moved_query(query[0]))
    assert distance.amin(-1).max() < 1e-8


def test_single_precision_and_repeatability():
    query, key, value, _ = passages()
    feature_map = fit(query, key, "dense")
    outputs = []
    for dtype in (torch.float64, torch.float32):
        hidden = feature_map.draw(64, D, torch.Generator().manual_seed(1), (2,), torch.float64)
        hidden = HiddenUnits(hidden.weight.to(dtype), None, hidden.log_gain.to(dtype))
        tensors = [x.to(dtype) for x in (query, key, value)]
        (readout,) = run(*tensors, hidden.split(10), [64], feature_map)
        assert readout.output.dtype == dtype
        outputs.append(readout.output.double())
    assert attention.relative_error(outputs[1], outputs[0]).max() < 1e-4


def test_bad_parameters_are_named():
    zero = torch.zeros(2, D)
    query, key, _, _ = passages(count=1, tokens=3)
    with pytest.raises(ValueError, match="a, b"):
        Transformed(zero, zero[:1])
    with pytest.raises(ValueError, match="matrix"):
        Transformed(zero, zero, torch.eye(D))
    with pytest.raises(ValueError, match="coefficient"):
        Optimal(torch.tensor([0.125]))
    with pytest.raises(ValueError, match="width"):
        Mixture(zero.unsqueeze(-2), 0.7)
    with pytest.raises(ValueError, match="shape"):
        fit(query, key, "square")
    with pytest.raises(ValueError, match="rank"):
        fit(query, key)
