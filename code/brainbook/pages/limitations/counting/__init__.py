"""Page limitations/counting: the energy library at work, and how far its counts can be trusted."""

from .measure import *  # noqa
