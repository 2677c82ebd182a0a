"""What a reader would complain about, found in a real browser or in the files of the book.

``visit`` opens a page once and keeps what the browser saw; each function below it returns the
complaints about one thing, as texts. No complaint is an empty list.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse
from xml.etree import ElementTree

from bs4 import BeautifulSoup

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
LEAST_CONTRAST, LEAST_CONTRAST_LARGE = 4.5, 3.0
UNREADABLE = re.compile(r"\b(None|nan|NaN|inf|KeyError)\b")

STILL = "* { transition: none !important; animation: none !important; }"
READY = """async () => {
  if (window.MathJax && MathJax.startup && MathJax.startup.promise) await MathJax.startup.promise;
  await document.fonts.ready;
}"""

STATE = r"""() => {
  const shown = e => e.offsetWidth > 0 && getComputedStyle(e).visibility !== 'hidden';
  const main = document.querySelector('main') || document.body;
  const prose = main.cloneNode(true);
  prose.querySelectorAll('pre, code, script, style, mjx-assistive-mml').forEach(e => e.remove());
  return {
    images: [...document.images].map(e => ({src: e.src, width: e.naturalWidth, alt: e.alt,
      decorative: !main.contains(e), theme: ['light', 'dark'].find(t =>
      e.classList.contains('only-' + t)) || '', shown: shown(e)})),
    headings: [...main.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(shown)
      .map(e => [Number(e.tagName[1]), e.textContent]),
    math: main.querySelectorAll('.math').length,
    rendered: main.querySelectorAll('.math mjx-container').length,
    errors: [...main.querySelectorAll('mjx-merror')].map(e => e.textContent),
    prose: prose.textContent,
    glued: [...main.querySelectorAll('.pasted-text, .measured')].map(e => e.textContent),
    landmarks: ['main', 'nav', 'footer'].filter(t => document.querySelector(t)),
    language: document.documentElement.lang,
    title: document.title,
  };
}"""

OVERFLOW = r"""() => {
  const wide = document.documentElement.scrollWidth, room = window.innerWidth;
  const inBox = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return true;
    return false; };
  const main = document.querySelector('article') || document.body;
  const out = [...main.querySelectorAll('*')].filter(e => e.getClientRects().length &&
    e.getBoundingClientRect().right > room + 1 && !inBox(e) && !e.closest('mjx-assistive-mml'))
    .map(e => e.tagName.toLowerCase() + '.' + e.className);
  return {wide, room, out: out.slice(0, 5)};
}"""

CONTRAST = r"""() => {
  const parse = c => { const n = c.match(/[\d.]+/g).map(Number);
    return {rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1}; };
  const over = (top, a, under) => top.map((v, i) => v * a + under[i] * (1 - a));
  const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 :
    ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { const layers = []; for (let p = e; p; p = p.parentElement) {
      const c = parse(getComputedStyle(p).backgroundColor); layers.push(c); if (c.a === 1) break; }
    return layers.reverse().reduce((under, c) => over(c.rgb, c.a, under), [255, 255, 255]); };
  const found = new Map();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.data.trim() || !e.getClientRects().length || style.visibility === 'hidden') continue;
    if (e.closest('dialog, script, style, noscript, .headerlink, mjx-assistive-mml')) continue;
    let opacity = 1; for (let p = e; p; p = p.parentElement) opacity *= getComputedStyle(p).opacity;
    if (opacity === 0) continue;
    const back = ground(e), c = parse(style.color), front = over(c.rgb, c.a * opacity, back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const key = e.tagName.toLowerCase() + '.' + e.className + ' ' + style.color;
    if (!found.has(key)) found.set(key, {what: key, text: node.data.trim().slice(0, 30),
      ratio: (a + 0.05) / (b + 0.05), large});
  }
  return [...found.values()];
}"""

FIGURES = r"""() => [...document.querySelectorAll('main img[class*=only-]')].map(e => ({src: e.src,
  theme: e.classList.contains('only-dark') ? 'dark' : 'light', shown: e.offsetWidth > 0}))"""


@dataclass
class Visit:
    """What the browser saw on one page."""

    url: str
    console: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    state: dict = field(default_factory=dict)
    phone: dict = field(default_factory=dict)
    contrast: dict[str, list[dict]] = field(default_factory=dict)
    figures: dict[str, list[dict]] = field(default_factory=dict)


def listen(page, seen: Visit) -> None:
    """Keep what goes wrong on the page from now on."""
    page.on(
        "console",
        lambda m: seen.console.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("request", lambda request: seen.requested.append(request.url))
    page.on("requestfailed", lambda request: seen.failed.append(f"{request.url}: failed"))
    page.on(
        "response",
        lambda r: seen.failed.append(f"{r.url}: {r.status}") if r.status >= 400 else None,
    )


def visit(browser, url: str) -> Visit:
    """Open the page on a desk, on a phone and in the dark."""
    seen = Visit(url)
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")
    try:
        page = context.new_page()
        listen(page, seen)
        page.goto(url, wait_until="load")
        page.evaluate(READY)
        page.add_style_tag(content=STILL)
        seen.state = page.evaluate(STATE)
        seen.contrast["light"] = page.evaluate(CONTRAST)
        seen.figures["light"] = page.evaluate(FIGURES)
        page.emulate_media(color_scheme="dark")
        seen.contrast["dark"] = page.evaluate(CONTRAST)
        seen.figures["dark"] = page.evaluate(FIGURES)
        page.set_viewport_size(PHONE)
        seen.phone = page.evaluate(OVERFLOW)
    finally:
        context.close()
    return seen


def console(seen: Visit) -> list[str]:
    """Errors and warnings of the page's scripts."""
    return seen.console


