"""The two tasks, and ways to train on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from brainbook.pages.limitations.plausibility import attention as page
from brainbook.pages.limitations.plausibility.attention import DIGITS, READOUT, RECALL


def test_recall_has_one_right_answer():
    tokens, answers = page.recall(50, torch.Generator().manual_seed(0))
    same = (tokens[:, :1, : page.CODE] == tokens[:, 1:, : page.CODE]).all(dim=-1)
    assert torch.all(same.sum(dim=1) == 1)
    values = tokens[:, 1:, page.CODE :][same].argmax(dim=-1)
    assert torch.equal(values, answers) and float(tokens[:, 0, page.CODE :].abs().max()) == 0


def test_patches_keep_every_pixel():
    tokens = page.patches(torch.arange(64.0).reshape(1, 64))
    assert tokens.shape == (1, 5, 16) and float(tokens[0, 0].abs().max()) == 0
    assert tokens[0, 1].tolist()[:5] == [0, 1, 2, 3, 8]
    assert sorted(tokens[0, 1:].flatten().tolist()) == list(range(64))


@pytest.mark.parametrize("name", [DIGITS, RECALL])
def test_sources_repeat_and_keep_parts_apart(name):
    one, again, other = (
        page.open_source(name, (0, 0, 1), p) for p in ("test", "test", "validation")
    )
    tokens, labels = one.learn(8)
    assert tokens.shape[:2] == (3, 8) and tokens.shape[-1] == page.TASKS[name].shape.inputs
    assert torch.equal(tokens, again.learn(8)[0]) and torch.equal(tokens[0], tokens[1])
    held_out = one.held_out(20)
    assert held_out[0].shape[1] == held_out[1].shape[1]
    assert not torch.equal(held_out[0][:, :20], other.held_out(20)[0][:, :20])


def test_frozen_parameters_stay_and_a_short_run_repeats():
    task, way = replace(page.TASKS[DIGITS], steps=20), page.WAYS[READOUT]
    first, again = (
        page.train(task, way, page.open_source(DIGITS, (0,), "test"), (0,), (0.02,)) for _ in "ab"
    )
    assert first.equals(again) and task.chance < first["accuracy"][0] <= 1
    assert not any(name.startswith(way.frozen) for name in ("head",))
    assert all(name.startswith(way.frozen) for name in task.shape.maps if name != "head")


def test_every_way_is_measured_on_its_task(attended):
    ways = attended.groupby("task", sort=False)["way"].unique()
    assert {name: tuple(ways[name]) for name in ways.index} == {
        name: task.ways for name, task in page.TASKS.items()
    }
    assert attended.columns[:5].tolist() == ["seed", "rate", "way", "task", "accuracy"]
