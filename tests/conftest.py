"""Each test process computes with one thread, as the pages do: small products run faster so.

What ``store.kept`` decorates runs each time, so that a test sees what it has replaced.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["BRAINBOOK_KEPT"] = "off"
