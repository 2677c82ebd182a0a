"""The glossary: all terms of the outline, each defined once, in order, with known citations."""

from __future__ import annotations

import re

import pytest

from brainbook.evidence import paths

OUTLINE = (
    "analog computation",
    "attention mechanism",
    "backpropagation",
    "digital computation",
    "dynamic sparsity",
    "encoder-decoder architecture",
    "Hebbian learning",
    "hybrid analog-digital neuromorphic chip",
    "neuromorphic computing",
    "neuromorphic hardware",
    "self-attention",
    "spike-timing-dependent plasticity",
    "spiking neural network",
    "transformer model",
    "visual attention",
)
JUDGEMENTS = (
    "impressive|remarkable|powerful|crucial|important|significant|revolution|state-of-the-art|"
    "promising|efficient|better|best|advanced|novel|exciting|brain-like|plausible|unfortunately"
)


def entries() -> list[tuple[list[str], str]]:
    """Terms and definition of each entry, in the order of the page."""
    page = (paths.CHAPTERS / "glossary.md").read_text("utf-8")
    body = page.split("```{glossary}\n", 1)[1].split("\n```", 1)[0]
    found = []
    for block in body.strip("\n").split("\n\n"):
        lines = block.split("\n")
        terms = [line for line in lines if not line.startswith(" ")]
        found.append((terms, " ".join(line.strip() for line in lines[len(terms) :])))
    return found


def bibliography_keys() -> set[str]:
    text = (paths.ROOT / "references.bib").read_text("utf-8")
    return set(re.findall(r"^@\w+\{([^,\s]+),", text, re.MULTILINE))


def terms() -> list[str]:
    return [term for names, _ in entries() for term in names]


@pytest.mark.parametrize("term", OUTLINE)
def test_outline_term_is_defined(term: str) -> None:
    assert term in terms()


def test_no_term_stands_twice() -> None:
    lowered = [term.lower() for term in terms()]
    assert len(lowered) == len(set(lowered)) > len(OUTLINE)


def test_entries_are_in_order() -> None:
    first = [names[0].lower() for names, _ in entries()]
    assert first == sorted(first)


def test_definitions_are_short_sentences_without_judgement() -> None:
    for names, definition in entries():
        assert definition.endswith("."), names
        assert len(definition.split()) <= 90, names
        assert not re.search(rf"\b(?:{JUDGEMENTS})\b", definition, re.IGNORECASE), names


def test_citations_are_known() -> None:
    cited = {
        key
        for _, definition in entries()
        for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", definition)
        for key in keys.split(",")
    }
    assert cited
    assert cited <= bibliography_keys()


def test_every_term_that_a_page_links_is_defined() -> None:
    known = {term.lower() for term in terms()}
    linked = 0
    for page in paths.CHAPTERS.rglob("*.md"):
        for target in re.findall(r"\{term\}`([^`]+)`", page.read_text("utf-8")):
            target = re.sub(r"^.*<([^<>]+)>$", r"\1", target)
            assert target.lower() in known, f"{page.name}: {target}"
            linked += 1
    assert linked
