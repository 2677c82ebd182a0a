"""What hidden units stand for: information against scikit-learn, and planted meanings found."""

import itertools

import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_mutual_info_score

from brainbook.evidence import pretrained
from brainbook.evidence.seeding import seeded as seeds
from brainbook.models.attention.minilm_heads import problem_on
from brainbook.models.attention.softmax import Problem
from brainbook.pages.attention.hard_heads.meaning import (
    LABELS,
    MAPS,
    MARK,
    Halves,
    answering_units,
    attended,
    clearest_heads,
    commonest,
    measure_meaning,
    measure_words,
    query_labels,
    random_answer,
    shared_information,
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


def coded(label, tokens=20, passages=8):
    """Halves whose queries are a code of their token or of their position, for all heads."""
    ids = torch.randint(1000, 1012, (passages, tokens), generator=seeded())
    code = 6 * torch.randn(2000, 8, generator=seeded(1))
    numbers = ids if label == "token" else torch.arange(tokens).expand_as(ids)
    query = code[numbers] + 0.01 * torch.randn(passages, tokens, 8, generator=seeded(2))
    query = query.view(passages, 1, 1, tokens, 8).expand(-1, 6, 12, -1, -1).contiguous()
    text = Problem(query, 0.1 * torch.randn(query.shape, generator=seeded(3)), query)
    return Halves(text[::2], text[1::2], ids[1::2])


@pytest.mark.parametrize(("label", "other"), [("token", "position"), ("position", "token")])
def test_a_planted_meaning_is_found(label, other):
    halves = coded(label)
    answering = answering_units(halves, layer=2, units=12, seed=0)[MAPS[0]]
    labels = query_labels(halves)
    explained = {
        name: shared_information(answering, labels[name], seeded(4))["explained"].median()
        for name in (label, other)
    }
    assert explained[label] > 0.8 and explained[other] < 0.3


def test_every_head_is_measured_with_both_maps_and_every_draw(calibration):
    frame = measure_meaning(calibration, units=16, seeds=(0, 1), passages=8)
    cells = frame.groupby(["map", "label", "seed"])[["layer", "head"]].agg(list)
    assert set(cells.index) == set(itertools.product(MAPS, LABELS, (0, 1)))
    assert (cells["head"].map(tuple) == tuple(range(12)) * 6).all()
    halves = Halves.of(calibration, 8)
    answering = answering_units(halves, 4, 16, 1)[MAPS[0]]
    expected = shared_information(answering, query_labels(halves)["position"], seeds(93, 1))
    rows = frame.query("map == @MAPS[0] and label == 'position' and seed == 1 and layer == 4")
    assert rows["adjusted"].tolist() == pytest.approx(expected["adjusted"].tolist())


def test_tuning_and_measuring_use_different_passages(calibration):
    halves = Halves.of(calibration, 4)
    text = problem_on(calibration).query
    numbers = [
        [next(n for n, known in enumerate(text) if known.equal(one)) for one in half.query]
        for half in (halves.known, halves.measured)
    ]
    assert numbers == [[0, 13], [6, 19]]
    assert halves.ids.tolist() == [list(calibration[n]) for n in numbers[1]]
    with pytest.raises(ValueError, match="passages: got 21; allowed are 2 to 20"):
        Halves.of(calibration, 21)


def test_labels_are_those_of_each_query(calibration):
    halves = Halves.of(calibration, 8)
    labels = query_labels(halves)
    own = halves.measured[2, 1, 5]  # third passage, layer 1, head 5
    picked = (own.query @ own.key.mT).argmax(-1)
    seen = {name: x[min(17, len(x) - 1)].view(4, 24)[2] for name, x in labels.items()}
    assert seen["token"].equal(halves.ids[2]) and seen["position"].equal(torch.arange(24))
    assert seen["attended token"].equal(halves.ids[2][picked])
    for place, (at, offset) in enumerate(zip(picked, seen["attended offset"], strict=True)):
        assert offset == (MARK if at in (0, 23) else at - place)


def test_words_describe_the_units_that_answer_most(calibration):
    table = measure_words(calibration, 12, [(0, 1), (5, 2)], shown=2, top=1, passages=8)
    assert list(table["head"]) == ["0.1", "0.1", "5.2", "5.2"]
    halves = Halves.of(calibration, 8)
    answering = answering_units(halves, 0, 12, 0)[MAPS[0]][1]
    counts = torch.bincount(answering)
    busiest = halves.ids.flatten()[answering == counts.argmax()]
    first = table.iloc[0]
    assert first["answers"] == counts.max()
    assert first["tokens"] == commonest(busiest, 1)
    low, high = map(int, first["positions"].split(" to "))
    assert 0 <= low <= high < 24


def test_commonest_words_are_decoded_and_counted():
    _, tokenizer = pretrained.minilm()
    ids = tokenizer("the mouse the cat the mouse", add_special_tokens=False).input_ids
    assert commonest(ids, 2) == "the 3, mouse 2"


def test_the_clearest_head_is_the_one_with_the_largest_median_over_seeds():
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
    best = clearest_heads(pd.DataFrame(rows))
    assert list(best["label"]) == list(LABELS)
    assert (best["layer"] == 1).all() and (best["adjusted"] == 0.3).all()
