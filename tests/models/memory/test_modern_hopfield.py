"""Modern Hopfield network: attention, falling energies, the three kinds of fixed points."""

import numpy as np
import pytest
import torch

from brainbook.models.memory import modern_hopfield as mh


def some(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_update_is_attention_of_torch():
    states, patterns = some(2, 3, 9, 8), some(2, 3, 11, 8)
    attend = torch.nn.functional.scaled_dot_product_attention
    for beta in (0.3, 1.0, 4.0):
        theirs = attend(states, patterns, patterns, scale=beta)
        assert (mh.update(states, patterns, beta) - theirs).abs().max() < 1e-12


def test_energy_falls_with_every_update_and_its_gradient_is_the_step():
    patterns, state = some(12, 6), some(7, 6).requires_grad_()
    energy = mh.energy(state, patterns, 2.0)
    (gradient,) = torch.autograd.grad(energy.sum(), state)
    step = mh.update(state, patterns, 2.0) - state
    assert (gradient + step).abs().max() < 1e-12
    now = state.detach()
    for _ in range(20):
        after = mh.update(now, patterns, 2.0)
        assert (mh.energy(after, patterns, 2.0) <= mh.energy(now, patterns, 2.0) + 1e-12).all()
        now = after
    assert (mh.energy(now, patterns, 2.0) >= 0).all()


def test_two_layers_at_rest_step_to_attention_and_descend():
    patterns, visible = some(10, 5), some(3, 5)
    last, _ = mh.two_layers(visible, visible @ patterns.mT, patterns, (1.0, 1.0), 1, 1.0)
    assert (last - mh.update(visible, patterns)).abs().max() < 1e-12
    for taus in ((1.0, 0.2), (0.2, 1.0)):
        _, energy = mh.two_layers(visible, some(3, 10), patterns, taus, 500, 0.005)
        assert energy.diff(dim=0).max() < 1e-12 and (energy[0] - energy[-1]).min() > 0.01


def test_two_layers_end_in_a_fixed_point_of_attention():
    patterns, visible = some(10, 5), some(3, 5)
    end, _ = mh.two_layers(visible, visible @ patterns.mT, patterns, (1.0, 0.3), 6000, 0.05)
    assert (mh.update(end, patterns) - end).abs().max() < 1e-9


def test_keys_holding_counts_from_the_largest():
    weight = torch.tensor([[0.05, 0.6, 0.05, 0.3], [0.25, 0.25, 0.25, 0.25], [0, 0, 1.0, 0]])
    assert mh.keys_holding(weight).tolist() == [2, 4, 1]
    assert mh.keys_holding(weight, 0.5).tolist() == [1, 2, 1]


@pytest.mark.parametrize("count", [1, 8, 10, 20, 32, 100, 256])
def test_uniform_weights_need_the_ceiling(count):
    for dtype in (torch.float32, torch.float64):
        weight = torch.full((count,), 1 / count, dtype=dtype)
        assert mh.keys_holding(weight).item() == mh.uniform_keys(count) == -(-9 * count // 10)


def test_three_kinds_of_fixed_points():
    patterns = mh.clustered_patterns(3, 6, 64, 0.5, 0)

    def held(beta):
        end = mh.iterate(patterns, patterns, 400, beta)
        assert (mh.update(end, patterns, beta) - end).abs().max() < 1e-9
        return mh.keys_holding(mh.weights(end, patterns, beta))

    assert (held(0.5) == mh.uniform_keys(18)).all() and (held(100) == 1).all()
    assert 1 < held(10).double().median() <= 6


def test_groups_are_similar_inside_and_not_outside():
    patterns = mh.clustered_patterns(4, 8, 64, 0.5, 0)
    product = (patterns @ patterns.mT).unflatten(0, (4, 8)).unflatten(2, (4, 8))
    inside = torch.stack([product[g, :, g] for g in range(4)])
    assert patterns.norm(dim=-1).numpy() == pytest.approx(np.ones(32))
    assert inside.mean() > 0.6 and product[0, :, 1].abs().mean() < 0.3
    assert torch.equal(patterns, mh.clustered_patterns(4, 8, 64, 0.5, 0))


def test_errors_name_the_parameter():
    with pytest.raises(ValueError, match="beta"):
        mh.update(some(2, 3), some(4, 3), 0)
    with pytest.raises(ValueError, match="share"):
        mh.keys_holding(some(3).softmax(-1), 1.0)
