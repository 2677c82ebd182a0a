"""Page attention/memory: what associative memory and attention have in common."""

from .measure import *  # noqa
