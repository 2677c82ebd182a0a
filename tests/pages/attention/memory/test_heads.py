"""MiniLM's heads as memories: identities, classes, untrained weights, iteration."""

import numpy as np
import pytest
import torch

from brainbook.evidence import facts
from brainbook.models.attention.softmax import Problem
from brainbook.models.memory import modern_hopfield
from brainbook.pages.attention.memory import heads as hr


def test_weights_and_outputs_are_those_of_the_model():
    gaps = hr.attention_gaps(24)
    assert set(gaps) == {"minilm", "values"} and max(gaps.values()) < 1e-10


def test_constants_are_the_published_ones():
    known = facts.table("associative_memory.csv").set_index("key")["value"]
    bounds = known[["class_one_above", "class_two_above", "class_three_above"]]
    assert hr.BOUNDS == tuple(bounds)
    assert modern_hopfield.SHARE == known["holding_share"]


def test_classes_at_their_bounds():
    shares = [0.51, 0.5, 0.126, 0.125, 0.032, 1 / 32, 0.001]
    assert list(hr.operating_class(shares)) == ["I", "II", "II", "III", "III", "IV", "IV"]


def test_table_has_every_head_of_every_text(keys):
    texts = hr.long_texts(64)
    trained = keys[keys["weights"] == "trained"]
    assert len(trained) == 2 * 72 * len(texts)
    assert keys["keys"].between(1, keys["tokens"]).all()
    assert (keys["uniform"] == np.ceil(0.9 * keys["tokens"])).all()


def test_untrained_weights_are_nearly_uniform_and_training_sharpens(keys):
    long = keys[keys["tokens"] == 64]
    fresh, trained = (long.loc[long["weights"] == w, "keys"] for w in ("untrained", "trained"))
    assert fresh.min() > 0.85 * 64
    assert trained.median() < 0.8 * fresh.median()


def test_untrained_networks_differ_by_document_and_repeat():
    one, again = (hr.read_untrained(["iris", "iris"], 12) for _ in range(2))
    assert (one["iris"].key == again["iris"].key).all()
    first = hr.read_untrained(["iris"], 12)
    assert not (one["iris"].key == first["iris"].key).all()


def test_iteration_starts_with_the_heads_attention(keys):
    documents = hr.read(hr.long_texts(16), 16)
    table = hr.iteration_table(documents, [0, 1])
    first = table[table["updates"] == 0].set_index(["document", "layer", "head"])["keys"]
    short = keys[(keys["tokens"] == 16) & (keys["weights"] == "trained")]
    expected = short.set_index(["document", "layer", "head"])["keys"]
    assert first.loc[expected.index].equals(expected)


def test_storage_of_separated_and_of_equal_keys():
    far = 20 * torch.eye(5)[None, None].expand(1, 2, 5, 5)
    equal = torch.ones(1, 2, 5, 5)
    for key, stored, ends in ((far, 1.0, 5), (equal, 0.0, 1)):
        table = hr.storage_table({"planted": Problem(key, key, key)}, 20)
        assert (table["stored"] == stored).all() and (table["ends"] == ends).all()
        assert (table["moved"] < 1e-9).all()


def test_lengths_that_texts_or_model_lack_are_refused():
    with pytest.raises(ValueError, match="tokens"):
        hr.long_texts(600)
