"""What the prose of attention/astrocytes says in numbers."""

from __future__ import annotations

from brainbook.evidence import facts
from brainbook.evidence.intervals import CONFIDENCE, mean_interval, rank_correlation
from brainbook.models.astrocyte.baselines import CONSTANT, MEAN, NEAREST, NEIGHBOURS
from brainbook.models.astrocyte.error import PARTS
from brainbook.models.attention.minilm_heads import D_HEAD

from .fitting import typical
from .measure import (
    BERT_INIT,
    LAW,
    Measured,
    law_slopes,
    measure_heads,
    tail_slopes,
    typical_heads,
    typical_lookups,
)


def numbers(result: Measured) -> dict[str, float]:
    """By key, as the chapter glues them."""
    return {
        **_regimes(result),
        **_heads(result),
        **_images(result),
        **_fitting(result),
        **_cells(result),
    }


def _regimes(result: Measured) -> dict[str, float]:
    gaussian, minilm, (small, large) = result.gaussian, result.minilm, result.published
    output, trace, block = (minilm.curve(part).median() for part in ("output", "trace", "block"))
    slope = {part: mean_interval(law_slopes(gaussian, part), over="seeds") for part in PARTS}
    guesses = typical_lookups(result.lookups).median()
    return {
        "init": BERT_INIT,
        "slope_output": slope["output"].mean,
        "slope_trace": slope["trace"].mean,
        "spread_output": slope["output"].half_width,
        "tail": tail_slopes(minilm).mean(),
        "small": output[small],
        "large": output[large],
        "p_large": trace[large],
        "block": block[large],
        "uniform_block": minilm.baseline("uniform", "block"),
        "uniform": minilm.baseline("uniform", "output"),
        "constant": guesses[CONSTANT],
        "mean": guesses[MEAN],
        "nearest": guesses[NEAREST],
        "neighbours": NEIGHBOURS,
        "taylor": minilm.baseline("Taylor", "output"),
        "gaussian": gaussian.curve("output", LAW).median().iloc[-1],
        "gaussian_taylor": gaussian.baseline("Taylor", "output", LAW),
        "confidence": round(100 * CONFIDENCE),
    }


def _heads(result: Measured) -> dict[str, float]:
    large = result.published[1]
    heads = typical_heads(measure_heads(result.minilm, large))
    needed, over = heads["log10_units"], result.minilm.over_constant(large)
    follow = over.groupby(["layer", "head"]).median()
    return {
        "heads": len(heads),
        "easy": heads["error"].min(),
        "hard": heads["error"].max(),
        "needed": round(needed.median()),
        "most": round(needed.max()),
        "rank": rank_correlation(heads["error"], heads["log10_c"]),
        "follow": int((follow > 1).sum()),
        "within": int((10**needed <= large).sum()),
    }


def _images(result: Measured) -> dict[str, float]:
    vision, (small, large) = result.vision, result.published
    trace, output = vision.curve("trace").median(), vision.curve("output").median()
    accuracy = vision.frame.groupby("seed")["accuracy"].first()
    return {
        "seen_small": output[small],
        "seen_large": output[large],
        "sight_small": trace[small],
        "sight_large": trace[large],
        "accuracy": accuracy.mean(),
        "worst": accuracy.min(),
        "best": accuracy.max(),
    }


def _fitting(result: Measured) -> dict[str, float]:
    fit = result.fit
    median = fit.groupby(["method", "units", "fitted_on", "split"])["error"].median()
    learned = median["learned"].droplevel("units").unstack("split")
    most_units = max(typical(fit)["random"].index.get_level_values("units"))
    random, centred = (median[kind][most_units].droplevel(0) for kind in ("random", "centred"))
    return {
        "one_known": learned["calibration"].iloc[0],
        "one_new": learned["test"].iloc[0],
        "passages": int(learned.index[-1]),
        "all_known": learned["calibration"].iloc[-1],
        "all_new": learned["test"].iloc[-1],
        "centred_new": centred["test"],
        "random_known": random["calibration"],
        "random_new": random["test"],
    }


def _cells(result: Measured) -> dict[str, float]:
    cells = result.cells.set_index(["d_head", "species", "bound"])
    rodent, human = (cells.loc[D_HEAD, species, "high"] for species in ("rodent", "human"))
    tokens = len(result.minilm.traces[0].log_z)
    return {
        "rodent_units": int(rodent["units"]),
        "rodent_error": rodent["error"],
        "human_units": int(human["units"]),
        "human_error": human["error"],
        "rodent_low": int(cells.loc[(D_HEAD, "rodent", "low"), "units"]),
        "human_low": int(cells.loc[(D_HEAD, "human", "low"), "units"]),
        "wide": int(cells.loc[(64, "human", "high"), "units"]),
        "lasts": tokens * facts.value("astrocyte_cells.csv", "process_rise_high"),
    }
