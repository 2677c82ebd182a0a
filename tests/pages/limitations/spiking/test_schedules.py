"""The figure's ratios are those of the networks and of the published pair."""

import pytest

from brainbook.pages.limitations.spiking.rivals import rival_ratios, size_ratios
from brainbook.pages.limitations.spiking.schedules import FREE, PUBLISHED, RIVALS, SAME, WORDS
from opjoules.pricing.schedules import IN_ACCUMULATORS, SCHEDULES


def test_every_case_has_every_schedule_and_memory_free_where_it_is_a_target(measured):
    cases = measured.schedules.groupby(["case", "words"])["schedule"].agg(set)
    skipping = cases.index.get_level_values("words") == WORDS["int8-skip"]
    assert all(found == {*SCHEDULES, FREE} for found in cases[~skipping])
    assert all(found == set(SCHEDULES) for found in cases[skipping])


def test_ratios_are_means_over_splits_with_their_interval(measured):
    rows = measured.schedules.set_index(["case", "words", "schedule"])
    for case, ratios in (
        (SAME, size_ratios(measured.networks, IN_ACCUMULATORS)),
        (RIVALS, rival_ratios(measured.networks, measured.margin, IN_ACCUMULATORS)),
    ):
        row = rows.loc[(case, "8 bits", IN_ACCUMULATORS)]
        assert row["ratio"] == pytest.approx(ratios["int8-memory"].mean())
        assert row["low"] <= row["ratio"] <= row["high"]


def test_the_published_pair_comes_with_the_ends_of_the_costs(measured):
    rows = measured.schedules[measured.schedules["case"] == PUBLISHED]
    assert (rows["low"] < rows["ratio"]).all() and (rows["ratio"] < rows["high"]).all()
    assert rows["words"].nunique() == 4
