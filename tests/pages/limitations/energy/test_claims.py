"""Claims hold where their reason does, and each finding falls when its opposite is true."""

from dataclasses import replace

import pytest

from brainbook.pages.limitations.energy.claims import METERED, claims


def with_runs(measured, model: str, factor: float):
    """A training run whose recomputed energy is off."""
    row = measured.runs["model"] == model
    energy = measured.runs["recomputed_mwh"]
    return replace(
        measured, runs=measured.runs.assign(recomputed_mwh=energy.mask(row, factor * energy))
    )


def with_side(measured, **sides):
    """One side of an identity, or a published value, replaced."""
    return replace(measured, identities={**measured.identities, **sides})


def with_networks(measured, **columns):
    """Columns of the trained networks replaced."""
    networks = measured.quiet.networks.assign(**columns)
    return replace(measured, quiet=replace(measured.quiet, networks=networks))


def swapped_layers(measured):
    """The layer with the smaller fan-out is the quieter one."""
    return with_networks(measured, layer=3 - measured.quiet.networks["layer"])


def with_shares(measured, **shares):
    """Another share of active rectifiers, by the first word of the network's name."""
    names = measured.active["network"].str.split().str[0]
    trained = names.map(shares).fillna(measured.active["trained"])
    return replace(measured, active=measured.active.assign(trained=trained))


OPPOSITES = {
    "energy-training-bloom": lambda m: with_runs(m, "BLOOM", 1 + 1e-6),
    "energy-rule-parameters": lambda m: replace(
        m, floor=m.floor.assign(macs=m.floor["all_parameters"])
    ),
    "energy-above-floor": lambda m: replace(
        m, above=m.above.assign(ratio_45nm=m.above["ratio_45nm"] / m.above["ratio_45nm"].min())
    ),
    # The brain's twenty watts are heat: what arrives as ATP is half of it.
    "energy-brain-watts": lambda m: with_side(m, glucose_watts=m.identities["glucose_watts"] / 2),
    # As far from the best rate as the human neuron is.
    "energy-rodent-optimum": lambda m: with_side(m, rodent_best=27 * 4.0),
    "energy-fan-out": swapped_layers,
    "energy-lazy-width": lambda m: with_shares(m, **{"perceptron,": 0.4}),
    "energy-lazy-transformer": lambda m: with_shares(m, vision=0.063),
}


def test_all_claims_hold_but_the_one_that_does_not_transfer(measured, statuses):
    status = statuses(claims(measured))
    assert status.pop("energy-lazy-transformer") == "does not transfer"
    assert set(status.values()) == {"holds"}


def test_every_finding_has_its_opposite(measured):
    assert {claim.id for claim in claims(measured) if claim.role == "finding"} == set(OPPOSITES)


@pytest.mark.parametrize("id", OPPOSITES)
def test_a_finding_falls_when_its_opposite_is_true(measured, statuses, id):
    assert statuses(claims(OPPOSITES[id](measured)))[id] == "fails"


def test_a_wrong_row_fails(measured, statuses):
    for model, id in METERED.items():
        assert statuses(claims(with_runs(measured, model, 1.05)))[id] == "fails"
    wrong = measured.runs.assign(recomputed_mwh=1.05 * measured.runs["recomputed_mwh"])
    status = statuses(claims(replace(measured, runs=wrong)))
    assert status["energy-training-llama"] == "fails"


@pytest.mark.parametrize(
    ("side", "id"),
    [
        ("query_wh", "energy-epoch"),
        ("query_watts", "energy-epoch-watts"),
        ("refused", "energy-units-refuse"),
        ("lifetime_gj", "energy-units-lifetime"),
        ("communication", "energy-brain-ratio"),
        ("potentials", "energy-brain-potentials"),
        ("cortex_atp", "energy-brain-atp"),
        ("ceiling", "energy-brain-ceiling"),
        ("landauer_zj", "energy-landauer"),
        ("optimum_gap", "energy-optimum"),
        ("value_gap", "energy-optimum-value"),
        ("optimum_two", "energy-optimum-two"),
    ],
)
def test_a_wrong_side_makes_its_check_fail(measured, statuses, side, id):
    wrong = with_side(measured, **{side: 1.5 * measured.identities[side] + 1e-8})
    assert statuses(claims(wrong))[id] == "fails"


def test_a_wrong_count_fails(measured, statuses):
    wrong = replace(measured, floor=measured.floor.assign(macs=measured.floor["macs"] + 1))
    assert statuses(claims(wrong))["energy-macs-per-token"] == "fails"
