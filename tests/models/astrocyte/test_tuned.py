"""Tuned units on MiniLM: their fits, and the frame that a trial gives."""

import pytest
import torch

from brainbook.models.astrocyte.circuit import run
from brainbook.models.astrocyte.tuned import (
    BARE,
    KINDS,
    error_at_best_gain,
    fitted,
    gated,
    read,
    read_each,
    trial,
)
from brainbook.models.attention.minilm_heads import heads_on, problem_on
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.attention.softmax import Problem, relative_error
from brainbook.models.features.landmarks import Landmarks


@pytest.fixture(scope="module")
def texts():
    """Short passages, and only twelve to fit to."""
    return {
        "documents": held_out_passages((0, 1), 24),
        "calibration": calibration_passages(24, 6)[:12],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_reports_every_head_of_a_layer_on_known_and_on_held_out_text(texts, kind):
    frame = trial(kind, 2, 32, 1, **texts)
    cells = frame.groupby(["document", "split", "part"])["head"].nunique()
    parts = {"output", "trace"} | ({BARE} if kind == Landmarks.name else set())
    assert (cells == 12).all() and len(cells) == 2 * 2 * len(parts)
    assert set(frame["part"]) == parts
    assert set(frame["split"]) == {"test", "calibration"}
    assert frame["layer"].eq(2).all() and frame["map"].eq(kind).all()
    assert frame["error"].between(0, 50).all()
    again = trial(kind, 2, 32, 1, **texts)
    assert frame.equals(again)
    assert not frame["error"].equals(trial(kind, 2, 32, 2, **texts)["error"])


def test_gated_takes_the_width_that_does_best_on_held_back_passages():
    generator = torch.Generator().manual_seed(0)
    known = Problem(*torch.randn(3, 10, 2, 40, 4, generator=generator))  # (passages, heads, N, d)
    state, widths = generator.get_state(), (1.0, 4.0, 16.0)
    chosen = gated(*known.tensors, 16, generator, widths)
    held, tried = known[-4:], []
    for width in widths:
        one = gated(*known.tensors, 16, generator.set_state(state), (width,))
        error = relative_error(read(one, *held.tensors).output, held.exact()[0])
        tried.append(error.median(0).values)
    assert chosen.width.tolist() == [widths[best] for best in torch.stack(tried).argmin(0)]


def test_settling_for_what_is_stored_is_settling_for_every_query():
    generator = torch.Generator().manual_seed(2)
    query, key, value = torch.randn(3, 5, 2, 30, 6, generator=generator, dtype=torch.float64)
    units = Landmarks.fitted(query, key, 20, generator, ridge=0.01)
    quick = read(units, query[0], key[0], value[0])
    (plain,) = run(query[0], key[0], value[0], [units.units], [20], units)
    assert quick.units == plain.units == 20
    assert plain.log_scale is None
    for name in ("output", "log_p", "sign"):
        ours, theirs = getattr(quick, name), getattr(plain, name)
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_passages_read_together_come_out_as_each_alone(texts, kind):
    known = problem_on(texts["calibration"])
    circuit = fitted(kind, 3, 24, 0, known)
    problems = [known[0, 3], known[5, 3], heads_on(texts["documents"][1]).problem[3]]
    for together, problem in zip(read_each(circuit, problems), problems, strict=True):
        alone = read(circuit, *problem.tensors)
        for ours, theirs in zip(vars(together).values(), vars(alone).values(), strict=True):
            if ours is None:
                assert theirs is None
                continue
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_known_passages_are_read_beside_as_many_documents_as_asked(texts):
    frame = trial(KINDS[0], 0, 8, 0, **texts, known=1)
    assert set(frame.query("split == 'calibration'")["document"]) == {0}
    assert set(frame.query("split == 'test'")["document"]) == {0, 1}


def test_a_trial_fits_what_a_fit_alone_would(texts):
    layer, units, seed = 1, 16, 0
    for kind in KINDS:
        alone = fitted(kind, layer, units, seed, problem_on(texts["calibration"]))
        document = heads_on(texts["documents"][0]).problem[layer]
        output = read(alone, *document.tensors).output
        error = relative_error(output, document.exact()[0]).double()
        rows = trial(kind, layer, units, seed, **texts)
        rows = rows.query("document == 0 and split == 'test' and part == 'output'")
        assert rows["error"].tolist() == pytest.approx(error.tolist(), rel=1e-6)


def test_the_best_gain_is_that_of_least_squares():
    generator = torch.Generator().manual_seed(3)
    trace, log_z = torch.randn(2, 4, 50, generator=generator, dtype=torch.float64)
    z = log_z.exp()
    gain = (trace * z).sum(-1, keepdim=True) / trace.square().sum(-1, keepdim=True)
    expected = (gain * trace - z).norm(dim=-1) / z.norm(dim=-1)
    torch.testing.assert_close(error_at_best_gain(trace, log_z), expected)
    torch.testing.assert_close(
        error_at_best_gain(-7 * z, log_z), torch.zeros(4).double(), atol=1e-7, rtol=0
    )


def test_the_trace_is_rho_g_times_the_read_out_of_the_usual_normaliser():
    generator = torch.Generator().manual_seed(4)
    query, key, value = torch.randn(3, 5, 2, 30, 6, generator=generator, dtype=torch.float64)
    tuned = Landmarks.fitted(query, key, 20, generator, ridge=0.01)
    found = read(tuned, query[0], key[0], value[0])
    written = (key[0] @ tuned.tuning.landmark.mT - tuned.tuning.log_scale.unsqueeze(1)).exp()
    rates = tuned.rates(query[0])  # (heads, N, m)
    bare = (rates @ written.sum(1).unsqueeze(-1)).squeeze(-1)
    ours = found.sign * (found.log_p - found.log_scale).exp()
    torch.testing.assert_close(ours, bare, rtol=1e-8, atol=1e-10)


def test_bad_input_is_named(texts):
    known = problem_on(texts["calibration"])
    with pytest.raises(ValueError, match="kind: got 'random'"):
        fitted("random", 0, 8, 0, known)
    with pytest.raises(ValueError, match="layer: got 6; allowed are 0 to 5"):
        fitted(KINDS[0], 6, 8, 0, known)
