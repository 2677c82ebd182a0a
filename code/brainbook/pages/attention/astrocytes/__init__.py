"""Page attention/astrocytes: can neurons and astrocytes compute a transformer's attention?"""

from .measure import *  # noqa
