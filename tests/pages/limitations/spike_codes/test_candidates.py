"""Which networks are compared, under which names, and the twins."""

import pytest

from brainbook.pages.limitations.spike_codes import candidates


def test_names_say_what_a_network_is(sets):
    found = {(c.family, c.network): c for c in candidates.candidates(sets[0])}
    name = candidates.network_name((20, 20))
    assert name == "64-20-20-10"
    assert ("ANN, int8", f"{name}, 8 bits") in found
    assert ("ANN, few bits", f"{name}, 2 bits, pixels too") in found
    assert ("converted, rates", f"{name}, T = 3, trained so") in found
    word = found["ANN, few bits", f"{name}, 2 bits"].pricing
    assert word == {"activation_bits": 2, "pixel_bits": 8, "spiking": False, "leak": True}
    assert found["ANN, fp32", name].accuracy == sets[0].reader.accuracy()


def test_networks_that_learned_with_rounding_keep_their_thresholds(sets):
    learned = sets[0].rounded[3]
    (rate,) = (
        c.model for c in candidates.candidates(sets[0]) if c.network.endswith("T = 3, trained so")
    )
    assert [neuron.threshold for neuron in rate.neurons] == pytest.approx(learned.model().largest())


def test_twins_agree_and_need_one_hidden_layer(readers, shallow):
    pairs = list(candidates.twins(shallow[0], 3))
    assert [pair.bits for pair in pairs] == [1, 2, 3]
    assert max(pair.difference for pair in pairs) < 1e-12
    with pytest.raises(ValueError, match="reader"):
        list(candidates.twins(readers[0], 1))
