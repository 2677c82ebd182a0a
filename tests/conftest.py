"""Each test process computes with one thread, as the pages do: small products run faster so."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
