"""Sweeps of the circuit in time on MiniLM: what each frame says, checked by other means."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.evidence import facts
from brainbook.models.astrocyte.noise import Cell
from brainbook.models.attention.softmax import mean_of_values, relative_error, softmax_attention
from brainbook.pages.attention.astrocytes_in_time import cell as limits
from brainbook.pages.attention.astrocytes_in_time import timing as trials

TOKENS = 32


@pytest.fixture(scope="module")
def passage():
    learned = trials.learned_units(32, 5, 0, TOKENS)
    return trials.passage(0, TOKENS, 64, learned)


def of(rows, **where):
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows.sort_values("head")["error"].to_numpy()


def test_a_passage_holds_three_circuits_for_all_heads(passage):
    assert passage.kernel.weight.shape == (72, TOKENS, TOKENS)
    assert {name: len(cells) for name, cells in passage.cells.items()} == {
        trials.LEARNED: 6,
        trials.RANDOM: 6,
    }
    output, _ = softmax_attention(*passage.problem.tensors)
    read = passage.kernel.read(passage.problem.value).output
    torch.testing.assert_close(read, output, atol=1e-5, rtol=1e-4)
    assert passage.cells[trials.RANDOM][0].trace.shape == (12, 64)


def test_the_clock_is_published_words_over_counted_tokens():
    rates = trials.seconds_per_token()
    published = [
        facts.value("astrocyte_dynamics.csv", f"{kind}_words_per_minute")
        for kind in ("reading", "aloud")
    ]
    assert rates["aloud"] / rates["reading"] == pytest.approx(published[0] / published[1])
    per_word = 60 / published[0] / rates["reading"]
    assert 1 < per_word < 4  # a word is at least one token


def test_leak_is_a_position_bias_and_vanishes_for_slow_decay(passage):
    rows = trials.over([passage], trials.leak, (8.0, 1e7))
    query, key, value = passage.problem.tensors
    scores = query @ key.mT
    bias = torch.arange(TOKENS) / 8.0
    expected = relative_error((scores + bias).softmax(-1) @ value, passage.exact[0])
    found = of(rows, decay=8.0, circuit=trials.EXACT, leak="both")
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    for leak in ("both", "trace alone", "trace alone, rescaled"):
        assert of(rows, decay=1e7, circuit=trials.EXACT, leak=leak).max() < 1e-4
    assert len(rows) == 2 * 3 * 3 * 72


def test_needed_decay_gives_the_error_asked_for():
    found = trials.needed_decay(1, TOKENS, 0.1)
    learned = trials.learned_units(8, 1, 0, TOKENS)
    passage = trials.passage(1, TOKENS, 8, learned)
    for head in (0, 40, 71):
        decay = float(found["decay"][head])
        rows = trials.over([passage], trials.leak, (decay,))
        error = of(rows, circuit=trials.EXACT, leak="both")[head]
        assert error == pytest.approx(0.1, rel=0.02)
    with pytest.raises(ValueError, match="target: got 1e-09"):
        trials.needed_decay(1, TOKENS, 1e-9)


def test_fast_calcium_does_no_harm_and_slow_calcium_does(passage):
    rows = trials.over([passage], trials.rise, (1e-3, 5.0))
    for part in ("reading", "writing, trace", "writing, synapses"):
        assert of(rows, rise=1e-3, part=part).max() < 0.01
        assert (of(rows, rise=5.0, part=part) > of(rows, rise=1e-3, part=part)).all()


def test_slopes_are_the_interval_over_published_decays():
    slopes = trials.slopes(0.5).set_index("what")
    cells = facts.table("astrocyte_cells.csv").set_index("key")["value"]
    row = slopes.loc["calcium, process"]
    assert row["steep"] == pytest.approx(0.5 / cells["process_decay_low"])
    assert row["flat"] == pytest.approx(0.5 / cells["process_decay_high"])
    assert slopes.loc["trained models (ALiBi)"].tolist() == [1 / 2, 1 / 256]


def test_fading_starts_from_plain_attention(passage):
    fading = trials.fading([passage], 0.1, bins=8)
    kept = fading[np.isinf(fading["decay"])]
    assert kept["weight"].tolist() == [1.0] * 8
    weight = passage.kernel.weight
    share = (weight / weight.sum(-1, keepdim=True)).mean((0, 1)).unflatten(0, (8, -1)).mean(-1)
    np.testing.assert_allclose(kept["share"], share, rtol=1e-4)
    leaking = fading[fading["decay"] == 4]
    assert leaking["weight"].is_monotonic_increasing and leaking["weight"].iloc[0] < 0.6


def test_measured_cell_without_limits_is_the_transformer(passage, monkeypatch):
    free = trials.published()
    free[["process_decay_low", "process_decay_high"]] = math.inf
    free[["process_rise_low", "process_rise_high"]] = 0.0
    free["covered_share"] = 1.0
    monkeypatch.setattr(trials, "published", lambda: free)
    rows = trials.over([passage], trials.measured_cell, 0.1)
    ideal = of(rows, compartment="process", ends="kind", circuit=trials.EXACT)
    assert ideal.max() < 1e-4
    finite = of(rows, compartment="process", ends="kind", circuit=trials.LEARNED)
    output = torch.cat([cell.output for cell in passage.cells[trials.LEARNED]])
    np.testing.assert_allclose(finite, relative_error(output, passage.exact[0]), rtol=1e-3)
    free["covered_share"] = 0.0
    rows = trials.over([passage], trials.measured_cell, 0.1)
    none = of(rows, compartment="process", ends="kind", circuit=trials.EXACT)
    np.testing.assert_allclose(none, limits.constant(passage), rtol=1e-3, atol=1e-5)


def test_summary_takes_the_median_head_and_the_range_of_seeds():
    rows = pd.DataFrame(
        [("process", "kind", "x", seed, seed * head) for seed in (1, 2, 5) for head in (1, 2, 9)],
        columns=["compartment", "ends", "circuit", "seed", "error"],
    )
    assert trials.over_seeds(rows).iloc[0, 3:].tolist() == [4, 2, 10]


def test_noise_frame_has_every_place_and_laws_that_hold_on_average(passage):
    rows = trials.over([passage], limits.noise, (0.05, 0.2))
    finite = {(c, p) for c in passage.cells for p in ("each trace", "each synapse", "offset")}
    exact = {(trials.EXACT, p) for p in ("token, both", "token, trace alone")}
    assert set(zip(rows["circuit"], rows["place"], strict=True)) == finite | exact
    ratio = rows[rows["place"] == "each synapse"]["square"].mean()
    assert ratio == pytest.approx(1, abs=0.1)
    again = trials.over([passage], limits.noise, (0.05, 0.2))
    pd.testing.assert_frame_equal(rows, again)


def test_baselines_are_uniform_attention_and_the_best_constant(passage):
    rows = trials.over([passage], limits.baselines)
    output, log_z = passage.exact
    uniform = relative_error(mean_of_values(passage.problem.value), output)
    np.testing.assert_allclose(rows["uniform"], uniform, rtol=1e-5)
    head = 17
    drive = output[head] * (log_z[head] - log_z[head].max()).exp().unsqueeze(-1)
    gains = torch.logspace(-1, 4, 4001)
    errors = ((gains[:, None, None] * drive - output[head]).square().sum((1, 2))).sqrt()
    best = errors.min() / output[head].norm()
    assert rows["constant"][head] == pytest.approx(best.item(), rel=1e-4)


def test_spans_count_decades_and_effective_parts(passage):
    rows = trials.over([passage], limits.spans)
    log_z = passage.exact[1]
    span = (log_z.amax(-1) - log_z.amin(-1)) / math.log(10)
    np.testing.assert_allclose(rows[rows["what"] == "p"]["decades"], span, rtol=1e-5)
    assert rows[rows["circuit"] == trials.LEARNED]["effective"].between(1, 32).all()
    assert rows[rows["circuit"] == trials.EXACT]["effective"].between(1, TOKENS).all()


def test_coverage_of_the_exact_kernel_is_a_straight_line(passage):
    rows = trials.over([passage], limits.coverage, (0.25, 0.75))
    low, high = (of(rows, share=s, circuit=trials.EXACT, reading="undivided") for s in (0.25, 0.75))
    np.testing.assert_allclose(low, 3 * high, rtol=1e-6)
    assert set(rows["reading"]) == {"undivided", "unsensed"}


def test_pools_skip_sizes_that_do_not_divide_and_heads_share_in_groups(passage):
    rows = trials.over([passage], limits.pools, (2, 64))
    assert set(rows[rows["pools"] == 64]["circuit"]) == {trials.RANDOM}
    together = trials.over([passage], limits.shared_over_heads, (1, 12))
    assert of(together, heads=1).max() < 1e-5
    assert np.median(of(together, heads=12)) > 0.05


def test_each_gives_all_heads_in_order(passage):
    def number(cell: Cell, factor: float) -> torch.Tensor:
        return factor * cell.trace[:, 0]

    found = dict(limits.each(passage, number, 2.0))
    expected = torch.cat([2 * cell.trace[:, 0] for cell in passage.cells[trials.RANDOM]])
    assert torch.equal(found[trials.RANDOM][0], expected) and len(expected) == 72
