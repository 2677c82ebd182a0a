"""Passages, their split, and the probes."""

from __future__ import annotations

import numpy as np
import pytest

from brainbook.evidence import pretrained
from brainbook.models.language.concept_erasure import leace
from brainbook.pages.limitations.control import measure


def test_parts_share_no_module():
    module = np.repeat(np.arange(40), 5)
    parts = measure.split(module, 0)
    assert sum(parts.values()).tolist() == [1] * 200
    kinds = [set(module[chosen]) for chosen in parts.values()]
    assert [len(kind) for kind in kinds] == [20, 10, 10]
    assert not kinds[0] & kinds[1] and not kinds[0] & kinds[2] and not kinds[1] & kinds[2]


def test_passages_are_runs_of_their_text_without_overlap():
    _, tokenizer = pretrained.minilm()
    texts = [" ".join([word] * 100) for word in ("astrocyte", "library", "short")] + ["too short"]
    ids, places = measure.cut(texts, 7, np.random.default_rng(0))
    assert ids.shape == (7, measure.TOKENS) and set(places) <= {0, 1, 2}
    assert (ids[:, 0] == tokenizer.cls_token_id).all()
    assert (ids[:, -1] == tokenizer.sep_token_id).all()
    for row, place in zip(ids, places, strict=True):
        assert tokenizer.decode(row[1:-1]).split()[1] == texts[place].split()[0]
    with pytest.raises(ValueError, match="count: got 99"):
        measure.cut(texts, 99, np.random.default_rng(0))


def test_both_libraries_have_as_many_passages_and_vectors_of_length_one():
    model, passages = measure.open_passages(3)
    assert passages.library.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.linalg.norm(passages.vectors, axis=1) == pytest.approx(np.ones(6))
    assert passages.vectors.shape == (6, model.config.hidden_size)
    assert not set(passages.module[:3]) & set(passages.module[3:])


@pytest.mark.parametrize("kernel", [False, True])
def test_a_probe_finds_what_is_there_and_nothing_else(kernel):
    generator = np.random.default_rng(0)
    z = np.arange(400) % 2
    x = generator.standard_normal((400, 3))
    train = np.arange(400) < 200
    assert 0.35 < measure.score(x, z, train, ~train, kernel) < 0.65
    x[:, 0] += 8 * z
    assert measure.score(x, z, train, ~train, kernel) > 0.95


def test_rounding_noise_of_a_dead_feature_is_no_concept():
    generator = np.random.default_rng(0)
    z = generator.integers(2, size=200)
    x = generator.standard_normal((200, 6)) + np.outer(z, [2, -1, 0, 0, 1, 0])
    dirty = np.hstack([leace(x, z)(x), 1e-14 * z[:, None]])
    everywhere = np.ones(200, bool)
    assert measure.score(dirty, z, everywhere, everywhere) == 0.5
