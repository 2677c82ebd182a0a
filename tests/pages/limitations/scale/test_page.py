"""The page on length and depth, measured on short texts and few networks."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.pages.limitations import scale as page
from brainbook.pages.limitations.scale import cost

SEEDS = range(3)


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.measure, "GAINS", (1, 8))
        collapse = page.measure_collapse(SEEDS, 12, 16, 12)
        return {
            "counts": page.measure_counts(),
            "linear": page.measure_linear_counts(64),
            "costs": page.measure_costs(256, 2),
            "collapse": collapse,
            "growth": page.measure_growth(collapse),
            "layer": page.measure_one_layer(SEEDS),
            "sharp": page.measure_sharpness(SEEDS, 6),
            "gaps": page.measure_gaps(16),
        }


def made(measured, **changed):
    names = ("counts", "linear", "costs", "collapse", "growth", "layer", "gaps")
    return page.claims(*((measured | changed)[name] for name in names))


def test_every_block_is_counted_at_every_length(measured):
    counts = measured["counts"]
    model = counts[counts["part"] == "model"]
    assert len(model) == 6 * len(page.LENGTHS)
    assert (model["weights"] == 12 * page.WIDTH**2).all()
    assert list(counts[counts["part"] == "block"]["tokens"]) == [6 * page.WIDTH]


def test_times_and_bytes_are_positive_and_memory_grows(measured):
    costs = measured["costs"]
    assert (costs["seconds"] > 0).all()
    memory = costs.groupby(["kind", "tokens"])["bytes"].max().unstack("tokens")
    assert (memory.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    exponents = page.measure_exponents(costs)
    assert (exponents["low"] <= exponents["time"]).all()


def test_skips_keep_what_attention_loses(measured):
    state = measured["collapse"].query("followed == 'state' and depth == 6")
    left = state.groupby(["weights", "parts"])["residual"].median()
    for weights in ("random", "MiniLM"):
        assert left[weights, "attention, norm"] < 1e-10 < 0.1 < left[weights, "whole block"]


def test_claims_hold_or_do_not_transfer(measured):
    claims = made(measured)
    assert all(isinstance(claim, Claim) for claim in claims)
    ids = [claim.id for claim in claims]
    assert len(set(ids)) == len(ids) and all(name.startswith("scale-") for name in ids)
    certain = [claim for claim in claims if claim.kind in ("exact", "law")]
    assert len(certain) >= 20
    assert [str(claim) for claim in certain if claim.status != "holds"] == []
    assert {c.id for c in claims if c.status == "does not transfer"} == {"scale-mlp-stops"}


def test_wrong_measurements_make_claims_fail(measured):
    counts = measured["counts"].assign(attention=lambda t: 1.01 * t["attention"])
    linear = measured["linear"].assign(macs=lambda t: t["macs"] + (t["kind"] == "64"))
    costs = measured["costs"].assign(bytes=lambda t: t["bytes"] + 4)
    layer = measured["layer"].assign(after=lambda t: t["after"] ** 1.1)
    growth = measured["growth"].assign(factor=2.0)
    gaps = dict.fromkeys(measured["gaps"], 1e-6)
    wrong = made(measured, counts=counts, linear=linear, costs=costs, layer=layer,
                 growth=growth, gaps=gaps)  # fmt: skip
    failing = {claim.id for claim in wrong if claim.status == "fails"}
    assert {
        "scale-count-formula", "scale-crossover", "scale-half", "scale-linear-64",
        "scale-linear-crossover-64", "scale-memory", "scale-cubic-minilm", "scale-leading-random",
        "scale-double-random-attention", "scale-blocks", "scale-split",
    } <= failing  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("token_cost", "counts", 1), ("linear_cost", "linear", 2), ("attention_time", "costs", 2),
     ("rank_collapse", "collapse", 2), ("doubling", "collapse", 2), ("cubic", "layer", 2),
     ("sharpness", "sharp", 1)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme), pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.measure, "GAINS", (1, 8))
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines or ax.collections for ax in figure.axes)


def test_the_first_figure_shows_the_counts(measured):
    with style.theme("light"):
        ax = page.draw_token_cost(measured["counts"]).axes[0]
    drawn = {round(float(y), 9) for line in ax.lines for y in line.get_ydata()}
    attention = measured["counts"]["attention"] / 1e6
    assert {round(float(y), 9) for y in attention} <= drawn
    assert cost.crossover(page.WIDTH) in set(measured["counts"]["tokens"])
