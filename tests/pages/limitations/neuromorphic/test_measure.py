"""The page opens text and network at the top."""

import pytest

from brainbook.evidence import datasets
from brainbook.pages.limitations.neuromorphic import measure
from brainbook.pages.limitations.neuromorphic.events import Code


def test_windows_are_stretches_of_one_document():
    windows, owners = measure._windows(datasets.TEST_TEXTS[:2], 24, 2)
    assert windows.shape == (len(owners), 24) and list(owners) == [0, 0, 1, 1]
    assert len(windows[:, 0].unique()) == len(windows[:, -1].unique()) == 1
    assert not (windows[0, 1:-1] == windows[1, 1:-1]).all()
    with pytest.raises(ValueError, match="tokens: got 5000"):
        measure._windows(["linnerud"], 5000, 1)


def test_codes_read_every_held_out_document(measured):
    codes = measured.codes
    assert set(codes.frame["document"]) == set(range(len(datasets.TEST_TEXTS)))
    assert set(codes.sent) == {Code(), Code(threshold=0.05), Code(measured.steps), Code(127)}


def test_lengths_that_minilm_cannot_read_are_refused():
    with pytest.raises(ValueError, match="tokens: got 513; allowed are 1 to 512"):
        measure.measure_sharing(None, 7, [513])
