"""Page limitations/neuromorphic: a transformer block on the cores of a neuromorphic chip."""

from .measure import *  # noqa