def requests(seen: Visit) -> list[str]:
    """Requests that failed, and requests to another host."""
    home = urlparse(seen.url).netloc
    away = [url for url in seen.requested if urlparse(url).scheme not in ("data", "blob")]
    return seen.failed + [f"{url}: another host" for url in away if urlparse(url).netloc != home]


def images(seen: Visit) -> list[str]:
    """Images that did not load or, within the text, say nothing to who cannot see them."""
    broken = [f"{i['src']}: not loaded" for i in seen.state["images"] if i["width"] == 0]
    silent = [i for i in seen.state["images"] if not i["decorative"] and not i["alt"].strip()]
    return broken + [f"{i['src']}: no alternative text" for i in silent]


def math(seen: Visit) -> list[str]:
    """Formulas that were not set, or set with an error."""
    state = seen.state
    wrong = [f"error in a formula: {text}" for text in state["errors"]]
    if state["rendered"] != state["math"]:
        wrong.append(f"{state['rendered']} of {state['math']} formulas are set")
    raw = re.findall(r".{0,20}(?:\\\(|\\\[|\$\$).{0,20}", state["prose"])
    return wrong + [f"raw formula: {text}" for text in raw]


def headings(seen: Visit) -> list[str]:
    """Not one first heading, or a level skipped."""
    levels = [level for level, _ in seen.state["headings"]]
    wrong = [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of the first level"]
    for before, (level, text) in zip([0, *levels], seen.state["headings"], strict=False):
        if level > before + 1:
            wrong.append(f"level {level} after level {before}: {text}")
    return wrong


def words(seen: Visit) -> list[str]:
    """Values in the prose that are no numbers, and unresolved marks."""
    wrong = [f"pasted: {text!r}" for text in seen.state["glued"] if UNREADABLE.search(text)]
    wrong += [f"in prose: {m}" for m in re.findall(r".{0,20}\bnan\b.{0,20}", seen.state["prose"])]
    marks = re.findall(r".{0,20}(?:\{(?:cite|glue|term|numref|doc)[:}]|\?\?).{0,20}",
                       seen.state["prose"])  # fmt: skip
    return wrong + [f"not resolved: {mark}" for mark in marks]


def frame(seen: Visit) -> list[str]:
    """What assistive software finds its way by."""
    missing = {"main", "nav", "footer"} - set(seen.state["landmarks"])
    wrong = [f"no <{name}>" for name in sorted(missing)]
    wrong += [] if seen.state["language"] == "en" else ["the language is not said"]
    return wrong + ([] if seen.state["title"].strip() else ["no title"])


def overflow(seen: Visit) -> list[str]:
    """Parts that make a phone's page scroll sideways."""
    phone = seen.phone
    wrong = [f"{name} is wider than the screen" for name in phone["out"]]
    if phone["wide"] > phone["room"]:
        wrong.append(f"the page is {phone['wide']} px wide on {phone['room']} px")
    return wrong


def contrast(seen: Visit) -> list[str]:
    """Text too faint to read, in the light and in the dark."""
    return [
        f"{theme}: {text['what']} {text['text']!r}: {text['ratio']:.2f}"
        for theme, texts in seen.contrast.items()
        for text in texts
        if text["ratio"] < (LEAST_CONTRAST_LARGE if text["large"] else LEAST_CONTRAST)
    ]


def figures(seen: Visit) -> list[str]:
    """Figures drawn for the other background."""
    return [
        f"{figure['src']} is {'shown' if figure['shown'] else 'hidden'} in the {theme}"
        for theme, shown in seen.figures.items()
        for figure in shown
        if figure["shown"] != (figure["theme"] == theme)
    ]


@lru_cache
def document(path: Path) -> BeautifulSoup:
    """A file of the book, parsed."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@lru_cache
def ids(path: Path) -> frozenset[str]:
    """The targets for links in a file."""
    return frozenset(element["id"] for element in document(path).find_all(id=True))


def internal(book: Path, path: Path, href: str) -> tuple[Path, str] | None:
    """File and anchor that a link leads to, or None where it leads out of the book."""
    base = f"http://book/{path.relative_to(book).as_posix()}"
    url, anchor = urldefrag(urljoin(base, href))
    if urlparse(url).netloc != "book":
        return None
    return book / unquote(urlparse(url).path).lstrip("/"), unquote(anchor)


def links(book: Path, path: Path) -> list[str]:
    """Links, scripts, styles and images that lead nowhere within the book."""
    wrong = []
    for name in ("href", "src"):
        for element in document(path).find_all(attrs={name: True}):
            found = internal(book, path, element[name])
            if not found or element[name].startswith(("data:", "javascript:", "mailto:")):
                continue
            target, anchor = found
            if not target.is_file():
                wrong.append(f"{element[name]}: no such file")
            elif anchor and target.suffix == ".html" and anchor not in ids(target):
                wrong.append(f"{element[name]}: no such place")
    return wrong


def twins(path: Path) -> list[str]:
    """Targets that stand twice in one file."""
    names = [element["id"] for element in document(path).find_all(id=True)]
    return sorted({f"id {name} stands twice" for name in names if names.count(name) > 1})


def downloads(book: Path, path: Path) -> list[str]:
    """Files offered beside figures that are missing, empty or not of their kind."""
    wrong = []
    for link in document(path).select("a.download"):
        target, _ = internal(book, path, link["href"])
        content = target.read_bytes() if target.is_file() else b""
        if not _is_sound(target.suffix, content):
            wrong.append(f"{link['href']}: not a sound {target.suffix} file")
    return wrong


def _is_sound(kind: str, content: bytes) -> bool:
    if kind == ".csv":
        rows = list(csv.reader(io.StringIO(content.decode())))
        return len(rows) > 1 and len({len(row) for row in rows}) == 1
    if kind == ".svg":
        try:
            root = ElementTree.fromstring(content)
        except ElementTree.ParseError:
            return False
        return root.tag.endswith("svg") and len(root) > 0
    return kind == ".png" and content.startswith(b"\x89PNG\r\n")


def figure_parts(book: Path, path: Path) -> list[str]:
    """Figures without a caption, a number, their files, or a way to the code that drew them."""
    wrong = []
    for figure in document(path).select("figure.result"):
        name = figure["id"]
        captions = figure.find_all("figcaption")
        if len(captions) != 1 or not captions[0].select_one(".caption-number"):
            wrong.append(f"{name}: no numbered caption")
        if len({image["alt"] for image in figure.find_all("img")}) != 1:
            wrong.append(f"{name}: light and dark are described differently")
        kinds = {Path(link["href"]).suffix for link in figure.select("a.download")}
        if kinds != {".svg", ".png", ".csv"}:
            wrong.append(f"{name}: offers {sorted(kinds)}")
        wrong += _wrong_code(book, path, figure)
    return wrong


def _wrong_code(book: Path, path: Path, figure) -> list[str]:
    for link in figure.select('.figure-links a[href*="#line-"]'):
        target, anchor = internal(book, path, link["href"])
        line = document(target).find(id=anchor) if target.is_file() else None
        function = link.get_text().split()[-1]
        text = re.sub(r"^\s*\d+\s*", "", line.get_text()) if line else ""
        return [] if text.startswith(f"def {function}(") else [f"{link['href']}: not {function}"]
    return [f"{figure['id']}: no link to its code"]


def measured(book: Path, path: Path) -> list[str]:
    """Measured values that do not lead to their row of the ledger."""
    wrong = []
    for link in document(path).select("a.measured"):
        target, anchor = internal(book, path, link["href"])
        row = document(target).find(id=anchor) if target.is_file() else None
        if row is None or row.name != "tr" or not row.select_one(".status"):
            wrong.append(f"{link['href']}: no claim")
        elif anchor.removeprefix("claim-") not in row.get_text():
            wrong.append(f"{link['href']}: another claim")
    return wrong
