"""Data sets are split without leaks, and by the seed alone."""

from __future__ import annotations

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
