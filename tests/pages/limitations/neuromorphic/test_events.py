"""Codes of messages: rounding, spikes, thresholds; hooks that see and replace every stream."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence import pretrained
from brainbook.models.digits.quantisation import rounded
from brainbook.pages.limitations.neuromorphic import events
from brainbook.pages.limitations.neuromorphic.events import LEVELS, Code, Codes
from opjoules.cores.traffic import STREAMS


@pytest.fixture(scope="module")
def model():
    return pretrained.minilm()[0]


@pytest.fixture(scope="module")
def tokens():
    return torch.randint(1000, 20000, (4, 24), generator=torch.Generator().manual_seed(0))


def values(units=6, seed=0):
    return torch.randn(200, units, generator=torch.Generator().manual_seed(seed))


def test_graded_events_are_eight_bit_rounding():
    x = values()
    clip = x.abs().max().expand(6)
    arrived, sent = Code()(x, clip)
    assert torch.allclose(arrived, rounded(x, 8), atol=1e-6)
    assert set(sent.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(sent == 0, arrived == 0)


def test_127_steps_bring_the_same_numbers_at_more_messages():
    x, clip = values(), torch.linspace(0.5, 3, 6)
    graded, sent = Code()(x, clip)
    counted, spikes = Code(LEVELS)(x, clip)
    assert torch.equal(graded, counted)
    assert torch.equal(sent, (spikes > 0).float()) and spikes.max() == LEVELS
    assert (counted.abs() <= clip + 1e-6).all()


@pytest.mark.parametrize("steps", [1, 4, 15])
def test_integrate_and_fire_counts_what_rounding_gives(steps):
    drive = torch.rand(1000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    spikes = events.integrate_and_fire(drive, steps)
    assert torch.equal(spikes, torch.floor(drive * steps + 0.5))
    assert torch.equal(spikes, Code(steps)(drive[:, None], torch.ones(1))[1][:, 0])
    with pytest.raises(ValueError, match="steps: got 0"):
        events.integrate_and_fire(drive, 0)


def test_a_threshold_silences_small_numbers_only():
    x, clip = values(), torch.full((6,), 2.0)
    arrived, sent = Code(threshold=0.25)(x, clip)
    small = x.abs() < 0.5
    assert (arrived[small] == 0).all() and (sent[small] == 0).all()
    assert torch.equal(arrived[~small], Code()(x, clip)[0][~small])


def test_wrong_codes_are_refused():
    for steps, threshold in ((-1, 0.0), (0, 1.5), (4, 0.1)):
        with pytest.raises(ValueError, match="steps: got -1|threshold: got"):
            Code(steps, threshold)


def hooks(model) -> list[tuple[int, int]]:
    """Hooks of every module; transformers may keep some of its own on a model."""
    return [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]


def test_taps_see_every_stream_and_leave_no_hook(model, tokens):
    before, hooked = events.embeddings(model, tokens), hooks(model)
    seen = events.record(model, tokens)
    assert set(seen) == {(block, stream) for block in range(6) for stream in STREAMS}
    assert seen[0, "hidden"].shape == (tokens.numel(), 1536)
    assert seen[3, "block input"].shape == (tokens.numel(), 384)
    attention = model.encoder.layer[0].attention
    with torch.no_grad():
        queries = attention.self.query(seen[0, "block input"])
    assert torch.allclose(queries, seen[0, "queries"], atol=1e-5)
    assert torch.equal(events.embeddings(model, tokens), before)
    assert hooks(model) == hooked


def test_levels_are_quantiles_that_fit_best(model, tokens):
    seen = {(0, "hidden"): values(5)}
    levels = events.quantiles(seen)
    assert levels[0, "hidden"].shape == (len(events.CLIPS), 5)
    assert torch.equal(levels[0, "hidden"][0], seen[0, "hidden"].abs().max(dim=0).values)
    for code in (Code(), Code(2)):
        chosen = events.clip_levels(seen, levels, code)[0, "hidden"]
        errors = [
            float(((code(seen[0, "hidden"], at)[0] - seen[0, "hidden"]) ** 2).mean())
            for at in levels[0, "hidden"]
        ]
        assert torch.equal(chosen, levels[0, "hidden"][int(np.argmin(errors))])
    # With few levels it pays to clip the tails.
    assert (chosen < levels[0, "hidden"][0]).all()


def test_coded_runs_count_messages_and_more_steps_lose_less(model, tokens):
    seen = events.record(model, tokens)
    levels, plain = events.quantiles(seen), events.embeddings(model, tokens)
    losses = []
    for code in (Code(2), Code(40), Code()):
        clips = events.clip_levels(seen, levels, code)
        arrived, sent = events.coded(model, tokens, code, clips)
        losses.append(float((1 - torch.cosine_similarity(arrived, plain)).mean()))
        assert all(units.shape[0] == len(tokens) for units in sent.values())
        assert all(units.min() >= 0 and units.max() <= (code.steps or 1) for units in sent.values())
    assert losses[0] > losses[1] > losses[2] > 0


def test_a_sweep_keeps_every_stream_and_document(model, tokens):
    documents = np.array([0, 0, 1, 1])
    codes = events.sweep(model, [Code(), Code(3)], tokens, tokens, documents)
    assert {len(units) for units in codes.per_unit(Code()).values()} == {384, 1536}
    assert codes.frame["loss"].between(0, 2).all()
    rate = codes.frame[codes.frame["steps"] == 3]["messages"].unique()
    assert (
        rate == pytest.approx(codes.total(Code(3))) == pytest.approx(codes.totals[Code(3)].mean())
    )
    arrived = codes.arrivals(Code())
    expected = codes.per_unit(Code())["block input"].sum()
    assert arrived["layer.attention.self.query"] == pytest.approx(expected)
    assert arrived["layer.attention.self.key"] == arrived["layer.attention.self.query"]


def test_curves_are_means_over_documents():
    frame = pd.DataFrame(
        {"code": "graded", "steps": 0, "threshold": 0.0, "document": [0, 0, 1, 2],
         "loss": [0.1, 0.3, 0.5, 0.9], "messages": 7.0}
    )  # fmt: skip
    (row,) = Codes(frame, {}, {}, 1.0).curves.to_dict("records")
    assert row["loss"] == pytest.approx((0.2 + 0.5 + 0.9) / 3)
    assert row["half_width"] == pytest.approx(4.302653 * np.std([0.2, 0.5, 0.9], ddof=1) / 3**0.5)
