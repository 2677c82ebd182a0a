"""What the prose of attention/one_astrocyte says in numbers."""

from __future__ import annotations

import numpy as np

from brainbook.evidence.intervals import CONFIDENCE, mean_interval
from brainbook.models.astrocyte.sweep import Sweep
from brainbook.models.astrocyte.tuned import BARE
from brainbook.models.attention.minilm_heads import D_HEAD
from brainbook.models.features.landmarks import Gated, Landmarks
from brainbook.models.features.maps import Positive

from .measure import UNBIASED, Measured
from .needed import bootstrapped_median


def numbers(result: Measured) -> dict[str, float]:
    """By key, as the chapter glues them."""
    return {
        **_budget(result),
        **_sizes(result),
        **_maps(result),
        **_heads(result),
        **_texts(result),
        **_noise(result),
    }


def _budget(result: Measured) -> dict[str, float]:
    units, large = result.cells.set_index(["species", "bound"])["units"], result.tuned.largest
    return {
        "rodent_low": int(units["rodent", "low"]),
        "rodent": int(units["rodent", "high"]),
        "human_low": int(units["human", "low"]),
        "human": int(units["human", "high"]),
        "goal": result.goal,
        "many": result.many,
        "lateral": large**2 / 1e6,
        "pairs": large // 2,
        "wired": large * D_HEAD,
    }


def _sizes(result: Measured) -> dict[str, float]:
    published, tuned, large = result.published, result.tuned, result.tuned.largest
    medians = tuned.medians()
    by_document = medians.loc[Landmarks.name]
    ours, gated = by_document.median(), medians.loc[Gated.name].median()
    shared, low = max(gated.dropna().index), result.cells["units"].min()
    _, least, most = bootstrapped_median(tuned.at(large), "error")
    return {
        "ours": ours[large],
        "theirs": published.curve("output")[result.many].median(),
        "tiny": ours.iloc[0],
        "low": ours[low],
        "gated": gated[shared],
        "shared": shared,
        "lateral_shared": ours[shared],
        "uniform": published.baseline("uniform", "output"),
        "ours_low": by_document[large].min(),
        "ours_high": by_document[large].max(),
        "mean": by_document[large].mean(),
        "mean_spread": mean_interval(by_document[large], over="documents").half_width,
        "least": least,
        "most_error": most,
        "confidence": round(100 * CONFIDENCE),
        "below": int((by_document[large] < result.goal).sum()),
    }


def _maps(result: Measured) -> dict[str, float]:
    rows = result.unbiased.query("part == 'output'")
    error = rows.groupby(["map", "units"])["error"].median()
    most = max(error[Positive.name].index)
    rodent = result.cells.query("species == 'rodent'")["units"].max()
    return {
        "plain": error[Positive.name, most],
        "orthogonal": error[f"{Positive.name}, orthogonal", most],
        "simplex": error[f"{Positive.name}, simplex", most],
        "taylor": error["degree-2 Taylor"].iloc[0],
        "favor": error["optimal positive", most],
        "best": error[UNBIASED, most],
        "best_rodent": error[UNBIASED, rodent],
        "most": most,
    }


def _heads(result: Measured) -> dict[str, float]:
    needed = result.needed
    factor, low, high = bootstrapped_median(result.saved, "factor")
    return {
        "factor": round(factor, -2),
        "factor_low": round(low, -2),
        "factor_high": round(high, -2),
        "within": int(np.isfinite(needed["units"]).sum()),
        "heads": len(needed),
        "middle": needed["units"].median(),
        "closed": round(needed["closed_form"].median()),
    }


def _texts(result: Measured) -> dict[str, float]:
    tuned, large = result.tuned, result.tuned.largest
    ours = tuned.medians().loc[Landmarks.name].median()
    known = tuned.medians(split="calibration").loc[Landmarks.name].median()
    followed = tuned.medians("trace").loc[Landmarks.name].median()
    return {
        "known": known[large],
        "overfit": ours[large] / known[large],
        "distance": _random_error(result.published, large) / ours[large],
        "trace": followed[large],
        "bare": tuned.medians(BARE).loc[Landmarks.name].median()[large],
        "constant": result.published.baseline("uniform", "trace"),
        "trace_theirs": result.published.curve("trace")[result.many].median(),
    }


def _random_error(published: Sweep, units: int) -> float:
    """Random units' error between two sizes, the logs of sizes taken as even."""
    curve = published.curve("output").median()
    return float(np.interp(np.log(units), np.log(curve.index), curve))


def _noise(result: Measured) -> dict[str, float]:
    least = result.noisy["ridge"].min()
    usual = result.noisy.query("ridge == @least").groupby("noise")[["error", "negative", "total"]]
    median = usual.median()
    return {
        "quiet": median["error"][0],
        "tenth": median["error"][0.1],
        "loud": median["error"][0.3],
        "negative": 100 * median["negative"][0],
        "total": median["total"][0],
        "rare": least,
    }
