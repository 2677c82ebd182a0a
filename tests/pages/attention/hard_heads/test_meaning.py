"""What hidden units stand for: information against scikit-learn, and planted meanings found."""

import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_mutual_info_score

from brainbook.evidence import pretrained
from brainbook.models.attention.minilm_heads import HEADS, LAYERS
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention.hard_heads import meaning as unit_meaning
from brainbook.pages.attention.hard_heads.meaning import (
    LABELS,
    MAPS,
    MARK,
    attended,
    commonest,
    meaning,
    random_answer,
    shared_information,
    telling,
    words,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_label_that_settles_the_unit_explains_it_and_chance_explains_nothing():
    label = torch.randint(200, (3, 4000), generator=seeded())
    unit = torch.stack([label[0], label[1] // 10, torch.randint(200, (4000,), generator=seeded(1))])
    found = shared_information(unit, label, seeded(2))
    assert found["explained"][:2].tolist() == pytest.approx([1, 1], abs=1e-9)
    assert found["adjusted"][0].item() == pytest.approx(1, abs=1e-9)
    assert abs(found["explained"][2]) < 0.02 and abs(found["adjusted"][2]) < 0.02


def test_numbers_on_the_classes_do_not_matter():
    label = torch.randint(30, (2, 500), generator=seeded())
    unit = (label + torch.randint(3, (2, 500), generator=seeded(1))) // 2
    one = shared_information(unit, label, seeded(2))
    other = shared_information(100 - 7 * unit, 13 * label - 40, seeded(2))
    assert torch.allclose(one["adjusted"], other["adjusted"], atol=1e-12)


def test_one_shuffle_comes_near_the_expectation_over_all_shuffles():
    label = torch.randint(300, (4, 3000), generator=seeded()).square() // 300
    noise = torch.randint(300, (4, 3000), generator=seeded(1))
    keep = torch.rand(4, 3000, generator=seeded(2)) < torch.tensor([[0.0], [0.2], [0.5], [0.9]])
    unit = torch.where(keep, label, noise) // 3
    expected = [adjusted_mutual_info_score(a, b) for a, b in zip(unit, label, strict=True)]
    found = shared_information(unit, label, seeded(3))["adjusted"]
    # the spread of one shuffle, from twenty
    tries = torch.stack(
        [shared_information(unit, label, seeded(10 + i))["adjusted"] for i in range(20)]
    )
    assert (tries.std(0) < 0.01).all()
    assert ((tries.mean(0) - torch.tensor(expected)).abs() < 4 * tries.std(0) / 20**0.5).all()
    assert ((found - torch.tensor(expected)).abs() < 4 * tries.std(0)).all()


def test_the_attended_key_is_the_one_with_the_largest_weight():
    query, key = torch.randn(2, 3, 9, 4, generator=seeded())
    assert torch.equal(attended(query, key), (query @ key.mT).softmax(-1).argmax(-1))


def test_random_units_answer_to_the_direction_of_the_query_alone():
    query = torch.randn(2, 50, 4, generator=seeded())
    answers = random_answer(query, 16, seeded(1))
    assert torch.equal(answers, random_answer(3 * query, 16, seeded(1)))
    assert answers.unique().numel() > 4 and answers.max() < 16


def planted(label, tokens=20, passages=8):
    """Passages whose queries are a code of their token or of their position, for all heads."""
    ids = torch.randint(1000, 1012, (passages, tokens), generator=seeded())
    code = 6 * torch.randn(2000, 8, generator=seeded(1))
    numbers = ids if label == "token" else torch.arange(tokens).expand_as(ids)
    query = code[numbers] + 0.01 * torch.randn(passages, tokens, 8, generator=seeded(2))
    query = query.view(passages, 1, 1, tokens, 8).expand(-1, LAYERS, HEADS, -1, -1).contiguous()
    key = 0.1 * torch.randn(query.shape, generator=seeded(3))
    return tuple(map(tuple, ids.tolist())), (query, key, key)


@pytest.mark.parametrize("label", ["token", "position"])
def test_a_planted_meaning_is_found(monkeypatch, label):
    ids, tensors = planted(label)
    monkeypatch.setattr(unit_meaning, "problem_on", lambda passages: Problem(*tensors))
    monkeypatch.setattr(unit_meaning, "calibration_passages", lambda tokens: ids)
    found = meaning(units=12, seeds=(0, 1), passages=8, tokens=20)
    assert len(found) == 2 * 72 * len(LABELS) * len(MAPS)
    tuned = found[found["map"] == MAPS[0]].groupby("label")["explained"].median()
    other = {"token": "position", "position": "token"}[label]
    assert tuned[label] > 0.8 and tuned[other] < 0.3
    assert telling(found).set_index("label").loc[label, "adjusted"] > 0.6


@pytest.fixture(scope="module")
def small():
    return calibration_passages(24, 6)[:16]


@pytest.fixture
def few_passages(monkeypatch, small):
    monkeypatch.setattr(unit_meaning, "calibration_passages", lambda tokens: small)


def test_tuning_and_measuring_use_different_passages(few_passages):
    known, measured = unit_meaning._halves(16, 24)
    assert not set(known) & set(measured) and len(known) == len(measured) == 8
    with pytest.raises(ValueError, match="passages: got 17; allowed are 2 to 16"):
        unit_meaning._halves(17, 24)


def test_offsets_to_marks_are_one_kind(few_passages):
    labels = unit_meaning._labels(16, 24)
    assert labels["token"].shape == labels["position"].shape == (1, 8 * 24)
    assert labels["attended offset"].shape == (72, 8 * 24)
    offsets = labels["attended offset"]
    places = (labels["position"] + offsets)[offsets != MARK]
    assert places.min() >= 1 and places.max() <= 22 and (offsets == MARK).any()


def test_words_describe_the_units_that_answer_most(few_passages):
    table = words(0, 1, units=16, shown=3, passages=16, tokens=24)
    assert len(table) == 3 and table["answers"].is_monotonic_decreasing
    assert table["to_a_mark"].between(0, 1).all()
    assert (table["position_low"] <= table["position_high"]).all()
    assert table.equals(words(0, 1, units=16, shown=3, passages=16, tokens=24))


def test_commonest_words_are_decoded_and_counted():
    _, tokenizer = pretrained.minilm()
    ids = tokenizer("the mouse the cat the mouse", add_special_tokens=False).input_ids
    assert commonest(ids, 2) == "the 3, mouse 2"


def test_the_telling_head_is_the_one_with_the_largest_median_over_seeds():
    rows = [
        {"map": kind, "seed": seed, "layer": layer, "head": 0, "label": label, "adjusted": value}
        for label in LABELS
        for kind, layer, values in (
            (MAPS[0], 0, (0.9, 0.1, 0.1)),
            (MAPS[0], 1, (0.3, 0.3, 0.3)),
            (MAPS[1], 2, (0.8, 0.8, 0.8)),
        )
        for seed, value in enumerate(values)
    ]
    best = telling(pd.DataFrame(rows))
    assert list(best["label"]) == list(LABELS)
    assert (best["layer"] == 1).all() and (best["adjusted"] == 0.3).all()
