"""Hard heads: measured beside predicted, longer queries, and claims that can fail."""

import numpy as np
import pandas as pd
import pytest

from brainbook.models.astrocyte.tuned import KINDS, trial
from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.pages.attention.hard_heads import (
    claims as hard_heads_claims,
)
from brainbook.pages.attention.hard_heads import (
    difficulty as head_difficulty,
)
from brainbook.pages.attention.hard_heads import (
    stretching as hard_heads,
)
from brainbook.pages.attention.hard_heads.learning import METHODS, STARTS
from brainbook.pages.attention.hard_heads.meaning import LABELS, MAPS
from brainbook.pages.attention.hard_heads.stretching import (
    first_order,
    head_errors,
    stretched,
    within_layers,
)


@pytest.fixture(scope="module")
def small():
    return calibration_passages(24, 6)[:12]


@pytest.fixture
def few_passages(monkeypatch, small):
    for module in (head_difficulty, hard_heads):
        monkeypatch.setattr(module, "calibration_passages", lambda tokens: small)


def test_errors_and_predictions_are_those_of_the_trials(few_passages):
    frame = head_errors(16, (0, 1), 3, tokens=24)
    assert len(frame) == 2 * 72
    place = ["document", "layer", "head"]
    left = head_difficulty.unreached(16, 3, (0, 1), tokens=24).sort_values(place)
    ours = frame.sort_values(place)
    for column in ("unreached", "predicted"):
        np.testing.assert_allclose(ours[column], left[column], rtol=1e-9)
    documents = held_out_passages((0, 1), 24)
    known = calibration_passages(24, 6)[:12]
    tried = trial(KINDS[0], 2, 16, 3, documents=documents, calibration=known)
    theirs = tried.query("part == 'output' and split == 'test'").sort_values(place)
    np.testing.assert_allclose(ours.query("layer == 2")["error"], theirs["error"], rtol=1e-5)


def test_longer_queries_are_sharper_and_leave_more(few_passages):
    frame = stretched(16, (0.5, 1.0, 2.0), (0, 1), tokens=24)
    assert len(frame) == 3 * 2 * 6
    middle = frame.groupby("factor")[["perplexity", "unreached", "predicted", "error"]].median()
    assert middle["perplexity"].is_monotonic_decreasing
    for column in ("unreached", "predicted", "error"):
        assert middle[column].is_monotonic_increasing
    assert frame.equals(stretched(16, (0.5, 1.0, 2.0), (0, 1), tokens=24))
    assert {claim.status for claim in hard_heads_claims.stretched(twice(frame))} == {"holds"}


def twice(frame):
    """The same with a third seed, so that an interval exists."""
    return pd.concat([frame, frame.query("seed == 0").assign(seed=2)])


def test_a_factor_of_zero_is_refused():
    with pytest.raises(ValueError, match="factors: got"):
        stretched(16, (0.0, 1.0), (0,), tokens=24)


def test_a_vector_added_to_all_keys_changes_nothing():
    assert hard_heads.moved_keys(0) < 1e-10
    (claim,) = hard_heads_claims.exact(0)
    assert claim.status == "holds"


def test_first_order_holds_for_small_errors_and_fails_for_large_ones():
    ratios = [first_order(seed) for seed in range(5)]
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios, ddof=1) / 5**0.5)
    assert abs(first_order(0, share=4.0) - 1) > 0.2


def planted(cause=True):
    """Heads whose error is the prediction times three, and key length unrelated to it."""
    generator = np.random.default_rng(0)
    layer, head = np.indices((6, 12)).reshape(2, -1)
    frames = []
    predicted = np.exp(generator.normal(size=72) + 2 * layer)
    keys = generator.uniform(1, 100, 72)
    order = predicted if cause else np.exp(generator.normal(size=72))
    for document in range(5):
        frames.append(
            pd.DataFrame(
                {
                    "document": document,
                    "layer": layer,
                    "head": head,
                    "error": 3 * order * np.exp(generator.normal(size=72) / 10),
                    "predicted": predicted,
                    "perplexity": 1 / order + generator.uniform(0, 1, 72),
                    "key_norm": keys,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def test_within_layers_the_layer_does_not_matter():
    frame = planted()
    errors, measured = frame[["layer", "head", "error"]], frame.drop(columns="error")
    table = within_layers(errors, measured)
    lifted = errors.assign(error=errors["error"] * 10.0 ** errors["layer"])
    pd.testing.assert_frame_equal(table, within_layers(lifted, measured))
    assert table.set_index("quantity").loc["predicted", "rho"] > 0.9


def test_claims_on_hardness_hold_where_planted_and_fail_where_not():
    frame = planted()
    held = hard_heads_claims.hardness(frame, frame.drop(columns="error"))
    status = {claim.id: claim.status for claim in held}
    assert status["hard-prediction"] == status["hard-better-than-key-norm"] == "holds"
    assert status["hard-sharp"] == status["hard-too-low"] == "holds"
    frame = planted(cause=False)
    failed = hard_heads_claims.hardness(frame, frame.drop(columns="error"))
    status = {claim.id: claim.status for claim in failed}
    assert status["hard-prediction"] == status["hard-better-than-perplexity"] == "fails"


def meant(tuned):
    generator = np.random.default_rng(0)
    rows = [
        {"map": kind, "label": label, "layer": layer, "head": 0, "seed": seed}
        | {"adjusted": 0.2 + value(label, layer) + generator.normal() / 100}
        for kind, value in zip(MAPS, (tuned, lambda *_: 0), strict=True)
        for label in LABELS
        for layer in range(6)
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def test_claims_on_meaning_hold_where_planted_and_fail_without():
    def tuned(label, layer):
        return {"token": 0.3 - layer / 10, "position": layer / 10}.get(label, 0.1)

    assert {one.status for one in hard_heads_claims.meaning(meant(tuned))} == {"holds"}
    nothing = hard_heads_claims.meaning(meant(lambda *_: -0.1))
    assert all(one.status == "fails" for one in nothing[:3])


def taught(errors):
    """Five seeds around the given held-out error of each method; known text less, more so later."""
    generator = np.random.default_rng(0)
    rows = [
        {"method": method, "split": split, "seed": seed, "steps": steps, "units": 8}
        | {"error": errors[method] - drop + generator.normal() / 1000}
        for method in METHODS
        for steps in (10, 40)
        for split, drop in (("test", 0), ("calibration", steps / 800 * (method in STARTS)))
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def test_claims_on_learning_hold_where_planted_and_fail_where_reversed():
    ranked = dict(zip(METHODS, (0.6, 0.4, 0.4, 0.5, 0.2), strict=True))
    held = hard_heads_claims.learning(taught(ranked))
    assert {one.status for one in held} == {"holds"}
    reversed_ = {method: 0.8 - error for method, error in ranked.items()}
    status = {one.id: one.status for one in hard_heads_claims.learning(taught(reversed_))}
    assert status["hard-gap"] == "holds"
    assert {status[f"hard-{name}"] for name in ("start", "no-gradient", "mimicry", "inhibition")} \
        == {"fails"}  # fmt: skip
