"""Page attention/astrocytes_in_time: the neuron-astrocyte circuit as dynamics, not algebra."""

from .measure import *  # noqa
