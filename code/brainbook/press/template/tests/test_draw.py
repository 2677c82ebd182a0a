"""Page SECTION/PAGE: REPLACE: figures show the data that they are given."""

import numpy as np
import pandas as pd

from brainbook.pages.SECTION.PAGE.draw import draw_SECTION_PAGE


def test_the_line_is_the_median(draw_both):
    means = pd.DataFrame({"seed": [0, 1, 2] * 2, "size": [16] * 3 + [64] * 3})
    means["error"] = [0.2, 0.3, 0.7, 0.1, 0.2, 0.3]
    (line,) = draw_both(draw_SECTION_PAGE, means).axes[0].lines
    np.testing.assert_allclose(line.get_xydata(), [[16, 0.3], [64, 0.2]])
