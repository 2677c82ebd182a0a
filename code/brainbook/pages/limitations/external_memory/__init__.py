"""Page limitations/external_memory: what a memory of text adds to a network's weights."""

from .measure import *  # noqa
