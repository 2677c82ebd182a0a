"""Erasing in vectors and inside an encoder."""

from __future__ import annotations

import numpy as np
import pytest

from brainbook.models.language import steering
from brainbook.pages.limitations.control import erasing
from brainbook.pages.limitations.control.erasing import FRESH, INTACT, KERNEL, LEAST, MEANS, SAME


def test_every_eraser_is_measured_in_every_repetition(erased):
    assert (erased.groupby("seed")["eraser"].agg(tuple) == erasing.ERASERS).all()
    assert erased[[SAME, FRESH, KERNEL]].stack().between(0, 1).all()


def test_erasers_leave_no_linear_trace_where_they_were_fitted(erased):
    cross = erased.groupby("eraser")["cross"].max()
    assert cross[LEAST] < 1e-12 and cross[MEANS] < 1e-12 < 1e-3 < cross[INTACT]
    assert (erased.loc[erased["eraser"] == INTACT, "size"] == 0).all()


def test_more_text_is_more_passages_of_the_same_order(text):
    sizes = text.pivot_table(index="seed", columns="share", values="passages")
    assert (sizes[1.0] // 2 == sizes[0.5]).all() and (sizes.diff(axis=1).iloc[:, 1:] > 0).all(
        axis=None
    )


def test_erased_everywhere_the_end_does_not_covary_either(encoder, passages):
    """An eraser at the last layer, too, leaves the mean over tokens without the concept."""
    fit = np.ones(len(passages.library), bool)
    fit[:2] = False
    start, layers = steering.embedded(encoder, passages.ids), range(steering.depth(encoder) + 1)
    left, ends, cross = erasing.erased_inside(encoder, start, passages.library, fit, layers)
    assert ends.shape == (2, encoder.config.hidden_size) and cross < 1e-10
    np.testing.assert_array_equal(left, ends)  # nothing runs behind the last eraser
    other = erasing.erased_inside(encoder, start, np.arange(len(fit)) % 2, fit, [0])
    assert not np.allclose(ends, other[1], atol=1e-3)
    assert not np.allclose(other[0], other[1], atol=1e-3)


def test_depth_has_a_row_for_each_place_and_the_same_intact_value(depth):
    assert (depth.groupby("seed")["layer"].agg(tuple) == (*erasing.ERASED, erasing.EVERY)).all()
    assert (depth.groupby("seed")["intact"].nunique() == 1).all()
    assert depth["here"].max() < 1e-10 and depth[["left", "end"]].stack().between(0, 1).all()
    last = depth[depth["layer"] == erasing.ERASED[-1]]
    assert (last["left"] == last["end"]).all()


def test_an_eraser_that_does_nothing_is_noticed(encoder, passages, monkeypatch):
    monkeypatch.setattr(erasing.erasure, "leace", lambda x, z: erasing.erasure.nothing(x))
    fit = np.ones(len(passages.library), bool)
    fit[:2] = False
    start = steering.embedded(encoder, passages.ids)
    *_, cross = erasing.erased_inside(encoder, start, passages.library, fit, [0])
    assert cross > 1e-3


def test_too_few_passages_are_refused(encoder, passages):
    with pytest.raises(ValueError):
        erasing.measure_depth(encoder, passages, (0,), 10**6)
