"""Category errors are refused; sound comparisons agree with arithmetic by hand."""

from __future__ import annotations

import pytest

from brainbook.pages.limitations.energy import comparisons
from opjoules.units import convert


def test_every_category_error_is_refused():
    table = comparisons.refused()
    assert len(table) == len(comparisons.REFUSED) and table["refused"].all()


def test_the_check_sees_a_conversion_that_works(monkeypatch):
    monkeypatch.setattr(comparisons, "REFUSED", (("kilowatt_hour", "joule", "none"),))
    assert not comparisons.refused()["refused"].any()


@pytest.mark.parametrize("unit,to,_mistake", comparisons.REFUSED)
def test_the_error_names_both_units(unit, to, _mistake):
    with pytest.raises(ValueError, match="unit") as caught:
        convert(1.0, unit, to)
    assert unit in str(caught.value) and to in str(caught.value)


def test_a_lifetime_by_hand():
    assert comparisons.lifetime_mwh(20, 20) == pytest.approx(20 * 20 * 365.25 * 24 / 1e6)
    with pytest.raises(ValueError, match="years"):
        comparisons.lifetime_mwh(20, 0)


def test_sound_comparisons_by_hand():
    table = comparisons.measure_comparisons(20)
    assert table["ratio"].iloc[0] == pytest.approx(1287 / (20 * 20 * 365.25 * 24 / 1e6))
    assert table["ratio"].iloc[1] == pytest.approx(200 * table["ratio"].iloc[0])
    assert table["ratio"].iloc[2] == pytest.approx(0.24 * 3600 / (20 * 60))
    assert table["ratio"].iloc[3] == pytest.approx(3.5 / (20 * 60 / 238))
    assert comparisons.measure_comparisons(40)["ratio"].iloc[0] == pytest.approx(
        table["ratio"].iloc[0] / 2
    )
    assert table["leaves_out"].str.len().min() > 20 and table["source"].notna().all()
