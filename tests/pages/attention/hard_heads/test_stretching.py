"""Longer queries: sharper, harder, and of the same heads."""

import pytest

from brainbook.models.attention.minilm_heads import heads_on
from brainbook.pages.attention.hard_heads.difficulty import perplexity
from brainbook.pages.attention.hard_heads.stretching import measure_stretched


@pytest.fixture(scope="module")
def frame(calibration, documents):
    return measure_stretched(calibration, documents, 16, factors=(0.5, 1.0, 2.0), per_layer=2)


def test_longer_queries_are_sharper_and_leave_more(frame):
    middle = frame.groupby("factor")[["perplexity", "unreached", "predicted", "error"]].median()
    assert middle["perplexity"].is_monotonic_decreasing
    for column in ("unreached", "predicted", "error"):
        assert middle[column].is_monotonic_increasing


def test_a_seed_reads_its_own_document_with_the_first_heads_of_each_layer(frame, documents):
    cells = frame.groupby(["factor", "seed"])[["layer", "head"]].agg(list)
    assert (cells["layer"].map(tuple) == tuple(n // 2 for n in range(12))).all()
    assert (cells["head"].map(tuple) == tuple(n % 2 for n in range(12))).all()
    for factor, seed, layer, head in ((2.0, 1, 3, 0), (0.5, 2, 5, 1)):
        own = heads_on(documents[seed]).problem[layer, head]
        where = "factor == @factor and seed == @seed and layer == @layer and head == @head"
        (found,) = frame.query(where)["perplexity"]
        assert found == pytest.approx(perplexity(factor * own.query, own.key).item(), rel=1e-6)


def test_units_are_drawn_by_the_seed(calibration, documents):
    one = {0: documents[0], 1: documents[0]}  # two draws for one document
    frame = measure_stretched(calibration, one, 16, factors=(1.0,))
    first, second = (rows.reset_index() for _, rows in frame.groupby("seed"))
    assert first["perplexity"].equals(second["perplexity"])
    assert (first["error"] != second["error"]).all()
    assert frame.equals(measure_stretched(calibration, one, 16, factors=(1.0,)))


def test_a_factor_of_zero_is_refused(calibration, documents):
    with pytest.raises(ValueError, match="factors: got"):
        measure_stretched(calibration, documents, 12, factors=(0.0, 1.0))
