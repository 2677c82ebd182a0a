"""Every finding of attention/hard_heads holds where it was planted, and fails where it was not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainbook.pages.attention.hard_heads.claims import claims
from brainbook.pages.attention.hard_heads.identities import Checks
from brainbook.pages.attention.hard_heads.learning import INHIBITION, METHODS, NO_GRADIENT
from brainbook.pages.attention.hard_heads.meaning import MAPS

RANDOM, LANDMARK = METHODS[:2]


def shuffled(result):
    """Errors of a document go to other heads."""
    rng = np.random.default_rng(1)
    errors = result.heads.groupby("document")["error"].transform(rng.permutation)
    return replace(result, heads=result.heads.assign(error=errors))


def independent(result):
    """Heads err as predicted."""
    return replace(result, heads=result.heads.assign(error=result.heads["predicted"]))


def rival(quantity, sign):
    """A quantity that orders heads as their errors do."""

    def turned(result):
        order = result.bounds["error"] ** sign
        return replace(result, difficulty=result.difficulty.assign(**{quantity: order}))

    return turned


def blunt(result):
    """Sharpness has nothing to do with error."""
    noise = np.random.default_rng(2).uniform(size=len(result.difficulty))
    return replace(result, difficulty=result.difficulty.assign(perplexity=noise))


def relabelled(part, column, names):
    """Rows of one name count as another's."""

    def turned(result):
        frame = getattr(result, part)
        return replace(result, **{part: frame.assign(**{column: frame[column].replace(names)})})

    return turned


def exchanged(part, column, one, other):
    return relabelled(part, column, {one: other, other: one})


def alike(result):
    """Heads of a layer share as much with the position: the step between layers is resolved."""
    place = ["map", "label", "layer"]
    middle = result.meaning.groupby(place)["adjusted"].transform("mean")
    return replace(result, meaning=result.meaning.assign(adjusted=middle))


def ahead(result):
    """Inhibition errs least in every head."""
    frame = result.learned
    best = frame["error"].where(frame["method"] != INHIBITION, 0.1)
    return replace(result, learned=frame.assign(error=best))


OPEN = {"hard-inhibition", "hard-places-next"}

OPPOSITES = {
    "hard-calibration": shuffled,
    "hard-prediction": shuffled,
    "hard-sharp": blunt,
    "hard-too-low": independent,
    "hard-better-than-key-norm": rival("key_norm", 1),
    "hard-better-than-perplexity": rival("perplexity", -1),
    "hard-shorter": exchanged("stretched", "factor", 0.5, 1.0),
    "hard-longer": exchanged("stretched", "factor", 1.4, 1.0),
    "hard-position": exchanged("meaning", "map", *MAPS),
    "hard-attended-token": exchanged("meaning", "map", *MAPS),
    "hard-attended-offset": exchanged("meaning", "map", *MAPS),
    "hard-words-first": exchanged("meaning", "layer", 0, 1),
    "hard-places-next": alike,
    "hard-start": exchanged("learned", "method", RANDOM, LANDMARK),
    "hard-no-gradient": exchanged("learned", "method", RANDOM, NO_GRADIENT),
    "hard-mimicry": exchanged("learned", "method", LANDMARK, NO_GRADIENT),
    "hard-inhibition": ahead,
    "hard-gap": exchanged("learned", "split", "test", "calibration"),
    "hard-gap-grows": exchanged("learned", "steps", 10, 40),
}


def test_every_claim_comes_out_as_planted(planted, statuses):
    found = statuses(claims(planted))
    assert {name for name, status in found.items() if status == "unresolved"} == OPEN
    assert {found[name] for name in set(found) - OPEN} == {"holds"}


def test_every_finding_has_its_opposite(planted):
    assert {one.id for one in claims(planted) if one.role == "finding"} == set(OPPOSITES)


@pytest.mark.parametrize("name", OPPOSITES)
def test_a_finding_fails_on_its_opposite(planted, statuses, name):
    assert statuses(claims(OPPOSITES[name](planted)))[name] == "fails"


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        ("hard-moved-keys", Checks(1e-6, (0.99, 1.0, 1.01))),
        ("hard-first-order", Checks(0.0, (1.19, 1.2, 1.21))),
        ("hard-first-order", Checks(0.0, (0.5, 1.0, 1.5))),  # too noisy to tell
    ],
)
def test_a_check_fails_where_the_instrument_is_off(planted, statuses, name, checks):
    assert statuses(claims(replace(planted, checks=checks)))[name] == "fails"


def test_one_head_that_errs_more_in_all_documents_is_no_repetition(planted):
    """Intervals are over documents: with two of them there is none, however many the heads."""
    few = planted.heads[planted.heads["document"] < 2]
    with pytest.raises(ValueError, match="at least 3"):
        claims(replace(planted, heads=few))


def test_draws_and_seeds_on_the_same_text_are_no_repetitions(planted):
    """Every draw of units, and every seed of a training, ten times over: the same intervals."""
    again = {
        part: pd.concat([getattr(planted, part).assign(seed=n) for n in range(10)])
        for part in ("meaning", "learned")
    }
    every = zip(claims(planted), claims(replace(planted, **again)), strict=True)
    for one, other in every:
        assert other.half_width == pytest.approx(one.half_width), one.id
