"""Learning in several ways: what is held out, which rate is taken, what the frame holds."""

import pytest
import torch

from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.models.astrocyte.tuned import gated, read
from brainbook.models.attention.minilm_text import passages_of
from brainbook.models.attention.softmax import Problem, softmax_attention
from brainbook.pages.attention.hard_heads.learning import (
    INHIBITION,
    METHODS,
    NO_GRADIENT,
    STARTS,
    least_error,
    measure_learned,
    output_errors,
)

FEW = {"units": 8, "seeds": (0, 1), "steps": (12,), "rates": (0.03,)}


@pytest.fixture(scope="module")
def text(calibration, documents):
    return calibration, tuple(documents.values())


@pytest.fixture(scope="module")
def learned(text):
    return measure_learned(*text, **FEW | {"steps": (12, 60)})


def test_every_method_is_tried_on_the_same_heads_and_passages(learned):
    cells = learned.groupby(["steps", "method", "seed", "split", "passage"])["layer"].agg(list)
    assert len(cells) == 2 * len(METHODS) * 2 * 2 * 3
    assert all(layers == [*range(6)] for layers in cells)
    rates = learned.groupby("method")["rate"].unique()
    assert rates[NO_GRADIENT] == rates[INHIBITION] == [0.0]
    assert all(rates[method] == [0.03] for method in STARTS)
    by_seed = learned.groupby(["method", "seed"])["error"].median().unstack()
    assert (by_seed[0] != by_seed[1]).all()


def test_a_number_of_steps_is_a_training_of_its_own(text, learned):
    alone = measure_learned(*text, **FEW)
    assert learned.query("steps == 12").reset_index(drop=True).equals(alone)
    plain = learned[learned["method"].isin([NO_GRADIENT, INHIBITION])]
    few, many = (part["error"].tolist() for _, part in plain.groupby("steps"))
    assert few == many


def test_learning_goes_on_from_the_landmarks(learned):
    late = learned.query("split == 'calibration' and steps == 60")
    error = late.groupby("method")["error"].median()
    for method, (from_landmarks, _) in STARTS.items():
        if from_landmarks:
            assert error[method] < error[NO_GRADIENT]


def test_gradient_learns_nothing_from_the_last_tenth_nor_from_test_text(text):
    """Other passages there, and what starts at random errs on known text as it did."""
    calibration, documents = text
    others = passages_of(CALIBRATION_TEXTS[1:2], 24, 5)
    given = [text, ([*calibration[:18], *others[:2]], documents), (calibration, others[2:])]
    errors = []
    for one in given:
        frame = measure_learned(*one, **FEW)
        known = frame[(frame["method"] == next(iter(STARTS))) & (frame["split"] == "calibration")]
        errors.append(known["error"].tolist())
    assert errors[0] == errors[1] == errors[2]


def test_the_rate_with_the_least_error_is_taken():
    errors = {0.1: 0.5, 0.2: 0.3, 0.3: float("nan")}
    assert least_error(list(errors), lambda rate: rate, errors.get) == (0.2, 0.2)


def test_a_single_rate_is_taken_without_a_look():
    assert least_error((0.1,), lambda rate: rate, None) == (0.1, 0.1)


def test_the_first_seed_settles_the_rate(text):
    frame = measure_learned(*text, **FEW | {"rates": (0.0, 0.1), "steps": (40,)})
    assert (frame.groupby("method")["rate"].nunique() == 1).all()
    assert (frame.loc[frame["method"] == next(iter(STARTS)), "rate"] == 0.1).all()


def test_output_errors_are_those_of_the_circuits_outputs():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 5, 2, 12, 4, generator=generator)
    features = gated(query, key, value, 12, generator)
    found = output_errors(features, Problem(query, key, value))
    output = read(features, query, key, value).output
    exact, _ = softmax_attention(query, key, value)
    for passage, head in ((0, 0), (4, 1)):
        apart = (output - exact)[passage, head].norm() / exact[passage, head].norm()
        assert found[passage, head].item() == pytest.approx(apart.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["seeds", "steps", "rates"])
def test_what_is_empty_is_refused(text, name):
    with pytest.raises(ValueError, match=f"{name}: got none"):
        measure_learned(*text, **FEW | {name: ()})
