"""The page on counting: its tables hold what its prose says, and its claims can fail."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.pages.limitations import counting as page
from opjoules import energy_report

TIME_STEPS, TOKENS = 4, 24


@pytest.fixture(scope="module")
def example():
    return page.measure_example(0, TIME_STEPS)


@pytest.fixture(scope="module")
def report(example):
    return energy_report(*example, "45nm_int8")


@pytest.fixture(scope="module")
def identities(example):
    return page.measure_identities(*example, TOKENS)


@pytest.fixture(scope="module")
def schemes():
    return page.measure_schemes(range(2), TIME_STEPS)


def test_the_example_is_held_out(example):
    _, images = example
    assert len(images) == len(page.digits(0).test_images)


def test_other_ways_of_counting_agree(identities):
    assert len(identities) == 5
    assert identities["counted"].to_numpy() == pytest.approx(identities["expected"], rel=1e-12)


def test_the_attention_mode_is_put_back():
    model, _ = page.measure_passage(TOKENS)
    before = model.config._attn_implementation
    page._eager_and_fused(TOKENS)
    assert model.config._attn_implementation == before


def test_hardware_is_priced_per_image_and_per_token(report):
    model, batch = page.measure_passage(TOKENS)
    language = energy_report(model, batch, "45nm_int8")
    table = page.measure_hardware(report, language, TOKENS)
    one = table[(table["network"] == "MiniLM") & (table["hardware"] == "45nm_int8")].iloc[0]
    assert one["central"] * TOKENS == pytest.approx(language.joules.central, rel=1e-12)
    same = table[(table["network"] != "MiniLM") & (table["hardware"] == "45nm_int8")].iloc[0]
    assert same["central"] == pytest.approx(report.joules.central, rel=1e-12)
    assert (table["low"] <= table["central"]).all() and (table["central"] <= table["high"]).all()
    assert set(table["host"]) == {"", page.HOST} and (table["source"].str.len() > 0).all()
    for theme in ("light", "dark"):
        with style.theme(theme):
            figure = page.draw_report_hardware(table)
            shown = sum(len(line.get_xdata()) for ax in figure.axes for line in ax.lines
                        if line.get_marker() == "o")  # fmt: skip
            assert shown == len(table)
            plt.close(figure)


def test_every_scheme_is_drawn_for_both_networks(schemes):
    figure = page.draw_report_schemes(schemes)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(schemes.loc[schemes["quantity"] == "J", "scheme"].unique())
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "spiking", "perceptron"
    ]  # fmt: skip
    plt.close(figure)


def test_layers_are_drawn(report):
    figure = page.draw_report_layers(report)
    assert len(figure.axes[0].get_yticklabels()) == len(report.layers)
    plt.close(figure)


def test_overhead_has_a_row_per_model(example):
    costs = page.measure_overhead(*example, TOKENS, rounds=1)
    assert list(costs["model"]) == ["MiniLM", "spiking network"] and (costs["ratio"] > 0).all()


def test_claims_hold_and_can_fail(identities, schemes, report):
    seen = page.measure_coverage()
    found = {claim.id: claim for claim in page.claims(identities, schemes, seen, report)}
    assert all(isinstance(claim, Claim) for claim in found.values()) and len(found) == 10
    assert {claim.status for claim in found.values()} == {"holds"}
    worse = identities.assign(counted=identities["counted"] + 1)
    fewer = seen.assign(book=seen["book"].where(seen.index > 0, -1))
    dearer = schemes.assign(ratio=2.0, central=1.0)
    broken = {claim.id: claim.status for claim in page.claims(worse, dearer, fewer, report)}
    kept = {name for name, status in broken.items() if status == "holds"}
    assert kept == {"counting-word-share", "counting-effective-reverses"}
