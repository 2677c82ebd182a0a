"""What the page attention/every_synapse measures: text is opened here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import pandas as pd

from brainbook.evidence import facts, store
from brainbook.evidence.intervals import mean_interval
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.sweep import Sweep, minilm_sweep, sizes
from brainbook.models.attention.minilm_heads import D_HEAD, LAYERS, heads_on, problem_on
from brainbook.models.attention.minilm_text import (
    LONG_TEST_TEXTS,
    Passage,
    calibration_passages,
    held_out_passages,
    reference_passages,
)
from brainbook.models.attention.softmax import Problem, stacked
from brainbook.models.features.landmarks import usual_metric

from .bounds import bound_errors
from .circuits import (
    BASELINE,
    EACH,
    GATED,
    HALF,
    INTERNEURONS,
    LEAK,
    MEMBRANE,
    POOL,
    RANDOM,
    RECTIFIED,
    SHARED,
    UNSUMMED,
    WIRING,
    divided_errors,
    errors_of,
    gated_errors,
    interneuron_errors,
    pooled_errors,
    rectified_errors,
    settling,
    shared_errors,
    sizes_within,
    tuning,
    unsummed_errors,
    with_synapses,
)
from .decoder import D_HEAD as WIDE
from .decoder import SO_FAR, causal_errors, heads_of, renumbered, taught
from .decoder import tokens as in_new_numbers
from .noise import noisy_errors

GOAL = 0.1  # relative error of the median head's output
BUDGETS = ("rodent_low", "rodent_high", "human_low", "human_high")
RODENT, HUMAN = BUDGETS[1], BUDGETS[3]
SHAKEN = 0.01  # noise at which the two ways to rates of either sign are compared
DESCRIPTIONS, REFERENCE = "data set descriptions", "language reference"
RIVALS: dict[str, tuple[Callable[..., pd.DataFrame], tuple[str, ...]]] = {
    POOL: (pooled_errors, BUDGETS),
    EACH: (divided_errors, BUDGETS),
    BASELINE: (partial(divided_errors, circuit=BASELINE), BUDGETS),
    UNSUMMED: (unsummed_errors, BUDGETS[3:]),
    GATED: (gated_errors, BUDGETS[:2]),  # a human's number exceeds the calibration queries
    RECTIFIED: (rectified_errors, BUDGETS[1::2]),
    INTERNEURONS: (interneuron_errors, BUDGETS[1::2]),
    SHARED: (shared_errors, BUDGETS[1::2]),
}
ENSHEATHED = "rodent_high, ensheathed"
ANEW = "human_high, constants chosen anew"
SCALES, SMALL = (0.25, 0.35, 0.5, 0.7, 1.0), (1e-5, 1e-4, 1e-3, 1e-2)  # of S, and leaks
HELD_BACK, TRIED = 4, 256  # calibration passages that constants are chosen on, units then
FEW = 3  # every third document, where many circuits are compared
PER_LAYER = 2  # heads of a layer then
LEAKS, NOISES = (0.001, 0.01, 0.1), (0.0, 0.003, 0.01, 0.03, 0.1)


@dataclass(frozen=True)
class Measured:
    """What the page's claims and numbers rest on.

    divided, rivals, bounds, decoder, noisy, published : of ``measure_divided`` and so on.
    deviations : of ``measure_identities``.
    goal : relative error of a head's output.
    """

    divided: pd.DataFrame
    rivals: pd.DataFrame
    bounds: pd.DataFrame
    decoder: pd.DataFrame
    noisy: pd.DataFrame
    published: Sweep
    deviations: dict[str, float]
    goal: float = GOAL


def budgets() -> dict[str, float]:
    """Synapses that one astrocyte reaches, by species and end of the range."""
    return {name: facts.value("astrocyte_cells.csv", _fact(name)) for name in BUDGETS}


def _fact(budget: str) -> str:
    species, end = budget.split("_")
    return f"{species}_synapses_{end}"


def documents(descriptions: int, reference: int, tokens: int = 196) -> dict[str, Passage]:
    """First passages of test documents by name: descriptions of data sets, then topics."""
    held = held_out_passages(range(descriptions), tokens)
    named = {LONG_TEST_TEXTS[number]: ids for number, ids in held.items()}
    return named | {
        f"{t} (Python)": ids for t, ids in reference_passages(reference, tokens).items()
    }


def kind(document: str) -> str:
    """Which of the two kinds of prose a document is."""
    return REFERENCE if document.endswith("(Python)") else DESCRIPTIONS


@store.kept
def measure_divided(descriptions: int, reference: int, tokens: int = 196) -> pd.DataFrame:
    """Page attention/every_synapse, figure draw_counted: all heads, divided at each unit.

    Columns circuit, units, synapses, budget, document, layer, head, error, scale (of S), leak. As
    many units as fit into the upper human budget, all synapses counted, with the constants of
    attention/one_astrocyte and with those of ``chosen_constants``; and, budget
    ``rodent_high, ensheathed``, as many as the astrocyte can reach. Every second query.

    Parameters
    ----------
    descriptions, reference : test documents of either kind.
    tokens : of a passage.
    """
    text = documents(descriptions, reference, tokens)
    known = problem_on(calibration_passages(tokens))
    scale, small = chosen_constants(known[:, :, :PER_LAYER])
    frames = []
    seen = {name: heads_on(ids).problem for name, ids in text.items()}
    for layer in range(LAYERS):
        heads = {name: problem[layer] for name, problem in seen.items()}
        part = known[:, layer]
        metric, known_by = usual_metric(part.query, part.key), {}
        for (circuit, budget), units in all_head_sizes().items():
            if units not in known_by:
                known_by = {units: tuning(part, units, draw=layer, metric=metric)}
            factor, leak = (scale, small) if budget == ANEW else (1.0, LEAK)
            found = errors_of(settling(known_by[units], leak, factor), heads, circuit, HALF)
            frames.append(found.assign(layer=layer, budget=budget, scale=factor, leak=leak))
    return with_synapses(pd.concat(frames, ignore_index=True))


def chosen_constants(known: Problem) -> tuple[float, float]:
    """Factor of S, and leak, with which the median head errs least on held-back passages.

    ``known`` : heads on calibration text, (passages, layers, heads, N, d); the last
    ``HELD_BACK`` passages are read by units that the others tuned.
    """
    frames = []
    for layer in range(known.query.shape[1]):
        fit, held = known[:-HELD_BACK, layer], known[-HELD_BACK:, layer]
        test = {str(number): held[number] for number in range(HELD_BACK)}
        landmarks = tuning(fit, TRIED, draw=layer)
        for scale, leak in product(SCALES, SMALL):
            found = errors_of(settling(landmarks, leak, scale), test, EACH)
            frames.append(found.assign(scale=scale, leak=leak))
    error = pd.concat(frames).groupby(["scale", "leak"])["error"].median()
    return error.idxmin()


def all_head_sizes() -> dict[tuple[str, str], int]:
    """Units by circuit and budget where all heads are tried."""
    most = {circuit: _chosen(circuit, [HUMAN])[HUMAN] for circuit in (EACH, MEMBRANE, BASELINE)}
    reached = budgets()[RODENT] // WIRING[EACH].ensheathed(1, D_HEAD)
    both = {(name, end): most[name] for name in (EACH, MEMBRANE) for end in (HUMAN, ANEW)}
    return both | {(BASELINE, HUMAN): most[BASELINE], (EACH, ENSHEATHED): int(reached)}


@store.kept
def measure_rivals(
    descriptions: int, reference: int, few: int = FEW, per_layer: int = PER_LAYER, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/every_synapse, figure draw_counted: other circuits, fewer heads and documents.

    Columns as in :func:`measure_divided`; every ``few``-th document, the first ``per_layer`` heads
    of every layer. What all heads share is tuned to all of them.
    """
    frames = []
    text, known = _some(descriptions, reference, few, tokens)
    for circuit, (measure, names) in RIVALS.items():
        heads = slice(None) if circuit == SHARED else slice(per_layer)
        for budget, units in _chosen(circuit, names).items():
            for layer in range(LAYERS):
                test = {name: problem[layer, heads] for name, problem in text.items()}
                found = measure(units, known[:, layer, heads], test, draw=layer)
                frames.append(found.assign(layer=layer, budget=budget))
    frame = pd.concat(frames, ignore_index=True)
    return with_synapses(frame[frame["head"] < per_layer])


