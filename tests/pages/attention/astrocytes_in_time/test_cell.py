"""What cells lack, on MiniLM: each frame checked by other means."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from brainbook.models.astrocyte.noise import Cell
from brainbook.models.attention.softmax import mean_of_values, relative_error
from brainbook.pages.attention.astrocytes_in_time import cell as limits
from brainbook.pages.attention.astrocytes_in_time import timing as trials

TOKENS = 48


@pytest.fixture(scope="module")
def passage(passages):
    return passages[0]


def of(rows, **where):
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows.sort_values("head")["error"].to_numpy()


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
