"""What the prose of the page attention/hard_heads says in numbers."""

from __future__ import annotations

import numpy as np

from brainbook.evidence.intervals import mean_interval

from .difficulty import PLACE
from .learning import INHIBITION, NO_GRADIENT, STARTS
from .meaning import MAPS, clearest_heads
from .measure import HardHeads


def numbers(result: HardHeads) -> dict[str, float]:
    """Page attention/hard_heads: every number of the prose that is measured, by its key."""
    return {
        **_hardness(result),
        **_stretched(result),
        **_ranks(result),
        **_meaning(result),
        **_learned(result),
    }


def _hardness(result: HardHeads) -> dict[str, float]:
    rho, inside = (table.set_index("quantity") for table in (result.order, result.order_within))
    middle = result.heads.groupby(PLACE)[["error", "predicted"]].median()
    layers = result.heads.groupby("layer")["error"].median()
    rhos = result.correlations
    others = rhos.drop(columns="predicted").abs()
    leads = {
        name: mean_interval(rhos["predicted"] - rival, over="documents", sentences=others.shape[1])
        for name, rival in others.items()
    }
    return {
        "rivals": len(leads),
        "close": sum(lead.low <= 0 for lead in leads.values()),
        "over_forecast": leads["log10_functions"].mean,
        "over_forecast_half": leads["log10_functions"].half_width,
        "rho": rho["rho"]["predicted"],
        "rho_low": rho["low"]["predicted"],
        "rho_high": rho["high"]["predicted"],
        "inside": inside["rho"]["predicted"],
        "ratio": (middle["error"] / middle["predicted"]).median(),
        "heads": len(middle),
        "easiest": middle["error"].min(),
        "hardest": middle["error"].max(),
        "by_key": rho["rho"]["key_norm"],
        "by_keys": rho["rho"]["perplexity"],
        "by_query": rho["rho"]["query_norm"],
        "by_scatter": rho["rho"]["scatter"],
        "by_functions": rho["rho"]["log10_functions"],
        "by_directions": rho["rho"]["dimension"],
        "layer_one": layers[0],
        "layer_two": layers[1],
        "layer_last": layers[5],
    }


def _stretched(result: HardHeads) -> dict[str, float]:
    columns = ["error", "predicted", "perplexity"]
    by_seed = result.stretched.groupby(["factor", "seed"])[columns].median()
    middle = by_seed.groupby("factor").median()
    least, most = middle.iloc[0], middle.iloc[-1]
    return {
        "short": least["error"],
        "usual": middle["error"][1.0],
        "long": most["error"],
        "short_ratio": least["error"] / least["predicted"],
        "long_ratio": most["error"] / most["predicted"],
        "short_keys": least["perplexity"],
        "long_keys": most["perplexity"],
        "longest": middle.index[-1],
    }


def _ranks(result: HardHeads) -> dict[str, float]:
    ranks = result.difficulty.groupby(PLACE)[["output_rank", "truncated_rank"]].median()
    typical, worst = np.ceil(ranks.median()), np.ceil(ranks.max())
    return {
        "output_rank": typical["output_rank"],
        "output_most": worst["output_rank"],
        "cut_rank": typical["truncated_rank"],
        "cut_most": worst["truncated_rank"],
    }


def _meaning(result: HardHeads) -> dict[str, float]:
    by_layer = result.meaning.groupby(["map", "label", "layer"])["adjusted"].median()
    tuned, random = (by_layer[kind] for kind in MAPS)
    best = clearest_heads(result.meaning).set_index("label")["adjusted"]
    return {
        "word_first": tuned["token", 0],
        "word_second": tuned["token", 1],
        "word_random": random["token", 1],
        "place": tuned["position", 1],
        "place_random": random["position", 1],
        "last": tuned["position", 5],
        "offset": tuned["attended offset"].max(),
        "best_word": best["token"],
        "best_place": best["position"],
        "best_seen": best["attended token"],
    }


def _learned(result: HardHeads) -> dict[str, float]:
    error = result.learned.groupby(["steps", "method", "split"])["error"].median().unstack()
    few, steps = error.index.levels[0][[0, -1]]
    test, known = error["test"], error["calibration"][steps]
    gap = 100 * (error["test"] / error["calibration"] - 1)  # percent
    start, better, output = STARTS
    return {
        "few": int(few),
        "start": test[steps, start],
        "start_few": test[few, start],
        "start_known": known[start],
        "better": test[steps, better],
        "better_few": test[few, better],
        "output": test[steps, output],
        "plain": test[steps, NO_GRADIENT],
        "lateral": test[steps, INHIBITION],
        "gap_start": gap[steps, start],
        "gap_better": gap[steps, better],
        "gap_plain": gap[steps, NO_GRADIENT],
        "gap_lateral": gap[steps, INHIBITION],
        "gap_before": gap[few][list(STARTS)].mean(),
        "gap_after": gap[steps][list(STARTS)].mean(),
    }
