"""What the page measures, at a small size."""

import numpy as np
import pytest

from brainbook.models.astrocyte.sweep import minilm_sweep
from brainbook.models.attention.minilm_text import held_out_passages
from brainbook.models.features.landmarks import Landmarks
from brainbook.models.features.maps import Positive
from brainbook.pages.attention import astrocytes
from brainbook.pages.attention import one_astrocyte as page
from brainbook.pages.attention.one_astrocyte import measure
from brainbook.pages.attention.one_astrocyte.measure import (
    loss_by_noise,
    on_same_heads,
    typical_errors,
)


def test_tuned_units_reach_all_heads_and_beat_the_published_ones(measured):
    tuned, published = measured.tuned, measured.published
    assert tuned.errors().groupby(["map", "units", "seed"])["head"].count().eq(72).all()
    ours = tuned.medians().loc[Landmarks.name]
    assert (ours[200] < ours[16]).all() and (ours[16] < ours[4]).all()
    assert (ours[64] < published.curve("output")[64]).all()


def test_two_pages_ask_for_the_same_sweep(monkeypatch):
    asked = []
    for package in (measure, astrocytes.measure):
        monkeypatch.setattr(package, "minilm_sweep", lambda *given: asked.append(given))
    page.measure_published(6, range(5))
    astrocytes.measure_minilm(astrocytes.sizes(6), range(5))
    assert asked[0] == asked[1] and asked[0][0] == held_out_passages(range(5))
    assert minilm_sweep.__module__ == "brainbook.models.astrocyte.sweep"


def test_budget_in_units_of_minilms_width(measured):
    units = page.measure_cells(measured.published).set_index(["species", "bound"])["units"]
    assert units["rodent", "high"] == 120_000 // 32 and units["human", "high"] == 2_000_000 // 32


def test_errors_are_compared_on_the_same_heads(measured):
    rows = on_same_heads(measured.tuned, measured.unbiased)
    assert set(rows["head"]) == {0} and set(rows["layer"]) == set(range(6))
    random = measured.unbiased.query("part == 'output'")
    plain = typical_errors(random, Positive.name, 64)
    one = random[(random["map"] == Positive.name) & (random["units"] == 64)]
    assert plain[1] == one[one["seed"] == 1]["error"].median()


def test_loss_is_the_log_of_errors_with_and_without_noise(measured):
    noisy = measured.noisy
    loss = loss_by_noise(noisy, 0.01)
    of_first = noisy.query("ridge == 0.01 and seed == 0").groupby("noise")["error"].median()
    assert loss[0] == pytest.approx(np.log(of_first[0.3] / of_first[0]))
