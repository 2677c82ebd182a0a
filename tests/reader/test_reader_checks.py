"""The reader's checks find what is wrong on a page that is broken on purpose."""

from __future__ import annotations

import pytest
import reader_checks as checks

HEAD = '<!DOCTYPE html><html lang="en"><head><title>t</title><link rel="icon" href="data:,">'
SOUND = (
    HEAD + "</head><body><nav><a href='#a'>to a</a></nav><main><h1>One</h1><h2 id='a'>Two</h2>"
    "<p>Plain text.</p></main><footer>end</footer></body></html>"
)
BROKEN = (
    '<!DOCTYPE html><html><head><link rel="icon" href="data:,">'
    "<script src='http://elsewhere.invalid/mathjax.js'></script>"
    "<script>console.error('a loud error'); undefinedFunction()</script></head><body><main>"
    "<h1>One</h1><h1>Another</h1><h4>Far below</h4>"
    "<img src='missing.png' alt='described'><img src='missing.png'>"
    "<p style='color: #aaa'>faint</p><p style='width: 900px'>wide</p>"
    "<p class='math'>\\(x^2\\)</p><p><mjx-merror>bad</mjx-merror></p>"
    " <p><span class='pasted-text'>nan</span> and <span class='pasted-text'>None</span></p>"
    "<figure class='result' id='draw-x'>"
    "<img class='only-dark' src='missing.png' alt='x'><a class='download' href='x.csv'>data</a>"
    "</figure><a href='nowhere.html'>gone</a><a href='#nothing'>gone</a>"
    "<a class='measured' href='#draw-x'>5</a><i id='twin'></i><i id='twin'></i>"
    "</main></body></html>"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "sound.html").write_text(SOUND)
    (folder / "broken.html").write_text(BROKEN)
    (folder / "x.csv").write_text("only,a,header\n")
    return folder


@pytest.fixture(scope="module")
def address(folder, serve):
    return serve(folder)


@pytest.fixture(scope="module")
def sound(browser, address):
    return checks.visit(browser, f"{address}/sound.html")


@pytest.fixture(scope="module")
def broken(browser, address):
    return checks.visit(browser, f"{address}/broken.html")


EXPECTED = {
    "console": ["a loud error", "undefinedFunction is not defined"],
    "requests": ["missing.png: 404", "elsewhere.invalid/mathjax.js: another host"],
    "images": ["missing.png: not loaded", "missing.png: no alternative text"],
    "math": ["0 of 1 formulas", "raw formula", "error in a formula: bad"],
    "headings": ["2 headings of the first level", "level 4 after level 1"],
    "words": ["pasted: 'nan'", "pasted: 'None'", "nan and None"],
    "frame": ["no <nav>", "no <footer>", "the language is not said", "no title"],
    "overflow": ["p. is wider", "px wide on 390 px"],
    "contrast": ["light: p. rgb(170, 170, 170) 'faint': 2.32"],
    "figures": ["missing.png is shown in the light"],
}


@pytest.mark.parametrize("check", EXPECTED)
def test_a_broken_page_is_found_out(broken, check):
    told = "\n".join(getattr(checks, check)(broken))
    assert [text for text in EXPECTED[check] if text not in told] == []


@pytest.mark.parametrize("check", EXPECTED)
def test_a_sound_page_is_left_alone(sound, check):
    assert getattr(checks, check)(sound) == []


IN_FILES = {
    "links": ["nowhere.html: no such file", "#nothing: no such place", "missing.png: no such file"],
    "downloads": ["x.csv: not a sound .csv"],
    "figure_parts": ["no numbered caption", "offers ['.csv']", "no link to its code"],
    "measured": ["#draw-x: no claim"],
}


@pytest.mark.parametrize("check", IN_FILES)
def test_broken_files_are_found_out(folder, check):
    told = "\n".join(getattr(checks, check)(folder, folder / "broken.html"))
    assert [text for text in IN_FILES[check] if text not in told] == []
    assert getattr(checks, check)(folder, folder / "sound.html") == []


def test_twins_are_found_out(folder):
    assert checks.twins(folder / "broken.html") == ["id twin stands twice"]
    assert checks.twins(folder / "sound.html") == []
