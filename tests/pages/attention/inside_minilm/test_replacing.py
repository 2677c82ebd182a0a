"""Trials of the running model, with few and random units: shape, floor and ceiling, seeds."""

import numpy as np
import pytest

from brainbook.models.astrocyte.inside_minilm import PUBLISHED, TUNED, encode
from brainbook.pages.attention.inside_minilm import replacing as trials
from brainbook.pages.attention.inside_minilm import tasks as sentence_tasks

MEASURES = {"recall at 1", "MRR", "cosine", "Pearson", "Spearman"}
SIZES = {PUBLISHED: (16, 1024)}


@pytest.fixture(scope="module")
def few():
    return trials.trials(2, SIZES, pairs=6)


def test_every_setting_has_every_measure_of_every_seed(few):
    attentive = few.frame.query("heads not in ['TF-IDF', 'input embeddings']")
    found = attentive.groupby(["heads", "units", "seed"])["measure"].agg(set)
    assert all(found == MEASURES)
    wanted = {("intact", 0), ("uniform", 0), (PUBLISHED, 16), (PUBLISHED, 1024)}
    assert set(found.index) == {(*one, seed) for one in wanted for seed in (0, 1)}
    assert not few.frame["value"].isna().any()
    assert set(few.drift["layer"]) == set(range(7))


def test_the_intact_model_agrees_with_itself_and_random_units_come_nearer_with_number(few):
    table, end = few.table(), few.drift.query("layer == 6").groupby(["heads", "units"])["error"]
    agreed = table.loc[("intact", 0), ["cosine", "Pearson", "Spearman"]]
    assert np.allclose(agreed.astype(float), 1, atol=1e-6)
    assert (few.drift.query("heads == 'intact'")["error"] == 0).all()
    assert (few.drift.query("layer == 0")["error"] == 0).all()
    assert end.mean()[PUBLISHED, 1024] < end.mean()[PUBLISHED, 16]
    assert table.loc[(PUBLISHED, 1024), "cosine"] > table.loc[(PUBLISHED, 16), "cosine"]


def test_measures_are_of_the_seeds_own_pairs(few):
    for seed, pairs in enumerate(sentence_tasks.tasks(2, 6)):
        vectors = encode(sentence_tasks.texts(pairs)).vectors
        expected = sentence_tasks.retrieval((vectors[:6] @ vectors[6:].T).numpy())
        rows = few.frame[(few.frame["heads"] == "intact") & (few.frame["seed"] == seed)]
        own = rows.set_index("measure")["value"]
        assert own["MRR"] == pytest.approx(expected["MRR"])


def test_the_same_seeds_give_the_same_numbers(few):
    again = trials.trials(2, {PUBLISHED: (16,)}, pairs=6)
    for old, new in ((few.frame, again.frame), (few.drift, again.drift)):
        kept = old.query("units <= 16").reset_index(drop=True)
        assert kept.equals(new)
    values = again.frame.query("heads == @PUBLISHED and measure == 'cosine'")
    assert values["value"].nunique() == 2


def test_random_units_are_drawn_for_every_seed_and_large_fits_made_once():
    sizes = {TUNED[0]: (64, 128), PUBLISHED: (128,)}
    found = {}
    for name, units, draw, seeds in trials._settings(sizes, 3, refit_below=128):
        found.setdefault((name, units), []).append((draw, list(seeds)))
    once, each = [(0, [0, 1, 2])], [(0, [0]), (1, [1]), (2, [2])]
    assert found == {
        ("intact", 0): once,
        ("uniform", 0): once,
        (TUNED[0], 64): each,
        (TUNED[0], 128): once,
        (PUBLISHED, 128): each,
    }


def test_one_layer_at_a_time_is_less_than_all(few):
    found = trials.layer_trials(trials.UNIFORM, 0, seeds=2, pairs=6)
    assert list(found.groupby("layer").size()) == [2] * 6
    last = found.query("layer == 5")
    assert np.allclose(last["own"], last["end"])
    everywhere = few.drift.query("heads == 'uniform' and layer == 6").set_index("seed")["error"]
    for row in found.itertuples():
        assert 0 < row.end < everywhere[row.seed]


def test_table_and_loss_summarise_the_frame(few):
    table, loss = few.table(), few.loss("MRR")
    assert list(table.index)[-4:] == [
        ("intact", 0),
        ("uniform", 0),
        (PUBLISHED, 16),
        (PUBLISHED, 1024),
    ]
    assert (trials.INTACT, 0) not in loss.index and list(loss.columns) == [0, 1]
    for setting in loss.index:
        difference = table.loc[("intact", 0), "MRR"] - table.loc[setting, "MRR"]
        assert loss.loc[setting].mean() == pytest.approx(difference)
    with pytest.raises(ValueError, match="measure"):
        few.loss("accuracy")
