"""Page attention/hard_heads: why some heads are hard, and what tuned units stand for."""

from .measure import *  # noqa
