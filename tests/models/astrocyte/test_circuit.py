"""The circuit against plain linear algebra, other precisions, other block sizes."""

import math
import subprocess
import sys

import pytest
import torch

from brainbook.models.astrocyte import circuit as astrocyte
from brainbook.models.attention import softmax as attention
from brainbook.models.features import maps as feature_maps


def head(*leading, seed=0, tokens=10, d=4, d_value=3, scale=0.5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*leading, *shape, generator=generator, dtype=dtype)

    return scale * draw(tokens, d), scale * draw(tokens, d), draw(tokens, d_value), generator


def test_writing_token_by_token_ends_where_writing_at_once_does():
    features, _, value, _ = head(2)
    synapses, astrocyte_weights = astrocyte.write(features, value)
    by_token, astrocyte_by_token = astrocyte.write_by_token(features, value)
    assert torch.allclose(by_token[..., -1, :, :], synapses, atol=1e-13)
    assert torch.allclose(astrocyte_by_token[..., -1, :], astrocyte_weights, atol=1e-13)
    first = value[..., 0, :, None] * features[..., 0, None, :]
    assert torch.equal(by_token[..., 0, :, :], first)


def test_one_hot_features_retrieve_what_was_written():
    """With phi one-hot and each key used once, the circuit is a lookup table."""
    features = torch.eye(6, dtype=torch.float64)
    value = head(tokens=6)[2]
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    output, trace = astrocyte.read(*astrocyte.write(features, value), features[order])
    assert torch.equal(output, value[order])
    assert torch.equal(trace, torch.ones(6, dtype=torch.float64))


@pytest.mark.parametrize("kind", feature_maps.MAPS)
def test_blockwise_logs_equal_plain_matrices(kind):
    query, key, value, generator = head(2, 3)
    feature_map = kind()
    units = feature_map.draw(50, 4, generator, heads=(2, 3), dtype=torch.float64)
    written = astrocyte.write(feature_map(key, units), value)
    output, trace = astrocyte.read(*written, feature_map(query, units))
    for block in (1, 7, 50):
        (readout,) = astrocyte.run(query, key, value, units.split(block), [50], feature_map)
        assert torch.allclose(readout.output, output, rtol=1e-9)
        assert torch.allclose(readout.log_p, trace.abs().log(), atol=1e-10)
        assert torch.equal(readout.sign, trace.sign())


def test_nested_sizes_are_the_first_units_of_one_draw():
    query, key, value, _ = head(2)
    generator = torch.Generator().manual_seed(5)
    nested = astrocyte.circuit(query, key, value, [8, 24, 56], generator, block=8)
    assert [readout.units for readout in nested] == [8, 24, 56]
    for readout in nested:
        again = torch.Generator().manual_seed(5)
        (alone,) = astrocyte.circuit(query, key, value, readout.units, again, block=8)
        torch.testing.assert_close(alone.output, readout.output, rtol=1e-11, atol=0)
        torch.testing.assert_close(alone.log_p, readout.log_p, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("kind", feature_maps.MAPS, ids=lambda kind: kind.name)
def test_heads_in_turn_give_what_all_at_once_give(kind, monkeypatch):
    query, key, value, _ = head(2)
    apart, together = kind(), kind()
    together.by_head = False
    found = [
        astrocyte.circuit(query, key, value, [8, 56], torch.Generator().manual_seed(6), one, 8)
        for one in (apart, together)
    ]
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours.output, theirs.output, rtol=1e-8, atol=1e-10)
        torch.testing.assert_close(ours.log_p, theirs.log_p, rtol=1e-8, atol=1e-10)


def test_every_head_has_its_own_hidden_units():
    query, key, value, generator = head()
    same = [x.expand(2, *x.shape) for x in (query, key, value)]
    (readout,) = astrocyte.circuit(*same, 16, generator)
    assert not torch.allclose(readout.output[0], readout.output[1])


