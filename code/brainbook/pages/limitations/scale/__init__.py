"""Page limitations/scale: what length costs, and what depth loses."""

from .measure import *  # noqa
