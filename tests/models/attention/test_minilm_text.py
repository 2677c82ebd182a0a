"""Passages of token numbers: what they hold, where they come from, what is held out."""

import pytest

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import (
    CALIBRATION_TEXTS,
    TEST_TEXTS,
    docstrings,
    reference_texts,
    runs_of_words,
    text,
)
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    calibration_passages,
    held_out_passages,
    passages,
    passages_of,
    reference_passages,
    token_numbers,
)


def inner(some):
    """Token numbers without the marks at both ends, joined."""
    return [number for ids in some for number in ids[1:-1]]


def test_passages_follow_one_another_between_marks():
    _, tokenizer = pretrained.minilm()
    found = passages(text("iris"), 60)
    whole = tokenizer(text("iris")).input_ids  # with one mark at each end
    assert inner(found) == whole[1 : 1 + 58 * len(found)] and len(whole) - 2 < 58 * (len(found) + 1)
    assert all((ids[0], ids[-1]) == (whole[0], whole[-1]) for ids in found)
    assert passages_of(["iris"], 60, limit=2) == found[:2]


def test_a_document_that_is_too_short_is_named():
    length = len(token_numbers(text("linnerud")))
    with pytest.raises(ValueError, match=f"'linnerud' allows from 3 to {length + 2}"):
        passages_of(["linnerud"], 196)


def test_seeds_read_other_documents_and_more_seeds_than_documents_are_refused():
    count = len(LONG_TEST_TEXTS)
    assert len(set(held_out_passages(range(count), 40).values())) == count
    with pytest.raises(ValueError, match=f"seeds: got .*allowed are 0 to {count - 1}"):
        held_out_passages(range(count + 1), 40)


def test_calibration_holds_all_of_its_documents_and_none_of_the_test_documents():
    found = calibration_passages(40, 20)
    assert list(found[20:]) == passages_of(CALIBRATION_TEXTS, 40)
    assert len(set(found[:20])) == 20
    cut = {ids for one in docstrings() if len(one) >= 8 * 40 for ids in passages(one, 40)}
    assert set(found[:20]) <= cut
    assert not set(found) & set(passages_of(TEST_TEXTS, 40))


def test_no_calibration_text_repeats_eight_words_of_a_test_document():
    unseen = runs_of_words((text(name) for name in TEST_TEXTS), 8)
    assert len(unseen) > 1000
    assert not runs_of_words(docstrings(), 8) & unseen
    assert not runs_of_words(map(text, CALIBRATION_TEXTS), 8) & unseen


def test_reference_passages_are_the_beginnings_of_their_topics():
    found, texts = reference_passages(3, 40), reference_texts(3)
    assert list(found) == list(texts)
    for name, ids in found.items():
        assert len(ids) == 40 and list(ids[1:-1]) == token_numbers(texts[name])[:38]
        assert ids == passages(texts[name], 40)[0]
    with pytest.raises(ValueError, match="count: got -1"):
        reference_passages(-1)
    with pytest.raises(ValueError, match=f"tokens: got 5000; {next(iter(texts))!r} allows"):
        reference_passages(1, 5000)


def test_no_reference_text_repeats_eight_words_of_calibration_text():
    """Of any docstring, drawn or not, and of any calibration document."""
    known = runs_of_words(docstrings(), 8) | runs_of_words(map(text, CALIBRATION_TEXTS), 8)
    found = {name: runs_of_words([one], 8) for name, one in reference_texts(30).items()}
    assert len(known) > 10_000 and min(map(len, found.values())) > 100
    assert [name for name, runs in found.items() if runs & known] == []


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
