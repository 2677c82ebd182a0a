"""Colours can be read on both pages and told apart; labels do not overlap."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.colors import to_rgb

from brainbook.evidence import style

BACKGROUND = {"light": "#ffffff", "dark": "#14181e"}
PROTAGONISTS = ("brain", "transformer", "spiking", "hybrid")


def luminance(shade: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", style.PALETTE)
@pytest.mark.parametrize("role", [*PROTAGONISTS, "reference", "ink"])
def test_text_in_every_colour_is_readable(theme, role):
    assert contrast(style.PALETTE[theme][role], BACKGROUND[theme]) >= 4.5


@pytest.mark.parametrize("theme", style.PALETTE)
def test_protagonists_are_told_apart(theme):
    palette = style.PALETTE[theme]
    for a, b in itertools.combinations(PROTAGONISTS, 2):
        pairs = zip(to_rgb(palette[a]), to_rgb(palette[b]), strict=True)
        distance = sum((x - y) ** 2 for x, y in pairs)
        assert distance > 0.05, (a, b)


def test_the_colour_follows_the_page():
    with style.theme("light"):
        light = style.colour("brain")
        with style.theme("dark"):
            assert style.colour("brain") != light
        assert style.colour("brain") == light


@pytest.mark.parametrize(
    "wrong", [lambda: style.colour("pink"), lambda: style.theme("sepia").__enter__()]
)
def test_unknown_names_are_told(wrong):
    with pytest.raises(ValueError, match="got '(pink|sepia)'"):
        wrong()


def test_labels_at_the_same_height_move_apart():
    fig, ax = style.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    style.label_ends(ax, [(name, 1, 0.98, "#000000") for name in "abc"], gap=0.1)
    heights = sorted(text.xy[1] for text in ax.texts)
    assert heights[-1] <= 1 + 1e-9
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(heights))
