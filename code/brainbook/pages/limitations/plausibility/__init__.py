"""Page limitations/plausibility: what learning rules need, and what of it a brain could have."""

from .measure import *  # noqa
