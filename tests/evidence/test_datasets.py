"""Data sets are split without leaks, and by the seed alone."""

from __future__ import annotations

from itertools import combinations
from pydoc_data.topics import topics

import numpy as np
import pytest

from brainbook.evidence import datasets


def test_no_digit_is_in_both_parts():
    split = datasets.digits(seed=0)
    assert len(split.train_labels) + len(split.test_labels) == 1797
    assert split.train_images.min() >= 0 and split.train_images.max() <= 1
    train = {image.tobytes() for image in split.train_images}
    shared = sum(image.tobytes() in train for image in split.test_images)
    assert shared == 0


def test_the_seed_decides_the_split():
    first, again, other = (datasets.digits(seed=s).test_images for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fraction", [0, 1, -0.1])
def test_a_split_with_nothing_on_one_side_is_refused(fraction):
    with pytest.raises(ValueError, match="test_fraction"):
        datasets.digits(0, fraction)


def test_calibration_and_test_texts_are_different_documents():
    assert not set(datasets.CALIBRATION_TEXTS) & set(datasets.TEST_TEXTS)
    texts = {n: datasets.text(n) for n in datasets.CALIBRATION_TEXTS + datasets.TEST_TEXTS}
    for text in texts.values():
        assert len(text) > 500 and "====" not in text
    calibration = " ".join(texts[n] for n in datasets.CALIBRATION_TEXTS)
    for name in datasets.TEST_TEXTS:
        middle = texts[name][len(texts[name]) // 2 :][:80]
        assert middle not in calibration


def test_an_unknown_text_is_told():
    with pytest.raises(ValueError, match="got 'moby_dick'"):
        datasets.text("moby_dick")


@pytest.fixture(scope="module")
def references() -> dict[str, str]:
    """All topics that there are; one more is refused with their number."""
    with pytest.raises(ValueError, match="count: got 100000; allowed are 0 to") as refused:
        datasets.reference_texts(100_000)
    return datasets.reference_texts(int(str(refused.value).split("0 to ")[1].split(",")[0]))


def test_reference_texts_are_the_longest_unseen_topics_first(references):
    assert len(references) > 20 and not set(references) & set(datasets.SEEN_TOPICS)
    assert set(datasets.SEEN_TOPICS) <= set(topics)
    lengths = [len(topics[name]) for name in references]
    assert lengths == sorted(lengths, reverse=True)
    assert list(datasets.reference_texts(4)) == list(references)[:4]
    assert datasets.reference_texts(0) == {}
    for one in references.values():
        assert len(one.split()) == 200 and "====" not in one
    with pytest.raises(ValueError, match="count: got -1"):
        datasets.reference_texts(-1)


def test_no_two_reference_texts_share_eight_words_nor_one_with_the_other_documents(references):
    runs = {name: datasets.runs_of_words([one], 8) for name, one in references.items()}
    assert min(map(len, runs.values())) > 100
    assert [pair for pair in combinations(runs, 2) if runs[pair[0]] & runs[pair[1]]] == []
    others = map(datasets.text, datasets.CALIBRATION_TEXTS + datasets.TEST_TEXTS)
    known = datasets.runs_of_words(others, 8)
    assert [name for name in runs if runs[name] & known] == []


def test_no_reference_text_repeats_a_topic_that_was_looked_at(references):
    looked_at = datasets.runs_of_words((topics[name] for name in datasets.SEEN_TOPICS), 8)
    repeated = {n for n, one in references.items() if datasets.runs_of_words([one], 8) & looked_at}
    assert repeated == set()


def test_a_topic_that_repeats_a_longer_one_is_left_out(monkeypatch):
    words = [f"word{number}" for number in range(600)]
    long, other = " ".join(words[:300]), " ".join(words[300:550])
    copied = " ".join(words[350:358] + words[550:] + words[:1] * 200)
    known = datasets.text("iris").split()[20:40]
    given = {
        "a": other,
        "b": long,
        "copied": copied,
        "document": " ".join([*known, *words[-220:]]),
        "few words": " ".join(words[-50:]),
        "quoted": " ".join([*(f"own{number}" for number in range(200)), *words[-250:]]),
        "try": " ".join([*(f"own{number}" for number in range(20, 40)), *words[-50:]]),
    }
    monkeypatch.setattr(datasets, "topics", given)
    found = datasets.reference_texts.__wrapped__(2)
    assert list(found) == ["b", "a"] and found["a"] == " ".join(words[300:500])
    with pytest.raises(ValueError, match="count: got 3; allowed are 0 to 2"):
        datasets.reference_texts.__wrapped__(3)
