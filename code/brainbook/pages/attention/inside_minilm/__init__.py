"""Page attention/inside_minilm: does MiniLM still work with circuits in place of all its heads?"""

from .measure import *  # noqa
