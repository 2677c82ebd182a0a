"""References lead somewhere, and can be handed on."""

import pytest
from pybtex.database import parse_string

from brainbook.evidence.bibliography import address, bibtex, entries


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ({"doi": "10.1/a_b", "eprint": "1.2"}, "https://doi.org/10.1/a_b"),
        ({"eprint": "2209.15425", "url": "u"}, "https://arxiv.org/abs/2209.15425"),
        ({"url": "https://example.org"}, "https://example.org"),
        ({"title": "A book"}, ""),
    ],
)
def test_the_most_lasting_address_wins(fields, link):
    assert address(fields) == link


def test_entries_come_back_as_they_stand_in_the_book():
    keys = ["zhou2023spikformer", "horowitz2014computing", "zhou2023spikformer"]
    parsed = parse_string(bibtex(keys), "bibtex").entries
    assert list(parsed) == ["zhou2023spikformer", "horowitz2014computing"]
    for key, entry in parsed.items():
        assert entry.fields == entries().entries[key].fields


def test_an_unknown_key_is_named():
    with pytest.raises(ValueError, match="nobody2000nothing"):
        bibtex(["nobody2000nothing"])
