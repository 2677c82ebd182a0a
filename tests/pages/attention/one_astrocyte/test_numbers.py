"""Numbers of the prose are those of the results."""

import numpy as np

from brainbook.models.features.landmarks import Landmarks
from brainbook.models.features.maps import Positive
from brainbook.pages.attention import one_astrocyte as page


def test_numbers_follow_the_results(measured):
    told = page.numbers(measured)
    ours = measured.tuned.medians().loc[Landmarks.name]
    assert told["ours"] == ours[200].median() and told["mean"] == ours[200].mean()
    assert told["low"] == ours[64].median() and told["tiny"] == ours[4].median()
    assert told["below"] == (ours[200] < 0.1).sum()
    assert told["theirs"] == measured.published.curve("output")[512].median()
    rows = measured.unbiased.query("part == 'output' and units == 200")
    assert told["plain"] == rows[rows["map"] == Positive.name]["error"].median()
    assert told["within"] == np.isfinite(measured.needed["units"]).sum() <= told["heads"] == 72
    quiet = measured.noisy.query("ridge == 0.001 and noise == 0")
    assert told["quiet"] == quiet["error"].median()
    assert told["negative"] == 100 * quiet["negative"].median()
    assert told["lateral"] == 0.04 and told["wired"] == 200 * 32
    assert all(np.isfinite(value) for key, value in told.items() if key != "middle")
