"""The claims on printed tables and break-even: they hold, and they can fail."""

from __future__ import annotations

import pandas as pd
import pytest

from brainbook.pages.limitations.spiking.claims import (
    break_even_claims,
    published_claims,
    reprint_claims,
)
from brainbook.pages.limitations.spiking.measure import BreakEven, measure_published
from opjoules.pricing import break_even
from opjoules.published import spiking as published


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return measure_published()


def test_every_printed_row_has_a_claim_that_holds(rows):
    found = published_claims(rows, "x")
    assert {c.status for c in found} == {"holds"}
    assert len({c.id for c in found}) == len(found)
    numbers = [c for c in found if c.id.startswith("x-published-")]
    assert len(numbers) == len(rows)
    assert all(c.tolerance <= 0.01 * c.expected for c in numbers)


def test_a_misprint_would_be_seen(rows):
    wrong = rows.assign(published_mj=rows["published_mj"] * 1.03)
    numbers = [c for c in published_claims(wrong, "x") if "published" in c.id]
    assert {c.status for c in numbers} == {"fails"}


def test_another_stem_would_be_seen(rows):
    own = rows.assign(residual_mj=rows["own_width_mj"])
    status = {c.id: c.status for c in published_claims(own, "x")}
    assert status["x-stem-spikformer-8-384"] == status["x-stem-spikformer-8-768"] == "fails"
    assert status["x-own-stem-spikformer-8-384"] == "fails"


def test_unconfirmed_rows_carry_no_claim(rows):
    assert published_claims(rows.assign(status="unconfirmed"), "x") == []


@pytest.mark.parametrize(("timesteps", "neurons"), [(8, 128), (16, 128), (12, 1024)])
def test_the_break_even_meets_its_closed_forms(timesteps, neurons):
    exact, law = break_even_claims("x", timesteps, neurons)
    assert exact.kind == "exact" and exact.status == "holds"
    assert law.kind == "law" and law.status == "holds"


def test_the_three_tables_go_into_one():
    curves = break_even.with_memory("45nm_fp32", [2], [(8, 8)])
    layers = pd.DataFrame({"timesteps": [2], "rate_1": [0.1]})
    frame = BreakEven(curves, break_even.thresholds(), layers).frame
    assert set(frame["part"]) == {"curve", "threshold", "layer"}
    assert len(frame) == len(curves) + len(break_even.thresholds()) + 1


def test_second_prints_and_missing_rows_have_claims_that_hold_and_can_fail():
    tables = [published.conflicts(), published.review_price(), published.missing()]
    assert [c.status for c in reprint_claims(*tables, "x")] == ["holds"] * 3
    tables[0]["second_mj"] += 0.1
    tables[1].loc[0, "price_fj"] += 1
    tables[2]["implied_rate"] /= 2
    assert [c.status for c in reprint_claims(*tables, "x")] == ["fails"] * 3