@store.kept
def measure_bounds(
    descriptions: int, reference: int, few: int = FEW, per_layer: int = PER_LAYER, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/every_synapse, figure draw_counted: bounds and guesses.

    Columns as in ``bound_errors``, and layer; the bounds have as many units as a circuit divided
    at each unit has within the lower rodent budget.
    """
    text, known = _some(descriptions, reference, few, tokens)
    units = list(_chosen(EACH, BUDGETS[:1]).values())
    frames = []
    for layer in range(LAYERS):
        test = {name: problem[layer, :per_layer] for name, problem in text.items()}
        found = bound_errors(units, known[:, layer, :per_layer], test, draw=layer)
        frames.append(found.assign(layer=layer))
    return pd.concat(frames, ignore_index=True)


@store.kept
def measure_noise(
    descriptions: int,
    reference: int,
    few: int = 2 * FEW,
    per_layer: int = PER_LAYER,
    tokens: int = 196,
) -> pd.DataFrame:
    """Page attention/every_synapse, figure draw_shaken: columns as in ``noisy_errors``, and layer.

    The circuit divided at each unit, as large as the upper human budget allows; half of the
    documents of :func:`measure_rivals`.
    """
    text, known = _some(descriptions, reference, 2 * few, tokens)
    (units,) = _chosen(EACH, BUDGETS[-1:]).values()
    frames = []
    for layer in range(LAYERS):
        test = {name: problem[layer, :per_layer] for name, problem in text.items()}
        part = known[:, layer, :per_layer]
        found = noisy_errors(units, LEAKS, NOISES, part, test, layer, seeded(96, layer))
        frames.append(found.assign(layer=layer))
    return pd.concat(frames, ignore_index=True)


@store.kept
def measure_decoder(
    descriptions: int, reference: int, few: int = FEW, seeds: int = 1, tokens: int = 196
) -> pd.DataFrame:
    """Page attention/every_synapse, a second model: circuits on a decoder trained here.

    Columns circuit, units, synapses, budget (empty for the mean of the values so far), document,
    seed, head, error. ``seeds`` decoders, trained on the calibration text, read every
    ``few``-th document.
    """
    passages = calibration_passages(tokens)
    numbers = renumbered(passages)
    text = dict(list(documents(descriptions, reference, tokens).items())[::few])
    by_circuit = {
        name: sizes_within(name, {RODENT: budgets()[RODENT]}, WIDE) for name in (RANDOM, EACH)
    }
    frames = []
    for seed in range(seeds):
        model = taught(passages, numbers, seed)
        read = [heads_of(model, in_new_numbers(ids, numbers)) for ids in passages]
        test = {name: heads_of(model, in_new_numbers(ids, numbers)) for name, ids in text.items()}
        wanted = {name: list(found.values()) for name, found in by_circuit.items()}
        found = causal_errors(wanted, stacked(read), test, draw=seed)
        frames.append(found.assign(seed=seed))
    frame = pd.concat(frames, ignore_index=True)
    alike = frame["circuit"] == SO_FAR
    found = with_synapses(frame[~alike], WIDE)
    names = {
        (circuit, units): budget
        for source, by_budget in by_circuit.items()
        for circuit in ((POOL, EACH) if source == EACH else (source,))
        for budget, units in by_budget.items()
    }
    pairs = zip(found["circuit"], found["units"], strict=True)
    found = found.assign(budget=[names[pair] for pair in pairs])
    return pd.concat([found, frame[alike].assign(synapses=0, budget="")], ignore_index=True)


def measure_published(log2_units: int, seeds: Sequence[int], tokens: int = 196) -> Sweep:
    """Page attention/every_synapse, figure draw_counted: the sweep of attention/astrocytes."""
    return minilm_sweep(held_out_passages(seeds, tokens), sizes(log2_units))


def _chosen(circuit: str, names: Sequence[str]) -> dict[str, int]:
    """Units of a circuit by budget."""
    known = budgets()
    return sizes_within(circuit, {name: known[name] for name in names})


def _some(
    descriptions: int, reference: int, few: int, tokens: int
) -> tuple[dict[str, Problem], Problem]:
    """All heads on every ``few``-th test document, and on calibration text."""
    text = list(documents(descriptions, reference, tokens).items())[::few]
    read = {name: heads_on(ids).problem for name, ids in text}
    return read, problem_on(calibration_passages(tokens))


def typical(frame: pd.DataFrame, **labels: object) -> pd.Series:
    """Median error over heads by document, of the rows with these labels."""
    for name, value in labels.items():
        frame = frame[frame[name] == value]
    return frame.groupby("document", sort=False)["error"].median()


def listed_circuits(rivals: pd.DataFrame) -> pd.DataFrame:
    """What each circuit has within the upper budgets: a row a circuit and budget.

    Columns circuit, cells that store a unit, synapses counted, units, lateral synapses, error
    (mean over documents of the median head) and ± (half its interval).
    """
    rows = []
    for (circuit, budget), part in rivals.groupby(["circuit", "budget"], sort=False):
        if budget not in BUDGETS[1::2]:
            continue
        units, error = int(part["units"].iloc[0]), mean_interval(typical(part), over="documents")
        lateral = WIRING[circuit].counts(units, D_HEAD).get("lateral", 0)
        species = budget.split("_")[0]
        found = (circuit, WIRING[circuit].cells, species, units, lateral, error.mean)
        rows.append((*found, error.half_width))
    columns = ["circuit", "cells a unit", "budget", "units", "lateral synapses", "error", "±"]
    return pd.DataFrame(rows, columns=columns)
