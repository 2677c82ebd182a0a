"""Units fitted to some passages and tried on others, and other maps on the same heads."""

from brainbook.evidence.datasets import CALIBRATION_TEXTS
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.error import gaussian_problem
from brainbook.models.attention.minilm_heads import problem_on
from brainbook.models.attention.minilm_text import LONG_TEST_TEXTS, passages_of
from brainbook.models.features.learned import Recipe
from brainbook.models.features.maps import MAPS
from brainbook.pages.attention.astrocytes.fitting import fit_trials, map_trials


def test_fit_trials_tell_known_from_held_out():
    known, unseen = (
        problem_on(passages_of(names, 40, 1))[:, :, 0]  # (passages, heads, N, d)
        for names in (CALIBRATION_TEXTS, LONG_TEST_TEXTS)
    )
    frame = fit_trials(known, unseen, (1, 2), 16, [0, 1], Recipe(steps=60), 32)
    methods = frame.groupby("method")["units"].unique()
    assert set(methods["random"]) == {16, 32} and set(methods["learned"]) == {16}
    median = frame.groupby(["method", "units", "fitted_on", "split"])["error"].median()
    assert median["learned", 16, 1, "calibration"] < 0.8 * median["learned", 16, 1, "test"]
    counts = frame.query("method == 'learned' and split == 'calibration' and seed == 0")
    assert counts.groupby("fitted_on").size().to_dict() == {1: 1, 2: 2}


def test_map_trials_give_every_map_the_same_heads():
    problem = gaussian_problem(2, 12, 8, 0.1, seeded(0))
    maps = [kind() for kind in MAPS]
    frame = map_trials(problem, maps, [8, 2048], [0, 1])
    error = frame.groupby(["map", "units"])["error"].median().unstack()
    for kind in maps:
        if kind.unbiased:
            assert error.loc[kind.name, 2048] < 0.2 * error.loc[kind.name, 8]
        assert error.loc[kind.name, 2048] < error.loc[kind.name, 8]
    assert error[2048].idxmin() in {"cosine", "positive exponential", "truncated exponential"}
