"""Page limitations/control: erasing and steering a concept in a sentence model."""

from .measure import *  # noqa
