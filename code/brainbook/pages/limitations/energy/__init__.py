"""Limitations, energy: joules of transformers and of brains, each with what it includes."""

from .measure import *  # noqa
