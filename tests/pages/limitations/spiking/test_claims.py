"""Claims hold where their reason does, and each finding falls when its opposite is true."""

from dataclasses import replace

import pytest

from brainbook.pages.limitations.spiking.claims import PUBLISHED, RIVAL, SAME_SIZE, STEM, claims


def scaled(measured, factor: float):
    """Spiking networks that need ``factor`` times the energy."""
    networks = measured.networks
    spiking = networks["family"] == "spiking"
    central = networks["central"].mask(spiking, factor * networks["central"])
    return replace(measured, networks=networks.assign(central=central))


def backwards(measured):
    """Most accurate at one step."""
    times = measured.steps["timesteps"].replace({1: 4, 4: 1})
    return replace(measured, steps=measured.steps.assign(timesteps=times))


def inverted(measured):
    """Spiking over dense taken for dense over spiking."""
    schemes = measured.schemes
    ratios = {c: 1 / schemes[c] for c in ("ratio", "ratio_low", "ratio_high")}
    return replace(measured, schemes=schemes.assign(**ratios))


def printed(measured, target: str, source: str):
    """One column of the printed rows in place of another."""
    return replace(measured, printed=measured.printed.assign(**{target: measured.printed[source]}))


def reprinted(measured, table: str, column: str, change):
    """A column of one of the tables on reprints, changed."""
    frame = getattr(measured.reprints, table)
    changed = frame.assign(**{column: change(frame[column])})
    return replace(measured, reprints=replace(measured.reprints, **{table: changed}))


def without_memory(measured):
    """A wide layer that pays for arithmetic alone, as the rule of most papers does."""
    return replace(measured, identities={**measured.identities, "memory": 46 / 9})


OPPOSITES = {
    **dict.fromkeys(SAME_SIZE.values(), lambda m: scaled(m, 10)),
    "spiking-same-size-int8-skip": lambda m: scaled(m, 0.1),
    "spiking-same-size-loihi": lambda m: scaled(m, 0.1),
    **dict.fromkeys(RIVAL.values(), lambda m: scaled(m, 1e-3)),
    "spiking-time-steps": backwards,
    "spiking-break-even-memory": without_memory,
    "spiking-scheme-operations": inverted,
    "spiking-scheme-memory": inverted,
    "spiking-published-vit-l-16": lambda m: printed(m, "recomputed_mj", "corrected_mj"),
    "spiking-stem-spikformer-8-384": lambda m: printed(m, "residual_mj", "own_width_mj"),
    "spiking-stem-spikformer-8-768": lambda m: printed(m, "residual_mj", "own_width_mj"),
    "spiking-own-stem-spikformer-8-384": lambda m: printed(m, "residual_mj", "own_width_mj"),
    "spiking-own-stem-spikformer-8-768": lambda m: printed(m, "residual_mj", "own_width_mj"),
    "spiking-reprint-sew-resnet": lambda m: reprinted(
        m, "conflicts", "second_mj", lambda energy: energy + 0.1
    ),
    "spiking-reprint-one-price": lambda m: reprinted(
        m, "prices", "price_fj", lambda price: price + (price.index == 0)
    ),
    "spiking-implied-rate": lambda m: reprinted(
        m, "missing", "implied_rate", lambda rate: rate / 2
    ),
}


def test_all_claims_hold(measured, statuses):
    assert set(statuses(claims(measured)).values()) == {"holds"}


def test_every_finding_has_its_opposite(measured):
    assert {claim.id for claim in claims(measured) if claim.role == "finding"} == set(OPPOSITES)


@pytest.mark.parametrize("id", OPPOSITES)
def test_a_finding_falls_when_its_opposite_is_true(measured, statuses, id):
    assert statuses(claims(OPPOSITES[id](measured)))[id] == "fails"


def test_a_saving_within_the_noise_of_seeds_is_none(measured, statuses):
    networks = measured.networks
    seeds = networks["seed"].map({0: 0.3, 1: 1.0, 2: 3.0})
    noisy = networks["central"].where(networks["family"] != "spiking", seeds * networks["central"])
    status = statuses(claims(replace(measured, networks=networks.assign(central=noisy))))
    assert {status[id] for id in SAME_SIZE.values()} == {"fails"}


def test_every_printed_row_has_a_claim(measured):
    assert set(measured.printed["network"]) == set(PUBLISHED)
    spikformers = measured.printed["network"].str.startswith("Spikformer")
    assert set(measured.printed.loc[spikformers, "network"]) == set(STEM)


def test_a_misprint_would_be_seen(measured, statuses):
    rows = measured.printed.assign(published_mj=1.03 * measured.printed["published_mj"])
    status = statuses(claims(replace(measured, printed=rows)))
    assert {status[id] for id in PUBLISHED.values()} == {"fails"}
    assert status["spiking-scheme-printed"] == "fails"


def test_unconfirmed_rows_carry_no_claim(measured, statuses):
    made = statuses(
        claims(replace(measured, printed=measured.printed.assign(status="unconfirmed")))
    )
    assert not set(made) & {*PUBLISHED.values(), *STEM.values()}


def test_a_wrong_count_makes_its_check_fail(measured, statuses):
    networks = measured.networks
    wrong = networks.assign(macs=networks["macs"] + 1, acs=networks["acs"] + 1)
    status = statuses(claims(replace(measured, networks=wrong)))
    for name in ("perceptron", "attention", "spikes"):
        assert status[f"spiking-count-{name}"] == "fails"
    off = {**measured.identities, "arithmetic": measured.identities["arithmetic"] + 1e-6}
    status = statuses(claims(replace(measured, identities=off)))
    assert status["spiking-break-even-arithmetic"] == "fails"
