"""Page limitations/spike_codes: what a spike may stand for, and what each code costs."""

from .measure import *  # noqa
