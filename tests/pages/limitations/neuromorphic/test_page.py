"""The page on neuromorphic chips, measured on a little text and few codes."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainbook.evidence import facts, style
from brainbook.evidence.claims import Claim
from brainbook.pages.limitations import neuromorphic as page
from brainbook.pages.limitations.neuromorphic import block as cores_block
from brainbook.pages.limitations.neuromorphic.events import Code

SEEDS, STEPS, TOKENS = (0, 1), 7, 64


@pytest.fixture(scope="module")
def measured():
    """The page's results, on short passages."""
    with pytest.MonkeyPatch.context() as patch:
        sweep = cores_block.sweep
        patch.setattr(cores_block, "sweep", lambda codes, tokens, *_: sweep(codes, 16, 1, 1))
        codes = page.measure_codes((0, 0.05), (STEPS,), TOKENS, 1)
    return {
        "energies": page.measure_energies(),
        "mapping": page.measure_mapping(),
        "unmapped": page.measure_unmapped([16, 64]),
        "codes": codes,
        "placements": page.measure_placements(codes, SEEDS),
        "random": page.measure_random_places(codes, 60, 0),
        "costs": page.measure_costs(codes, STEPS, TOKENS, SEEDS),
        "shared": page.measure_sharing(codes, STEPS, [1, 64]),
    }


def all_claims(results):
    names = ("mapping", "unmapped", "codes", "placements", "random", "costs", "shared")
    return page.claims(*(results[name] for name in names), STEPS)


def test_every_published_energy_is_shown_with_its_source(measured):
    shown, table = measured["energies"], facts.table("energy_chips.csv")
    kinds = table["quantity"].str.contains("synaptic operation|multiply-accumulate|weight and")
    assert len(shown) == kinds.sum() and (shown["source"].str.len() > 0).all()
    assert sorted(shown["energy"]) == sorted(table.loc[kinds, "value"])
    chips = page.measure_chips().set_index("chip")
    assert chips.loc["Loihi 2", "pJ per operation"] == "none found"
    assert chips.loc["SpiNNaker", "pJ per operation"] == "45, 13,300"
    assert (chips["source"].str.len() > 0).all()
    conflicts = page.measure_disagreements()
    assert (conflicts["ratio"] > 1).all() and len(conflicts["source"].iloc[0].split()) == 2


def test_mapping_never_beats_the_bound(measured):
    wide = measured["mapping"].pivot(index="chip", columns="method", values="cores")
    assert (wide["bound"] <= wide["packed"]).all() and (wide["packed"] <= wide["apart"]).all()
    assert measured["mapping"]["utilisation"].between(0, 1).all()


def test_codes_keep_every_stream_and_document(measured):
    codes = measured["codes"]
    assert set(codes.sent) == {Code(), Code(threshold=0.05), Code(STEPS), Code(127)}
    units = codes.per_unit(Code())
    assert {len(u) for u in units.values()} == {384, 1536}
    assert codes.frame["loss"].between(0, 2).all()
    arrived = codes.arrivals(Code())
    assert len(arrived) == 6
    both = arrived["layer.attention.self.query"], arrived["layer.attention.self.key"]
    assert both[0] == both[1] == pytest.approx(units["block input"].sum())


def test_costs_add_up_and_keep_their_interval(measured):
    costs = measured["costs"]
    assert (costs["low"] <= costs["central"]).all() and (costs["central"] <= costs["high"]).all()
    assert (costs["source"].str.len() > 0).all()
    total = costs.groupby("machine")["central"].sum()
    shared = measured["shared"].set_index(["machine", "tokens"])["central"]
    assert shared["HERMES crossbars", 64] == pytest.approx(total["HERMES crossbars"])
    assert shared["logic, 45 nm, DRAM", 1] == pytest.approx(total["logic, 45 nm, one token"])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "result", "panels"),
    [("synaptic_energies", "energies", 1), ("cores_needed", "mapping", 1),
     ("event_codes", "codes", 1), ("mesh_hops", "placements", 3), ("block_energy", "costs", 1),
     ("weight_sharing", "shared", 1)],
)  # fmt: skip
def test_figures_draw_in_both_themes(measured, name, result, panels, theme):
    with style.theme(theme):
        figure = getattr(page, f"draw_{name}")(measured[result])
    assert isinstance(figure, Figure) and len(figure.axes) == panels
    assert all(ax.lines or ax.collections for ax in figure.axes)


def test_the_first_figure_shows_every_value(measured):
    with style.theme("light"):
        ax = page.draw_synaptic_energies(measured["energies"]).axes[0]
    drawn = {float(x) for line in ax.lines for x in line.get_xdata()}
    assert set(measured["energies"]["energy"]) <= drawn


def test_certain_claims_hold_on_little_text(measured):
    made = all_claims(measured)
    assert all(isinstance(claim, Claim) for claim in made)
    ids = [claim.id for claim in made]
    assert len(set(ids)) == len(ids) and all(name.startswith("neuromorphic-") for name in ids)
    certain = [claim for claim in made if claim.kind in ("exact", "law", "number")]
    assert len(certain) >= 15 and {claim.status for claim in certain} == {"holds"}


def test_wrong_results_make_claims_fail(measured):
    wrong = dict(measured)
    wrong["mapping"] = measured["mapping"].assign(cores=lambda t: t["cores"] + 1)
    wrong["unmapped"] = measured["unmapped"].assign(share=lambda t: 2 * t["share"])
    wrong["random"] = measured["random"].assign(expected=lambda t: t["expected"] + 1)
    wrong["costs"] = measured["costs"].assign(central=lambda t: 2 * t["central"])
    failing = {claim.id for claim in all_claims(wrong) if claim.status == "fails"}
    assert {
        "neuromorphic-crossbars-packed", "neuromorphic-crossbars-apart",
        "neuromorphic-dynamic-share-64", "neuromorphic-random-loihi",
        "neuromorphic-weight-fetch", "neuromorphic-crossbar-weights",
    } <= failing  # fmt: skip


def test_unmapped_work_is_counted(measured):
    table = measured["unmapped"].set_index("tokens")
    assert isinstance(table, pd.DataFrame)
    assert table.loc[64, "softmax"] == 12 * 64 and table.loc[16, "GELU"] == 1536
