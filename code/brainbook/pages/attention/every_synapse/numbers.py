"""What the prose of attention/every_synapse says in numbers."""

from __future__ import annotations

from brainbook.evidence.intervals import CONFIDENCE, mean_interval
from brainbook.models.astrocyte.baselines import CONSTANT, MEAN, NEAREST
from brainbook.models.attention.minilm_heads import D_HEAD

from .bounds import LOW_RANK, OWN
from .circuits import (
    BASELINE,
    EACH,
    GATED,
    INTERNEURONS,
    MEMBRANE,
    POOL,
    RANDOM,
    RECTIFIED,
    SHARED,
    UNSUMMED,
    WIRING,
)
from .decoder import SO_FAR
from .measure import (
    ANEW,
    BUDGETS,
    DESCRIPTIONS,
    ENSHEATHED,
    HUMAN,
    REFERENCE,
    RODENT,
    SHAKEN,
    Measured,
    budgets,
    kind,
    typical,
)
from .noise import BASELINE as AROUND
from .noise import CELLS, INPUTS, PAIRED, SYNAPSES, TRACES

TENTH = 0.1


def numbers(result: Measured) -> dict[str, float]:
    """By key, as the chapter glues them."""
    return {
        **_goals(result),
        **_rivals(result),
        **_bounds(result),
        **_noise(result),
        **_decoder(result),
        "goal": result.goal,
        "confidence": 100 * CONFIDENCE,
    }


def _goals(result: Measured) -> dict[str, float]:
    divided = result.divided
    ends = {
        "reached": (EACH, ENSHEATHED),
        "human": (EACH, HUMAN),
        "anew": (EACH, ANEW),
        "membrane": (MEMBRANE, HUMAN),
        "membrane_anew": (MEMBRANE, ANEW),
        "around": (BASELINE, HUMAN),
    }
    found: dict[str, float] = {"documents": divided["document"].nunique()}
    for name, (circuit, budget) in ends.items():
        rows = divided[(divided["circuit"] == circuit) & (divided["budget"] == budget)]
        error, units = typical(rows), int(rows["units"].iloc[0])
        interval = mean_interval(error, over="documents")
        found[f"{name}_units"] = units
        found[f"{name}_error"] = interval.mean
        found[f"{name}_spread"] = interval.half_width
        for short, prose in (("descriptions", DESCRIPTIONS), ("reference", REFERENCE)):
            found[f"{name}_{short}"] = error[error.index.map(kind) == prose].mean()
        by_head = rows.groupby(["layer", "head"])["error"].median()
        found[f"{name}_heads"] = int((by_head < result.goal).sum())
        counts = WIRING[circuit].counts(units, D_HEAD)
        found[f"{name}_lateral"] = 100 * counts["lateral"] / sum(counts.values())
        found[f"{name}_millions"] = sum(counts.values()) / 1e6
    chosen = divided[divided["budget"] == ANEW].iloc[0]
    heads = len(divided.groupby(["layer", "head"]))
    return found | {"scale": chosen["scale"], "leak": chosen["leak"], "heads": heads}


def _rivals(result: Measured) -> dict[str, float]:
    rivals = result.rivals
    names = {
        "each": EACH,
        "pool": POOL,
        "baseline": BASELINE,
        "unsummed": UNSUMMED,
        "one_cell": RECTIFIED,
        "soft": GATED,
        "interneurons": INTERNEURONS,
        "shared": SHARED,
    }
    found: dict[str, float] = {
        "few_documents": rivals["document"].nunique(),
        "few_heads": len(rivals.groupby(["layer", "head"])),
    }
    for name, circuit in names.items():
        for end, budget in (("rodent", RODENT), ("human", HUMAN)):
            rows = rivals[(rivals["circuit"] == circuit) & (rivals["budget"] == budget)]
            if len(rows):
                found[f"{name}_{end}"] = typical(rows).mean()
                found[f"{name}_{end}_units"] = int(rows["units"].iloc[0])
    ends = budgets()
    return found | {f"budget_{end}": ends[end] for end in BUDGETS}


def _bounds(result: Measured) -> dict[str, float]:
    names = {
        "own": OWN,
        "low_rank": LOW_RANK,
        "constant": CONSTANT,
        "mean": MEAN,
        "nearest": NEAREST,
    }
    bounds = result.bounds
    found = {f"bound_{name}": typical(bounds, bound=bound).mean() for name, bound in names.items()}
    least = result.rivals[result.rivals["budget"] == BUDGETS[0]]
    return found | {
        "bound_units": int(bounds["units"].max()),
        "bound_each": typical(least, circuit=EACH).mean(),
    }


def _noise(result: Measured) -> dict[str, float]:
    noisy = result.noisy
    strict, middle, loose = sorted(noisy["leak"].unique())
    cells = {
        "quiet": (strict, PAIRED, CELLS, 0.0),
        "cells": (strict, AROUND, CELLS, TENTH),
        "around": (strict, AROUND, SYNAPSES, SHAKEN),
        "synapses": (strict, PAIRED, SYNAPSES, SHAKEN),
        "least": (strict, PAIRED, SYNAPSES, min(noise for noise in noisy["noise"] if noise)),
        "inputs": (strict, PAIRED, INPUTS, SHAKEN),
        "inputs_loose": (loose, PAIRED, INPUTS, SHAKEN),
        "synapses_middle": (middle, PAIRED, SYNAPSES, SHAKEN),
        "quiet_loose": (loose, PAIRED, SYNAPSES, 0.0),
        "synapses_loose": (loose, PAIRED, SYNAPSES, SHAKEN),
        "most_loose": (loose, PAIRED, SYNAPSES, TENTH),
        "traces": (strict, PAIRED, TRACES, TENTH),
        "traces_loose": (loose, PAIRED, TRACES, TENTH),
    }
    return {
        f"noise_{name}": typical(noisy, leak=leak, circuit=circuit, where=where, noise=noise).mean()
        for name, (leak, circuit, where, noise) in cells.items()
    }


def _decoder(result: Measured) -> dict[str, float]:
    wide = result.decoder[result.decoder["budget"] == RODENT]
    names = {"published": RANDOM, "pool": POOL, "each": EACH}
    found = {f"wide_{name}": typical(wide, circuit=one).mean() for name, one in names.items()}
    each = wide[wide["circuit"] == EACH]
    return found | {
        "wide_each_units": int(each["units"].iloc[0]),
        "wide_mean": typical(result.decoder, circuit=SO_FAR).mean(),
    }
