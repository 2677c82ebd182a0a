"""Page SECTION/PAGE: REPLACE: its question in a sentence."""

from .claims import claims
from .draw import draw_SECTION_PAGE
from .measure import measure_SECTION_PAGE, numbers

__all__ = ["claims", "draw_SECTION_PAGE", "measure_SECTION_PAGE", "numbers"]
