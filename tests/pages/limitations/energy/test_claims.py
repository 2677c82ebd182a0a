"""Claims hold where their reason does, and each finding falls when its opposite is true."""

from dataclasses import replace

import pytest

from brainbook.pages.limitations.energy.claims import claims


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


@pytest.mark.parametrize("model", ["Evolved Transformer search", "T5", "Meena", "GPT-3"])
def test_a_wrong_row_fails(measured, statuses, model):
    wrong = with_runs(measured, model, 1.05)
    assert statuses(claims(wrong))["energy-training-table"] == "fails"


@pytest.mark.parametrize(
    ("side", "id"),
    [
        ("query_wh", "energy-epoch"),
        ("refused", "energy-units-refuse"),
        ("optimum_gap", "energy-optimum"),
    ],
)
def test_a_wrong_side_makes_its_check_fail(measured, statuses, side, id):
    wrong = with_side(measured, **{side: 1.5 * measured.identities[side] + 1e-8})
    assert statuses(claims(wrong))[id] == "fails"


def test_a_number_that_does_not_follow_from_its_inputs_fails(measured, statuses):
    for name, number in measured.printed.items():
        wrong = {**measured.printed, name: replace(number, found=1.2 * number.found)}
        assert statuses(claims(replace(measured, printed=wrong)))["energy-brain-print"] == "fails"