def test_many_units_come_near_attention():
    query, key, value, generator = head(8, scale=0.3)
    output, log_z = attention.softmax_attention(query, key, value)
    few, many = astrocyte.circuit(query, key, value, [64, 65536], generator)
    assert attention.relative_error(many.output, output).max() < 0.1
    assert attention.relative_error_of_logs(many.log_p, log_z).max() < 0.05
    assert attention.relative_error(few.output, output).mean() > 0.1


def test_single_precision_follows_double():
    query, key, value, generator = head(4, tokens=30, d=16, scale=1.2)
    units = feature_maps.Positive().draw(4096, 16, generator, heads=(4,), dtype=torch.float64)

    def run(*tensors, units):
        blocks = units.split(512)
        return next(astrocyte.run(*tensors, blocks, [4096], feature_maps.Positive()))

    double = run(query, key, value, units=units)
    single = run(
        *(x.float() for x in (query, key, value)),
        units=feature_maps.HiddenUnits(units.weight.float()),
    )
    assert attention.relative_error(single.output.double(), double.output).max() < 1e-4
    assert (single.log_p.double() - double.log_p).abs().max() < 1e-4


def test_trace_stays_absolute_far_outside_the_range_of_floats():
    """Adding (q0, k0) in an extra direction multiplies Z by exp(q0 k0); p must follow."""
    query, key, value, generator = head()
    far = 400.0
    units = feature_maps.Positive().draw(200, 4, generator, dtype=torch.float64)
    wide = feature_maps.HiddenUnits(torch.cat([units.weight, torch.zeros(200, 1)], dim=-1))

    def pad(x, number):
        return torch.cat([x, torch.full_like(x[:, :1], number)], dim=-1)

    feature_map = feature_maps.Positive()
    (near,) = astrocyte.run(query, key, value, units.split(64), [200], feature_map)
    (moved,) = astrocyte.run(
        pad(query, far), pad(key, far), value, wide.split(64), [200], feature_map
    )
    assert torch.allclose(moved.log_p, near.log_p - far**2, atol=1e-7)
    assert torch.allclose(moved.output, near.output, atol=1e-9)


def test_same_seed_same_numbers():
    query, key, value, _ = head(2)

    def run(seed):
        generator = torch.Generator().manual_seed(seed)
        return astrocyte.circuit(query, key, value, 100, generator)[0].output

    assert torch.equal(run(1), run(1))
    assert not torch.allclose(run(1), run(2))


@pytest.mark.parametrize("units", [0, [], [4, -1]])
def test_sizes_that_are_not_positive_are_refused(units):
    query, key, value, generator = head()
    with pytest.raises(ValueError, match="units"):
        astrocyte.circuit(query, key, value, units, generator)


def test_shapes_are_checked():
    query, key, value, generator = head()
    with pytest.raises(ValueError, match="value"):
        astrocyte.circuit(query, key, value[:-1], 8, generator)


def test_default_block_keeps_features_to_a_few_megabytes():
    for shape in [(12, 196, 32), (512, 64), (6, 12, 512, 64)]:
        query = torch.empty(shape)
        block = astrocyte.default_block(query)
        assert 16 <= block <= 4096
        assert block * math.prod(shape[:-1]) <= max(2**20, 16 * math.prod(shape[:-1]))


@pytest.mark.slow
def test_a_million_units_fit_in_two_gigabytes():
    """N = 512 tokens, d = 64, m = 10^6, float32: features at once would take 4 GB.

    On Linux ``ru_maxrss`` starts from the parent's peak, so the process's own peak is read.
    """
    program = """
import pathlib, re, resource, torch
from brainbook.models.astrocyte.circuit import circuit
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(0)
query, key, value = (torch.randn(512, 64, generator=generator) * 0.3 for _ in range(3))
(readout,) = circuit(query, key, value, 10**6, generator)
assert torch.isfinite(readout.output).all() and readout.units == 10**6
own = pathlib.Path("/proc/self/status")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(re.search(r"VmHWM:\\s+(\\d+) kB", own.read_text())[1] if own.exists() else peak)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    kilobytes = int(done.stdout.split()[-1]) / (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 2e6
