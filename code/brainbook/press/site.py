"""What the HTML has beside the chapters: source pages, downloads, references in print.

Sphinx calls these functions through its events; ``setup`` connects them.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from brainbook.evidence import fingerprint, paths
from brainbook.evidence.bibliography import address

from .contents import PACKAGE

logger = logging.getLogger(__name__)
SOURCES = "source"
PAGES = f"{PACKAGE}."
CITED = re.compile(r'href="[^"]*bibliography\.html#[^"]*" title="([^"]+)"')
TABLED = re.compile(r'<a data-cite="([^"]+)">')
DOOR = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={start}">
<link rel="icon" href="_static/{icon}">
<link rel="canonical" href="{start}">
</head>
<body><p><a href="{start}">{title}</a></p></body>
</html>
"""


def own_scripts_only(app: Sphinx, config: Config) -> None:
    """Keep MathJax's parts off the pages; MathJax loads those that a page's formulas need.

    Jupyter Book links every script that it finds beneath ``_static`` on every page.
    """
    config.html_js_files = [
        file for file in config.html_js_files if not str(file).startswith("mathjax/")
    ]


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """One HTML page for each module of the packages, each line a target for links."""
    formatter = HtmlFormatter(linenos="inline", linespans="line")
    for module in sorted(fingerprint.import_graph().modules):
        name = f"{SOURCES}/{module.replace('.', '/')}"
        text = fingerprint.source_file(module).read_text("utf-8")
        code = highlight(text, PythonLexer(), formatter)
        about = _chapter_link(app, module, name) + _part_links(app, module, name)
        body = f'<div class="source"><h1>{module}</h1>\n{about}{code}</div>'
        yield name, {"title": module, "body": body, "theme_prev_next": False}, "page.html"


def _chapter_link(app: Sphinx, module: str, name: str) -> str:
    """The page that a module stands behind, itself or as a part of its package."""
    parts = module.removeprefix(PAGES).split(".") if module.startswith(PAGES) else []
    for end in range(len(parts), 0, -1):
        chapter = "chapters/" + "/".join(parts[:end])
        if chapter in app.env.found_docs:
            uri = app.builder.get_relative_uri(name, chapter)
            title = html.escape(app.env.titles[chapter].astext())
            return f'<p>Stands behind the page <a href="{uri}">{title}</a>.</p>\n'
    return ""


def _part_links(app: Sphinx, module: str, name: str) -> str:
    """The modules of a package."""
    links = []
    for part in sorted(fingerprint.import_graph().find_children(module)):
        uri = app.builder.get_relative_uri(name, f"{SOURCES}/{part.replace('.', '/')}")
        links.append(f'<a href="{uri}">{part.rpartition(".")[2]}</a>')
    return f"<p>Holds {', '.join(links)}.</p>\n" if links else ""


def chapter_source(docname: str) -> Path:
    """The chapter as its authors write it."""
    return paths.ROOT / f"{docname}.md"


def offer_source(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Add the Markdown source to the downloads of a page that was executed as a notebook."""
    if context.get("page_source_suffix") != ".ipynb" or not chapter_source(pagename).is_file():
        return
    for group in context["header_buttons"]:
        if group["label"] == "download-buttons":
            url = f"{context['pathto']('_sources', 1)}/{pagename}.md"
            button = {"type": "link", "url": url, "text": ".md", "icon": "fas fa-file"}
            button |= {"tooltip": "Download the chapter's source", "label": "download-md-button"}
            group["buttons"].insert(1, button)


def print_references(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Append the works that a page cites, for print, where no link can be followed."""
    cited = sorted(set(CITED.findall(context.get("body", ""))))
    if cited:
        works = "\n".join(f"<li>{work}</li>" for work in cited)
        context["body"] += f'<div class="onlyprint"><h2>References</h2><ul>{works}</ul></div>'


def link_sources(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Link the sources that a table of the page's notebook names to where they are read."""
    works = app.env.get_domain("cite").bibdata.data.entries

    def link(found: re.Match) -> str:
        key = found[1]
        if key not in works:
            logger.warning("a table of %s names the source %r; no reference has it", pagename, key)
            return "<a>"
        fields = works[key].fields
        title = html.escape(re.sub(r"[{}]", "", fields["title"]))
        if not address(fields):
            return "<a>"
        return f'<a href="{html.escape(address(fields))}" title="{title}">'

    context["body"] = TABLED.sub(link, context.get("body", ""))


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the chapters' sources beside the notebooks, and a door at ``index.html``."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for docname in app.env.found_docs:
        if chapter_source(docname).is_file():
            target = out / "_sources" / f"{docname}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(chapter_source(docname), target)
    start = app.builder.get_target_uri(app.config.root_doc)
    icon = Path(app.config.html_favicon or "favicon.svg").name
    title = html.escape(app.config.html_title)
    if start != "index.html":
        (out / "index.html").write_text(DOOR.format(title=title, start=start, icon=icon))


def setup(app: Sphinx) -> None:
    """Connect the functions above to Sphinx's events."""
    app.connect("config-inited", own_scripts_only)
    app.connect("html-collect-pages", source_pages)
    app.connect("html-page-context", offer_source, priority=600)
    app.connect("html-page-context", print_references, priority=600)
    app.connect("html-page-context", link_sources, priority=600)
    app.connect("build-finished", finish)
