"""Sweeps over tuned units: the shape of the frames."""

import pytest

from brainbook.models.attention.minilm_text import calibration_passages, held_out_passages
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.pages.attention.one_astrocyte.sweeps import FEW, tuned_sweep


def test_a_sweep_covers_all_heads_documents_and_sizes():
    small = tuned_sweep(
        (4, 16),
        (24, 32),
        (16, 24),
        held_out_passages(range(3), 24),
        calibration_passages(24, 8)[:12],
        draws=2,
    )
    heads = small.errors().groupby(["map", "units", "draw", "seed"])["head"].count()
    assert (heads == 72).all()
    assert set(heads.index.droplevel(["draw", "seed"])) == {
        (Landmarks.name, 4),
        (Landmarks.name, 16),
        (Landmarks.name, 24),
        (Landmarks.name, 32),
        (Gated.name, 16),
        (Gated.name, 24),
    }
    own = small.frame.query("units < 24")
    assert (own["draw"] == own["seed"]).all()
    known = small.errors(split="calibration").groupby("units")["seed"].nunique()
    assert known.to_dict() == {4: 3, 16: 3, 24: 3, 32: FEW}
    assert len(small.frame.query("units == 32").groupby(["draw", "seed"])) == 2 * 3
    assert [trace.title.split(":")[0] for trace in small.traces] == ["best", "median", "worst"]
    assert set(small.traces[0].log_p) == {32} and len(small.traces[0].log_z) == 24
    table = small.medians()
    assert list(table.columns) == [4, 16, 24, 32] and len(table.loc[Landmarks.name]) == 3


def test_sizes_must_not_overlap():
    with pytest.raises(ValueError, match="large: got"):
        tuned_sweep((4, 16), (16,), (), {}, ())
