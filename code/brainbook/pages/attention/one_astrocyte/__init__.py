"""Page attention/one_astrocyte: how small can the circuit for one attention head be?"""

from .measure import *  # noqa
