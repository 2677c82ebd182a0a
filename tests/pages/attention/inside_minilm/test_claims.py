"""Every finding of attention/inside_minilm comes out as planted, and fails on its opposite."""

from dataclasses import replace

import pytest

from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED
from brainbook.pages.attention.inside_minilm.claims import claims
from brainbook.pages.attention.inside_minilm.measure import GATED, LATERAL
from brainbook.pages.attention.inside_minilm.replacing import MEAN
from brainbook.pages.attention.inside_minilm.tasks import WORDS

OPEN = {"inside-loss-shrinks"}

OPPOSITES = {  # what is as good as its rival, or errs as much
    "inside-beats-mean": {"quality": {(MEAN, 0): 0.95}},
    "inside-published-below-mean": {"quality": {(MEAN, 0): 0.35}},
    "inside-beats-published": {"quality": {(PUBLISHED, 100): 0.95}},
    "inside-fewer-beat-published": {"quality": {(PUBLISHED, 100): 0.95}},
    "inside-published-grows": {"quality": {(PUBLISHED, 16): 0.95}},
    "inside-bad-attention": {"quality": {(PUBLISHED, 16): 0.95}},
    "inside-intact-beats-words": {"retrieval": {(WORDS, 0): 0.8}},
    "inside-agreement-grows": {"quality": {(LATERAL, 16): 0.75}},
    "inside-agreement-unbiased": {"quality": {(UNBIASED, 100): 0.7}},
    "inside-agreement-lateral": {"quality": {(GATED, 100): 0.7}},
    "inside-drift-shrinks": {"drift": {(LATERAL, 625): 0.5}},
    "inside-drift-mean": {"drift": {(LATERAL, 16): 0.8}},
    "inside-beats-words": {"retrieval": {(WORDS, 0): 0.9}},
    "inside-loss-shrinks": {"retrieval": {}},  # resolved after all
}


def test_every_claim_comes_out_as_planted(planted, statuses):
    found = statuses(claims(planted))
    assert {name for name, status in found.items() if status == "unresolved"} == OPEN
    assert {found[name] for name in set(found) - OPEN} == {"holds"}


def test_every_finding_has_its_opposite(planted):
    assert {one.id for one in claims(planted) if one.role == "finding"} == set(OPPOSITES)


@pytest.mark.parametrize("name", OPPOSITES)
def test_a_finding_fails_on_its_opposite(made, statuses, name):
    assert statuses(claims(made(**OPPOSITES[name])))[name] == "fails"


def test_a_broken_identity_fails(planted, statuses):
    assert statuses(claims(replace(planted, path_gap=1e-7)))["inside-path"] == "fails"
