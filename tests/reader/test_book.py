"""What a reader does with the book: finds the start, searches, switches, prints, downloads."""

from __future__ import annotations

import json

import pytest
import reader_checks as checks

LETTERS = """() => {
  const length = p => p.textContent.length;
  const longest = [...document.querySelectorAll('main section > p')]
    .reduce((a, b) => length(a) > length(b) ? a : b);
  const lines = longest.offsetHeight / parseFloat(getComputedStyle(longest).lineHeight);
  return length(longest) / lines;
}"""


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport=checks.DESKTOP, color_scheme="light")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def with_figure(book) -> str:
    """A chapter that shows a figure."""
    found = [
        path.relative_to(book).as_posix()
        for path in sorted(book.glob("chapters/**/*.html"))
        if checks.document(path).select_one("figure.result")
    ]
    assert found, "no chapter has a figure"
    return found[0]


def visible(page) -> dict[str, bool]:
    return {
        theme: page.locator(f"main figure.result img.only-{theme}").first.is_visible()
        for theme in ("light", "dark")
    }


def test_the_front_door_leads_to_the_first_page(page, site):
    page.goto(f"{site}/index.html")
    page.wait_for_url("**/chapters/index.html")
    assert page.locator("article h1").is_visible()


def test_every_page_is_in_the_navigation(book):
    front = checks.document(book / "chapters/index.html")
    linked = {checks.internal(book, book / "chapters/index.html", link["href"])[0].resolve()
              for link in front.select("#pst-primary-sidebar nav a")}  # fmt: skip
    built = {path.resolve() for path in book.glob("chapters/**/*.html")}
    assert built - linked == {(book / "chapters/index.html").resolve()} - linked


def test_search_finds_a_term_on_its_page(page, site):
    page.goto(f"{site}/search.html?q=astrocyte")
    page.wait_for_selector("#search-results ul.search li a")
    found = page.eval_on_selector_all("#search-results ul.search li a", "e => e.map(a => a.href)")
    assert any("/chapters/attention/astrocytes.html" in link for link in found)


def test_search_does_not_find_what_is_not_there(page, site):
    page.goto(f"{site}/search.html?q=qwzxvutplk")
    page.wait_for_function(
        "document.querySelector('#search-results .search-summary')?.textContent.trim()"
    )
    assert page.locator("#search-results ul.search li").count() == 0


def test_the_switch_turns_the_page_dark_and_is_remembered(page, site, with_figure):
    page.goto(f"{site}/{with_figure}")
    assert visible(page) == {"light": True, "dark": False}
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    assert visible(page) == {"light": False, "dark": True}
    assert page.evaluate(ground) != before
    page.reload()
    assert visible(page) == {"light": False, "dark": True}


def test_the_first_tab_offers_to_skip_the_navigation(page, site, with_figure):
    page.goto(f"{site}/{with_figure}")
    page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.getAttribute('href')") == "#main-content"
    page.wait_for_function(f"{focused}.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    page.keyboard.press("Tab")
    assert page.evaluate(f"!!{focused}.closest('main')")


def test_the_book_opens_from_a_folder_without_a_server(page, book, with_figure):
    seen = checks.Visit(f"file://{book}")
    checks.listen(page, seen)
    page.goto((book / with_figure).as_uri())
    page.evaluate(checks.READY)
    assert checks.console(seen) == [] and seen.failed == []
    assert page.locator("main mjx-container").count() == page.locator("main .math").count()


def test_the_keyboard_focus_is_seen(page, site, with_figure):
    page.goto(f"{site}/{with_figure}")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineStyle, parseFloat(s.outlineWidth)]; })()"
        )
        assert style[0] != "none" and style[1] >= 2


def test_print_shows_light_figures_and_no_navigation(page, site, with_figure):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/{with_figure}")
    assert visible(page) == {"light": False, "dark": True}
    page.emulate_media(media="print", color_scheme="dark")
    assert visible(page) == {"light": True, "dark": False}
    assert not page.locator("#pst-primary-sidebar").is_visible()
    assert not page.locator(".figure-links").first.is_visible()
    references = page.locator(".onlyprint h2", has_text="References")
    assert references.count() == 1 and references.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    paragraph = "main p:not(.admonition-title)"
    assert (
        page.evaluate(f"getComputedStyle(document.querySelector('{paragraph}')).color")
        == "rgb(0, 0, 0)"
    )


def test_a_line_of_text_holds_about_seventy_letters(page, site, with_figure):
    page.goto(f"{site}/{with_figure}")
    letters = page.evaluate(LETTERS)
    assert 55 <= letters <= 85


def test_an_executed_page_is_offered_as_notebook_and_as_source(book, chapter):
    path = book / chapter
    executed = (book / "_sources" / chapter).with_suffix(".ipynb").is_file()
    links = checks.document(path).select(".dropdown-download-buttons a")
    offered = [checks.internal(book, path, link["href"])[0] for link in links]
    assert [file.suffix for file in offered] == ([".ipynb", ".md"] if executed else [".md"])
    for file in offered:
        text = file.read_text("utf-8")
        assert json.loads(text)["cells"] if file.suffix == ".ipynb" else "# " in text


def test_the_ledger_shows_every_claim_once(book):
    ledger = checks.document(book / "chapters/ledger.html")
    rows = ledger.select("table.ledger tbody tr")
    names = [row["id"] for row in rows]
    assert names and len(set(names)) == len(names)
    for row in rows:
        assert row.select_one(".status").get_text() in ("holds", "does not transfer", "unresolved")
        assert all(cell.get_text().strip() for cell in row.find_all(["th", "td"]))


def test_every_claim_leads_to_the_line_that_makes_it(book):
    ledger = checks.document(book / "chapters/ledger.html")
    lost = []
    for row in ledger.select("table.ledger tbody tr"):
        name = row["id"].removeprefix("claim-")
        link = row.select_one('.claim-id a[href*="#line-"]')
        file, _, anchor = (link["href"] if link else "").rpartition("#")
        line = link and checks.document((book / "chapters" / file).resolve()).find(id=anchor)
        if not line or f'"{name}"' not in line.get_text():
            lost.append(name)
    assert lost == []
