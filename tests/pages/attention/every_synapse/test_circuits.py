"""Circuits on one layer, against explicit sums, and how many units each may have."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import nnls

from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks, Tuning, usual_metric
from brainbook.pages.attention.every_synapse import circuits
from brainbook.pages.attention.every_synapse.circuits import (
    BASELINE,
    COLUMNS,
    EACH,
    EVERY,
    GATED,
    INTERNEURONS,
    LEAK,
    POOL,
    RECTIFIED,
    SHARED,
    WIRING,
    divided_errors,
    gated_errors,
    interneuron_errors,
    pooled_errors,
    rectified_errors,
    shared_errors,
    sizes_within,
    tuned_units,
    with_synapses,
)
from brainbook.pages.attention.every_synapse.measure import budgets

UNITS = 12
MEASURES = {
    EACH: divided_errors,
    POOL: pooled_errors,
    GATED: gated_errors,
    RECTIFIED: rectified_errors,
    INTERNEURONS: interneuron_errors,
    SHARED: shared_errors,
}


def softmax(score: np.ndarray) -> np.ndarray:
    weight = np.exp(score)
    return weight / weight.sum(-1, keepdims=True)


def errors_by_hand(tuned: Landmarks, problem: Problem, rates, every: int = 1) -> list[float]:
    """Relative errors by head, for rates from K (m, m) and kappa (n, m)."""
    found = []
    for head in range(len(problem.query)):
        q, k, v = (x[head].numpy() for x in problem.tensors)
        landmark, metric = (x[head].numpy() for x in (tuned.tuning.landmark, tuned.tuning.metric))
        among, to_query = (
            np.exp(-np.einsum("nmd,de,nme->nm", apart, metric, apart) / 2)
            for apart in (landmark[:, None] - landmark, q[::every, None] - landmark)
        )
        settled = rates(among, to_query)
        output = settled @ softmax(landmark @ k.T) @ v / settled.sum(1, keepdims=True)
        exact = softmax(q[::every] @ k.T) @ v
        found.append(np.linalg.norm(output - exact) / np.linalg.norm(exact))
    return found


def signed(among, to_query):
    return np.linalg.solve(among + LEAK * np.eye(UNITS), to_query.T).T


def positive(among, to_query):
    root = np.linalg.cholesky(among + LEAK * np.eye(UNITS))
    return np.array([nnls(root.T, np.linalg.solve(root, one))[0] for one in to_query])


def through_a_quarter(among, to_query):
    values, vectors = np.linalg.eigh(among)
    kept = vectors[:, -UNITS // 4 :]
    low = (kept * values[-UNITS // 4 :]) @ kept.T
    return np.linalg.solve(low + LEAK * np.eye(UNITS), kept @ kept.T @ to_query.T).T


@pytest.mark.parametrize("circuit", MEASURES)
def test_a_row_for_every_document_and_head_and_the_same_again(circuit, small):
    frame = MEASURES[circuit](UNITS, *small, draw=3)
    assert list(frame.columns) == COLUMNS
    assert frame["circuit"].eq(circuit).all() and frame["units"].eq(UNITS).all()
    places = [("one", 0), ("one", 1), ("other", 0), ("other", 1)]
    assert list(zip(frame["document"], frame["head"], strict=True)) == places
    assert frame.equals(MEASURES[circuit](UNITS, *small, draw=3))
    assert not frame["error"].equals(MEASURES[circuit](UNITS, *small, draw=4)["error"])


@pytest.mark.parametrize(
    ("measure", "rates", "every"),
    [
        (divided_errors, signed, 1),
        (rectified_errors, positive, EVERY),
        (interneuron_errors, through_a_quarter, EVERY),
    ],
)
def test_errors_are_those_of_explicit_sums(measure, rates, every, small):
    known, documents = small
    frame = measure(UNITS, known, documents, draw=3)
    tuned = tuned_units(known, UNITS, draw=3)
    expected = [errors_by_hand(tuned, one, rates, every) for one in documents.values()]
    assert frame["error"].tolist() == pytest.approx(np.concatenate(expected), rel=2e-3)


def test_divided_once_differs_and_has_the_same_rates(small):
    known, documents = small
    frame = pooled_errors(UNITS, known, documents, draw=3)
    tuned = tuned_units(known, UNITS, draw=3)
    found = []
    for problem in documents.values():
        rates = tuned.rates(problem.query).numpy()
        written = tuned.tuning.landmark.numpy() @ problem.key.mT.numpy()
        written = np.exp(written - tuned.tuning.log_scale.numpy()[..., None])  # (heads, m, N)
        output = rates @ written @ problem.value.numpy()
        output = output / (rates @ written.sum(-1, keepdims=True))
        exact = softmax(problem.query.numpy() @ problem.key.mT.numpy()) @ problem.value.numpy()
        gap, size = (np.linalg.norm(x, axis=(1, 2)) for x in (output - exact, exact))
        found += list(gap / size)
    assert frame["error"].tolist() == pytest.approx(found, rel=2e-3)
    apart = divided_errors(UNITS, known, documents, draw=3)["error"] / frame["error"] - 1
    assert apart.abs().min() > 0.01


def test_heads_that_are_alike_lose_nothing_by_sharing_a_network(small, monkeypatch):
    known, documents = (
        small[0][:, [0, 0]],
        {name: problem[[0, 0]] for name, problem in small[1].items()},
    )
    monkeypatch.setattr(circuits, "means", lambda points, units, state: points[:units])
    shared = shared_errors(UNITS, known, documents, draw=0)
    query = known.query.transpose(0, 1).flatten(1, 2)
    place = query[:, :UNITS], torch.zeros(2, UNITS), query.mean(1, keepdim=True)
    own = Landmarks(Tuning(*place, usual_metric(known.query, known.key)), LEAK)
    expected = [errors_by_hand(own, problem, signed) for problem in documents.values()]
    assert shared["error"].tolist() == pytest.approx(np.concatenate(expected), rel=5e-3)


def test_heads_that_differ_lose_by_sharing_a_network(small):
    known, documents = small
    shared, own = (one(48, *small, draw=0)["error"] for one in (shared_errors, divided_errors))
    assert np.log(shared / own).mean() > 0.1


def test_sizes_and_synapses_go_together():
    ends = budgets()
    for circuit in WIRING:
        frame = pd.DataFrame({"units": sizes_within(circuit, ends), "circuit": circuit})
        more = with_synapses(frame.assign(units=frame["units"] + 1))["synapses"]
        most = np.array([*ends.values()])
        assert (with_synapses(frame)["synapses"] <= most).all() and (most < more).all()


def test_the_sizes_that_statements_name():
    """Twice, ten and three times as many units, and more, within the upper budgets."""
    human, rodent = (
        {name: WIRING[name].units_within(budgets()[f"{species}_high"], 32) for name in WIRING}
        for species in ("human", "rodent")
    )
    assert human[RECTIFIED] / human[EACH] == pytest.approx(2, abs=0.1)
    assert human[SHARED] / human[EACH] == pytest.approx(3, abs=0.3)
    assert human[INTERNEURONS] > human[EACH] and human[BASELINE] > human[EACH]
    assert 10 <= rodent[GATED] / rodent[EACH] < 13
