"""The identities hold, and a path that is no identity is seen."""

from brainbook.models.astrocyte.inside_minilm import uniform
from brainbook.pages.attention.inside_minilm.identities import path_gap


def test_the_path_is_the_librarys_own():
    assert path_gap(["Compute the shape index.", "No."]) < 1e-10


def test_a_path_through_other_heads_is_seen():
    assert path_gap(["Compute the shape index."], (uniform,) * 6) > 0.1
