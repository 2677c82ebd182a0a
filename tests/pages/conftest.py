"""What the tests of all pages share: drawing in both themes, and claims that were turned wrong."""

from collections.abc import Callable, Iterable

import pytest
from matplotlib.figure import Figure

from brainbook.evidence import style
from brainbook.evidence.claims import Claim


@pytest.fixture(scope="session")
def draw_both() -> Callable[..., Figure]:
    """Draws a result for light and for dark pages, as the press does, and returns the light one."""

    def draw_both(draw: Callable[..., Figure], result) -> Figure:
        drawn = {}
        for theme in style.PALETTE:
            with style.theme(theme):
                drawn[theme] = draw(result)
                drawn[theme].canvas.draw()
        return drawn["light"]

    return draw_both


@pytest.fixture(scope="session")
def statuses() -> Callable[[Iterable[Claim]], dict[str, str]]:
    """Claims as their ids and how they came out."""
    return lambda made: {claim.id: claim.status for claim in made}
