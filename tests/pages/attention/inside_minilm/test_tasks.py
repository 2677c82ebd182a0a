"""Tasks on docstrings: what the pairs are, metrics against their definitions, baselines."""

import inspect
import re

import numpy as np
import pytest
import skimage.filters
import skimage.measure
import torch
from scipy.stats import ortho_group, pearsonr
from sklearn.feature_extraction.text import TfidfVectorizer

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import CALIBRATION_TEXTS, docstrings, text
from brainbook.evidence.seeding import seeded
from brainbook.pages.attention.inside_minilm import tasks


@pytest.fixture(scope="module")
def pairs():
    return tasks.docstring_pairs()


def words(of: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", of.lower())


def test_pairs_are_short_distinct_prose(pairs):
    _, tokenizer = pretrained.minilm()
    assert len(pairs) >= 150
    for side in ("query", "target"):
        found = [getattr(pair, side) for pair in pairs]
        assert len(set(found)) == len(found)
        assert max(len(ids) for ids in tokenizer(found).input_ids) <= tasks.MAX_TOKENS
        assert not any(re.search(r"`|\.\. \w+::|>>>|\]_|\s{2}", one) for one in found)
    assert all(len(pair.target.split()) >= 12 and len(pair.query.split()) >= 3 for pair in pairs)
    assert not any(pair.query in pair.target for pair in pairs)


@pytest.mark.parametrize(
    "function", [skimage.filters.apply_hysteresis_threshold, skimage.measure.mesh_surface_area]
)
def test_both_sides_are_of_the_same_docstring(pairs, function):
    (pair,) = [one for one in pairs if one.name == function.__name__]
    whole = inspect.getdoc(function)
    assert words(pair.query) == words(whole.split("\n\n")[0])
    start = words(pair.target)[:12]
    rest = words(whole.split("\n\n", 1)[1])
    assert any(rest[at : at + 12] == start for at in range(len(rest)))


def test_longer_targets_hold_the_shorter_ones(pairs):
    longer = {pair.query: pair.target for pair in tasks.docstring_pairs(128)}
    grown = 0
    for pair in pairs:
        if pair.query in longer and re.search(r"[.!?]$", pair.target):
            assert longer[pair.query].startswith(pair.target)
            grown += len(longer[pair.query]) > len(pair.target)
    assert grown > 20


def test_calibration_text_has_no_run_of_words_in_common_with_any_pair(pairs):
    """The rule, by search in one long string instead of sets of runs."""
    known = " ".join(re.findall(r"\w+", " ".join([*docstrings(), *map(text, CALIBRATION_TEXTS)])))
    known = f" {known.lower()} "
    assert " of the " in known
    for pair in pairs:
        for side in (pair.query, pair.target):
            own = re.findall(r"\w+", side.lower())
            runs = {f" {' '.join(own[at : at + 8])} " for at in range(len(own) - 7)}
            assert not [run for run in runs if run in known]


def test_repetitions_share_no_pair_and_stay_the_same(pairs):
    first, again = tasks.draw_tasks(pairs, 5, 12), tasks.draw_tasks(pairs, 5, 12)
    assert first == again
    assert [len(one) for one in first] == [12] * 5
    assert len({pair for one in first for pair in one}) == 60
    listed = tasks.texts(first[0])
    assert listed[3] == first[0][3].query and listed[12 + 3] == first[0][3].target


def test_retrieval_by_hand():
    scores = np.array([[3.0, 2, 1], [9, 5, 1], [4, 7, 1]])  # ranks 1, 2, 3
    assert tasks.retrieval(scores) == pytest.approx({"recall at 1": 1 / 3, "MRR": 11 / 18})


def test_a_model_that_cannot_tell_gains_nothing():
    assert tasks.retrieval(np.zeros((9, 9))) == {"recall at 1": 0, "MRR": 1 / 5}


def test_chance_is_one_in_n_and_the_harmonic_number_over_n():
    count, draws = 10, 400
    random = np.random.default_rng(0)
    found = [tasks.retrieval(random.normal(size=(count, count))) for _ in range(draws)]
    ranks = np.arange(1, count + 1)
    expected = {"recall at 1": (ranks == 1).mean(), "MRR": (1 / ranks).mean()}
    spread = {"recall at 1": (ranks == 1).std(), "MRR": (1 / ranks).std()}
    for measure, mean in expected.items():
        measured = np.mean([one[measure] for one in found])
        assert abs(measured - mean) < 4 * spread[measure] / np.sqrt(count * draws)


def unit_vectors(count: int, width: int, seed: int) -> torch.Tensor:
    drawn = torch.randn(count, width, generator=seeded(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(drawn, dim=-1)


MEASURES = ("cosine", "Pearson", "Spearman")


def test_agreement_of_a_model_with_itself_and_with_a_rotated_one():
    intact = unit_vectors(12, 6, 1)
    assert tasks.agreement(intact, intact) == pytest.approx(dict.fromkeys(MEASURES, 1.0))
    turned = intact @ torch.from_numpy(ortho_group.rvs(6, random_state=0))
    found = tasks.agreement(turned, intact)
    assert found["Pearson"] == pytest.approx(1) and found["Spearman"] == pytest.approx(1)
    assert found["cosine"] == pytest.approx((turned * intact).sum(1).mean().item())
    assert found["cosine"] < 0.9


def test_agreement_counts_every_pair_once():
    vectors, intact = unit_vectors(7, 5, 2), unit_vectors(7, 5, 3)
    ours, theirs = (
        [float(x[i] @ x[j]) for i in range(7) for j in range(i)] for x in (vectors, intact)
    )
    expected = pearsonr(ours, theirs).statistic
    assert tasks.agreement(vectors, intact)["Pearson"] == pytest.approx(expected)


def test_baselines_are_at_their_best_setting(pairs):
    everything = tasks.draw_tasks(pairs, 3, 40)
    found = tasks.baselines(everything, pairs)
    mean = found.groupby(["heads", "measure"])["value"].mean()
    assert set(found["heads"]) == {tasks.WORDS, tasks.INPUTS}
    assert (found.groupby(["heads", "measure"])["seed"].nunique() == 3).all()
    plain = TfidfVectorizer().fit(tasks.texts(pairs))
    model, tokenizer = pretrained.minilm()
    table = model.embeddings.word_embeddings.weight.detach()

    def averaged(one: str) -> torch.Tensor:
        ids = tokenizer(one, add_special_tokens=False).input_ids
        return torch.nn.functional.normalize(table[ids].mean(0), dim=0)

    by_words, by_inputs = [], []
    for one in everything:
        queries, targets = [p.query for p in one], [p.target for p in one]
        cosines = plain.transform(queries) @ plain.transform(targets).T
        by_words.append(tasks.retrieval(cosines.toarray())["MRR"])
        left, right = (torch.stack([averaged(x) for x in side]) for side in (queries, targets))
        by_inputs.append(tasks.retrieval((left @ right.T).numpy())["MRR"])
    assert mean[tasks.WORDS, "MRR"] >= np.mean(by_words)
    assert mean[tasks.INPUTS, "MRR"] >= np.mean(by_inputs) - 1e-12
    plainest = [tasks.retrieval(s)["MRR"] for s in tasks.embedding_scores(everything, pairs)[0]]
    assert plainest == pytest.approx(by_inputs, abs=1e-6)


def test_what_makes_no_task_is_refused(pairs):
    for repetitions, count in ((0, 10), (5, 1), (5, 1000)):
        with pytest.raises(ValueError, match="pairs"):
            tasks.draw_tasks(pairs, repetitions, count)
    with pytest.raises(ValueError, match="max_tokens"):
        tasks.docstring_pairs(10)
    with pytest.raises(ValueError, match="scores"):
        tasks.retrieval(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="vectors"):
        tasks.agreement(torch.zeros(4, 3), torch.zeros(5, 3))
