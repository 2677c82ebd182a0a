"""Page attention/memory at a small size: results, figures, claims that can fail."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import facts, style
from brainbook.models.memory import dense
from brainbook.models.memory import hopfield as am
from brainbook.pages.attention import memory as page
from brainbook.pages.attention.memory import circuits as trials
from brainbook.pages.attention.memory import claims

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def collapse():
    return page.measure_collapse(1600, SEEDS)


@pytest.fixture(scope="module")
def capacity():
    error = facts.value("associative_memory.csv", "bit_error")
    return trials.Capacity(
        dense.capacity_table(page.DEGREES, [32, 512, 1024, 2048], range(5), 6000, error),
        dense.failure_table(range(12, 21, 2), SEEDS, trials=30),
        trials.single_bit_table((12, 16, 20), SEEDS, 6000, error),
        dense.perfect_table(page.DEGREES, [32, 512]),
    )


@pytest.fixture(scope="module")
def regimes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.measure, "BETAS", (0.5, 4, page.BETWEEN, 20, 100))
        return page.measure_regimes(SEEDS)


@pytest.fixture(scope="module")
def identities():
    return page.measure_identities(0, trials.descent_table([0], time=3))


@pytest.fixture(scope="module")
def heads():
    return page.measure_keys(64), *page.measure_iteration(32)


def both_themes(draw, result):
    drawn = []
    for theme in style.PALETTE:
        with style.theme(theme):
            drawn.append(draw(result))
    assert all(isinstance(figure, Figure) for figure in drawn)
    return drawn[0]


def labels(figure) -> set[str]:
    return {text.get_text() for ax in figure.axes for text in ax.texts}


def test_collapse_figure_and_claims(collapse):
    figure = both_themes(page.draw_collapse, collapse)
    assert len(figure.axes[0].lines) == 5
    assert sorted(collapse["neurons"].unique()) == [200, 400, 800, 1600]
    made = {claim.id: claim for claim in claims.collapse(collapse)}
    assert {claim.status for claim in made.values()} == {"holds"}
    error = 1 - collapse["load"].map(am.mean_field_overlap)
    worse = collapse.assign(overlap=1 - 3 * error)
    wrong = {claim.id: claim for claim in claims.collapse(worse)}
    assert wrong["memory-retrieval-errors"].status == "fails"
    with pytest.raises(ValueError, match="neurons"):
        claims.collapse(collapse[collapse["load"] < 0.15])


def test_capacity_figures_and_claims(capacity):
    assert {"n = 2", "n = 3", "n = 4", "no errors"} <= labels(
        both_themes(page.draw_dense_capacity, capacity)
    )
    assert {"one bit", "all patterns"} <= labels(
        both_themes(page.draw_exponential_capacity, capacity)
    )
    counted = claims.per_unit(capacity.powers)
    assert len(labels(both_themes(page.draw_memories_per_unit, counted))) == 4
    made = claims.capacities(capacity.powers, capacity.every, capacity.single)
    assert {claim.kind for claim in made} == {"law"}
    assert [claim.id for claim in made if claim.status != "holds"] == []


def test_another_power_would_fail(capacity):
    grown = capacity.powers.assign(
        capacity=capacity.powers["capacity"] * capacity.powers["neurons"]
    )
    made = {c.id: c for c in claims.capacities(grown, capacity.every, capacity.single)}
    failed = {name for name, claim in made.items() if claim.status == "fails"}
    assert {f"memory-slope-{degree}" for degree in page.DEGREES} | {"memory-per-unit"} <= failed


def test_units_are_counted_as_the_page_says(capacity):
    row = claims.per_unit(capacity.powers).query("degree == 4 and neurons == 512").iloc[0]
    assert row["unit"] == pytest.approx(row["capacity"] / (512 + 2 * 512**2))
    assert row["connection"] == pytest.approx(row["capacity"] / 512**4)
    assert 0 < row["hidden"] < 1


def test_joint_interval_is_wider_than_a_single_one_and_counts_all_laws(
    collapse, capacity, regimes, identities, heads
):
    values = pd.Series([1.0, 1.1, 0.9, 1.05, 0.95])
    assert claims.joint_half_width(values) > 1.5 * claims.half_width(values)
    recall = page.measure_recall(SEEDS)
    made = page.claims(collapse, capacity, (regimes, identities), recall, heads)
    assert sum(claim.kind == "law" for claim in made) == claims.LAWS
    ids = [claim.id for claim in made]
    assert len(ids) == len(set(ids)) and all(name.startswith("memory-") for name in ids)


def test_identities_hold_and_a_broken_one_fails(identities):
    assert {claim.status for claim in claims.exact(identities)} == {"holds"}
    broken = claims.exact(identities | {"minilm": 1e-6})
    assert [c.id for c in broken if c.status == "fails"] == ["memory-minilm"]


def test_fixed_point_figure_and_claims(regimes):
    figure = both_themes(page.draw_fixed_points, regimes)
    assert {"all patterns", "one group", "one pattern"} <= labels(figure)
    made = claims.regimes(regimes, page.BETWEEN, page.MEMBERS, page.GROUPS * page.MEMBERS)
    assert {claim.status for claim in made} == {"holds"}
    blurred = regimes.assign(keys=20)
    made = claims.regimes(blurred, page.BETWEEN, page.MEMBERS, page.GROUPS * page.MEMBERS)
    assert {claim.status for claim in made} == {"fails"}


def test_circuit_figures_and_claims():
    descent = trials.descent_table([0], time=2)
    assert len(both_themes(page.draw_descent, descent).axes) == 2
    recall, growth = page.measure_recall(SEEDS)
    both_themes(page.draw_astrocyte_recall, recall)
    made = {claim.id: claim for claim in claims.circuit(recall, growth)}
    assert made["memory-circuit-saddle"].status == made["memory-circuit-leaves"].status == "holds"
    stuck = recall.assign(overlap=0.5)
    assert claims.circuit(stuck, growth)[0].status == "fails"


def test_head_figures_and_claims(heads):
    keys, iteration, storage = heads
    figure = both_themes(page.draw_keys_held, keys)
    assert len(figure.axes[0].collections[1].get_offsets()) == 72
    both_themes(page.draw_repeated_attention, (iteration, storage))
    made = {claim.id: claim for claim in claims.heads(*heads)}
    assert made["memory-trained-is-sharper"].status == "holds"
    medium = made["memory-last-layer-medium"]
    assert medium.status == "does not transfer" and "%" in medium.reason
    assert made["memory-second-update-spreads"].measured > 0
    assert made["memory-keys-not-stored"].status == "holds"


def test_a_last_layer_of_medium_states_would_make_the_reason_stale(heads):
    keys, iteration, storage = heads
    changed = keys.assign(regime=np.where(keys["layer"] == 5, "III", keys["regime"]))
    made = {claim.id: claim for claim in claims.heads(changed, iteration, storage)}
    assert made["memory-last-layer-medium"].status == "fails"
