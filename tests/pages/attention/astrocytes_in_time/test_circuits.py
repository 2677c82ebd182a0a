"""The circuits that the page measures: what they are and what they are not."""

import numpy as np
import pytest
import torch

from brainbook.models.astrocyte.tuned import read
from brainbook.models.attention.minilm_heads import heads_on
from brainbook.models.attention.softmax import relative_error, softmax_attention
from brainbook.pages.attention.astrocytes_in_time import circuits
from brainbook.pages.attention.astrocytes_in_time.circuits import AMONG, GATED, LATERAL, RANDOM


def test_a_passage_holds_all_heads_and_the_exact_kernel(passages):
    passage = passages[0]
    tokens = passage.problem.key.shape[-2]
    assert passage.kernel.weight.shape == (72, tokens, tokens)
    output, _ = softmax_attention(*passage.problem.tensors)
    read_out = passage.kernel.read(passage.problem.value).output
    torch.testing.assert_close(read_out, output, atol=1e-5, rtol=1e-4)


def test_a_layer_has_four_circuits_and_one_of_them_fewer_units(first):
    assert set(first) == {RANDOM, LATERAL, GATED, AMONG}
    sizes = {name: part.cell.trace.shape[-1] for name, part in first.items()}
    assert sizes[RANDOM] == sizes[LATERAL] == sizes[GATED] == 125
    assert 0.4 * 125 < sizes[AMONG] < 0.8 * 125


def test_tuned_cells_give_the_output_of_the_recommended_circuit(documents, first):
    problem = heads_on(documents[2]).problem[0]
    calibration = circuits.problem_on(_calibration())
    for name, one in circuits.maps(0, 125, calibration, 0.6).items():
        expected = read(one, *problem.tensors).output
        assert relative_error(first[name].cell.output(), expected).max() < 1e-3, name


def _calibration():
    from brainbook.evidence.datasets import CALIBRATION_TEXTS
    from brainbook.models.attention.minilm_text import passages_of

    return tuple(passages_of(CALIBRATION_TEXTS, 48, 4))


def test_signs_are_the_lateral_circuits_alone(first):
    negative = {name: (part.cell.reading < 0).any().item() for name, part in first.items()}
    assert negative == {RANDOM: False, GATED: False, LATERAL: True, AMONG: True}


def test_a_bare_tuned_trace_is_rates_times_g_without_the_usual_normaliser(first):
    """Gated rates share out one unit of activity, so p lies between the least and largest g."""
    cell = first[GATED].cell
    log_p = (cell.divisor().log() + cell.log_scale).squeeze(-1) + np.log(125)
    assert (log_p <= cell.log_trace.amax(-1, keepdim=True) + 1e-4).all()
    assert (log_p >= cell.log_trace.amin(-1, keepdim=True) - 1e-4).all()


def test_medians_by_document_refuse_rows_that_are_not_there(measured):
    table = measured.limits.coverage
    found = circuits.by_document(table, circuit=GATED, reading="divided", share=0.6)
    rows = table.query("circuit == @GATED and reading == 'divided' and share == 0.6 and seed == 3")
    assert found[3] == rows["error"].median()
    with pytest.raises(ValueError, match="where: got"):
        circuits.by_document(table, circuit="none")
