"""Page limitations/spiking: does a network that computes with spikes need less energy?"""

from .measure import *  # noqa
