"""What the page measures, at a small size."""

import numpy as np
import pytest
from transformers import BertConfig

from brainbook.evidence import facts, pretrained
from brainbook.evidence.datasets import digits
from brainbook.pages.attention import astrocytes as page
from brainbook.pages.attention.astrocytes import measure
from brainbook.pages.attention.astrocytes.measure import (
    BERT_INIT,
    BERT_WIDTH,
    GAUSSIAN,
    LAW,
    WIDE,
    first_of_each_digit,
    log_gain,
    log_lead,
    typical_heads,
)


def test_budget_is_synapses_over_width(measured):
    table = facts.table("astrocyte_cells.csv").set_index("key")["value"]
    for row in measured.cells.itertuples():
        assert row.synapses == table[f"{row.species}_synapses_{row.bound}"]
        assert row.units * row.d_head <= row.synapses < (row.units + 1) * row.d_head
    curve = measured.gaussian.curve("output", WIDE).median()
    row = measured.cells.query("d_head == 64 and species == 'rodent' and bound == 'high'").iloc[0]
    assert curve[2048] < row["error"] < curve[1024]  # 1,875 units lie between


def test_settings_have_the_variance_of_an_untrained_bert():
    config = BertConfig()
    assert (config.initializer_range, config.hidden_size) == (BERT_INIT, BERT_WIDTH)
    minilm, _ = pretrained.minilm()
    for name, width in ((LAW, minilm.config.hidden_size), (WIDE, BERT_WIDTH)):
        assert GAUSSIAN[name][1] == pytest.approx(BERT_INIT**2 * width)


def test_closed_form_of_a_head_is_solved_for_the_goal(measured):
    heads = typical_heads(page.measure_heads(measured.minilm, 2048))
    assert len(heads) == 72
    error = 10 ** (heads["log10_c"] - heads["log10_units"] / 2)  # c / sqrt(m)
    assert np.allclose(error, measure.GOAL)


def test_gains_and_leads_are_logs_of_ratios(measured):
    minilm, (small, large) = measured.minilm, measured.published
    curve = minilm.curve("output")
    gain = log_gain(minilm, "output", (small, large))
    assert np.allclose(np.exp(gain), curve[small] / curve[large])
    lead = log_lead(minilm, "uniform", "block", large)
    assert np.allclose(
        np.exp(lead) * minilm.curve("block")[large], minilm.floor("uniform", "block")
    )


def test_images_are_the_first_of_every_digit():
    split = digits(0)
    for digit, image in enumerate(first_of_each_digit(split)):
        of_digit = split.test_images[split.test_labels == digit]
        assert np.array_equal(image, of_digit[0])


def test_without_the_originals_the_page_shows_its_own(monkeypatch, tmp_path, measured):
    for name in measure.ORIGINALS:
        monkeypatch.setitem(pretrained.HUB, name, pretrained.Original(str(tmp_path), "main"))
    traces = page.measure_traces(measured.minilm, measured.vision)
    assert traces == [*measured.minilm.traces, measured.vision.trace]
