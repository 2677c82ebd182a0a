"""Random generators from whole numbers: same numbers, same draws."""

from __future__ import annotations

import numpy as np
from torch import Generator


def seeded(*numbers: int) -> Generator:
    """A generator that depends on all the numbers, so that experiments do not share draws.

    Zeros at the end do not count: (1, 2) and (1, 2, 0) are the same, as in numpy's SeedSequence.
    """
    state = np.random.SeedSequence(numbers).generate_state(2, np.uint32)
    return Generator().manual_seed(int(state[0]) << 32 | int(state[1]))
