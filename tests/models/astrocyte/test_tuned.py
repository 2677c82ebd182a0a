"""Trials of tuned units on MiniLM: what was seen, what was not, and the frame they give."""

import pytest
import torch

from brainbook.evidence.datasets import TEST_TEXTS, docstrings, runs_of_words, text
from brainbook.models.astrocyte import tuned as landmark_trials
from brainbook.models.astrocyte.tuned import KINDS, fitted, trial


@pytest.fixture(autouse=True)
def few_passages(monkeypatch):
    """Twelve short calibration passages instead of a hundred long ones."""
    small = landmark_trials._calibration.__wrapped__(24, 6)
    monkeypatch.setattr(landmark_trials, "calibration", lambda tokens: tuple(x[:12] for x in small))


def test_no_calibration_docstring_repeats_eight_words_of_a_test_document():
    unseen = runs_of_words((text(name) for name in TEST_TEXTS), 8)
    assert len(unseen) > 1000
    assert not runs_of_words(docstrings(), 8) & unseen


def test_a_docstring_that_repeats_a_test_document_is_dropped(monkeypatch, tmp_path):
    package = tmp_path / "copied"
    package.mkdir()
    stolen = " ".join(text("iris").split()[20:60])
    own = "Words of its own that no one else wrote. " * 8
    body = f'"""{stolen}"""\n\ndef own():\n    """{own}"""\n'
    (package / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    (kept,) = docstrings("copied")
    assert stolen[:40] not in kept and "Words of its own" in kept


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_reports_every_head_of_a_layer_on_known_and_on_held_out_text(kind):
    frame = trial(kind, 2, 32, 1, documents=(0, 1), tokens=24)
    cells = frame.groupby(["document", "split", "part"])["head"].nunique()
    assert (cells == 12).all() and len(cells) == 2 * 2 * 2
    assert set(frame["split"]) == {"test", "calibration"}
    assert frame["layer"].eq(2).all() and frame["map"].eq(kind).all()
    assert frame["error"].between(0, 50).all()
    again = trial(kind, 2, 32, 1, documents=(0, 1), tokens=24)
    assert frame.equals(again)
    assert not frame["error"].equals(trial(kind, 2, 32, 2, documents=(0, 1), tokens=24)["error"])


def test_fitting_does_not_look_at_the_test_text(monkeypatch):
    monkeypatch.setattr(landmark_trials, "minilm_input", None)
    units = fitted(KINDS[0], 0, 8, 0, tokens=24).units
    assert units.weight.shape == (12, 8, 32) and torch.isfinite(units.weight).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="kind: got 'random'"):
        fitted("random", 0, 8, 0, tokens=24)
    with pytest.raises(ValueError, match="layer: got 6; allowed are 0 to 5"):
        fitted(KINDS[0], 6, 8, 0, tokens=24)
