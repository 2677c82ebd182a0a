"""Counts, and passages."""

from __future__ import annotations

import pytest

from brainbook.evidence.datasets import TEST_TEXTS
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, WIDTH
from brainbook.pages.limitations.scale import cost, measure


def test_every_block_is_counted_at_every_length(result):
    table = result.counts.table
    by_part = table.groupby("part")["tokens"].agg(tuple)
    assert sorted(by_part["model"]) == sorted(measure.LENGTHS * LAYERS)
    assert by_part["block"] == (6 * WIDTH,)
    assert (table["weights"] == 12 * WIDTH**2).all()


def test_costs_cross_where_the_counts_say(result):
    table = result.counts.table
    doubled = measure.Counts(table.assign(attention=2 * table["attention"]), None)
    assert result.counts.crossover == pytest.approx(6 * WIDTH)
    assert doubled.crossover == pytest.approx(3 * WIDTH)


def test_attention_makes_as_many_products_as_the_weights_at_six_d(result):
    there = result.counts.table.query(f"tokens == {6 * WIDTH}").iloc[0]
    assert there["attention"] == there["weights"]


def test_linear_attention_is_cheaper_from_its_closed_form_on(result):
    for kind, tokens in result.linear.crossover.items():
        units = WIDTH // HEADS if kind == "elu" else int(kind)
        expected = cost.linear_crossover(WIDTH, HEADS, units, kind != "elu")
        assert tokens == pytest.approx(expected, rel=1e-12)


def test_linear_attention_costs_the_same_at_every_length(result):
    spread = result.linear.table.groupby("kind")["macs"].nunique()
    assert spread.drop(["softmax", "fused"]).eq(1).all()
    assert spread["softmax"] == result.linear.table["tokens"].nunique()
    assert set(result.linear.crossover.index) == {"elu", *map(str, measure.UNITS)}


def test_a_passage_of_each_document():
    passages = measure.open_passages(20)
    assert tuple(passages) == TEST_TEXTS and {len(p) for p in passages.values()} == {20}
