"""Sources named in the tables of a page lead to where they are read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from brainbook.evidence import bibliography, facts, paths
from brainbook.press import site


@pytest.fixture
def app():
    domain = SimpleNamespace(bibdata=SimpleNamespace(data=bibliography.entries()))
    return SimpleNamespace(env=SimpleNamespace(get_domain={"cite": domain}.__getitem__))


def linked(app, body: str) -> str:
    context = {"body": body}
    site.link_sources(app, "chapters/page", "page.html", context, None)
    return context["body"]


def test_a_key_becomes_a_link_to_its_doi(app):
    found = linked(app, '<td><a data-cite="horowitz2014computing">Horowitz 2014</a></td>')
    assert 'href="https://doi.org/10.1109/ISSCC.2014.6757323"' in found
    assert 'title="Computing&#x27;s energy problem' in found and ">Horowitz 2014</a>" in found
    assert "data-cite" not in found


def test_other_links_stay(app):
    assert linked(app, '<a href="x.html">x</a>') == '<a href="x.html">x</a>'


def test_an_unknown_key_is_a_warning(app, monkeypatch):
    told = []
    monkeypatch.setattr(site.logger, "warning", lambda *words: told.append(words))
    assert linked(app, '<a data-cite="nobody2000x">Nobody 2000</a>') == "<a>Nobody 2000</a>"
    assert told and "nobody2000x" in told[0]


def test_every_source_of_a_price_can_be_opened():
    works = bibliography.entries().entries
    for path in sorted(paths.DATA.glob("energy_*.csv")) + [paths.DATA / "chips.csv"]:
        keys = {key for cell in facts.table(path.name)["source"] for key in cell.split()}
        closed = [key for key in keys if not bibliography.address(works[key].fields)]
        assert keys and closed == [], path.name


def test_a_work_without_an_address_is_named_without_a_link(app):
    assert linked(app, '<a data-cite="hebb1949organization">Hebb 1949</a>') == "<a>Hebb 1949</a>"
