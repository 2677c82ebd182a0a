"""What the page limitations/neuromorphic asserts."""

from __future__ import annotations

from math import ceil

import pandas as pd

from brainbook.evidence.claims import Claim, identity, law, number, ordering
from brainbook.evidence.intervals import Interval, error_interval, mean_interval
from opjoules.cores import cost
from opjoules.cores.cost import PICO

from .block import FOLD, SENT, WEIGHTS, WIDTH
from .events import LEVELS, Code, Codes
from .measure import Measured
from .prices import MICRO

MEASURED_HERE = "measured here"
HALF_A_CORE = 0.5  # cores are whole, so any smaller margin says the same
# hops; half of what two places that may coincide would be nearer on the chip's mesh
PRECISION = {"HERMES PCM": 0.05, "SpiNNaker2": 0.06, "Loihi": 0.025}


def claims(result: Measured) -> list[Claim]:
    """Page limitations/neuromorphic: what it asserts."""
    return [
        *_cores(result),
        *_shares(result.unmapped),
        *_distances(result),
        *_codes(result.codes, result.identities),
        *_placements(result.placements),
        *_constants(result),
        *_machines(result),
    ]


def _cores(result: Measured) -> list[Claim]:
    cores = result.mapping.set_index(["chip", "method"])["cores"]
    widths = [(WIDTH, WIDTH)] * 4 + [(WIDTH, FOLD * WIDTH), (FOLD * WIDTH, WIDTH)]
    return [
        identity(
            "neuromorphic-weights",
            "The six matrices of a block hold 12·d² weights.",
            result.identities["weights"],
            expected=WEIGHTS,
            unit="weight",
            source="closed form: 4·d² + 2·4·d² = 12·d²",
        ),
        identity(
            "neuromorphic-crossbars-packed",
            "Shared crossbars reach the bound from memory.",
            cores["HERMES PCM", "packed"],
            expected=ceil(WEIGHTS / 256**2),
            unit="core",
            source="closed form: ⌈12·d² / 256²⌉",
            role="finding",
        ),
        identity(
            "neuromorphic-crossbars-apart",
            "With a crossbar for each piece of a matrix the count is the sum of the pieces.",
            cores["HERMES PCM", "apart"],
            expected=sum(ceil(rows / 256) * ceil(columns / 256) for rows, columns in widths),
            unit="core",
            source="closed form: Σ ⌈inputs/256⌉·⌈outputs/256⌉",
        ),
        identity(
            "neuromorphic-loihi-bound",
            "Signed spikes need a line for each sign, so twice the weights.",
            cores["Loihi", "bound"],
            expected=ceil(2 * WEIGHTS / (128 * 1024)),
            unit="core",
            source="closed form: ⌈24·d² bytes / 128 KiB⌉",
        ),
        ordering(
            "neuromorphic-loihi-packed",
            "On Loihi the packing does not reach the bound from memory: a neuron's fan-in must "
            "not be split.",
            cores["Loihi", "packed"],
            expected=cores["Loihi", "bound"],
            margin=HALF_A_CORE,
            unit="core",
            source=MEASURED_HERE,
        ),
    ]


def _shares(unmapped: pd.DataFrame) -> list[Claim]:
    share = unmapped.set_index("tokens")["share"]
    ids = {
        16: "neuromorphic-dynamic-share-16",
        64: "neuromorphic-dynamic-share-64",
        256: "neuromorphic-dynamic-share-256",
        512: "neuromorphic-dynamic-share-512",
    }
    return [
        identity(
            id,
            f"At {n} tokens, attention products are the share n/(6d + n) of all "
            "multiply-accumulates.",
            share[n],
            expected=n / (6 * WIDTH + n),
            source="closed form: 2n²d / (12nd² + 2n²d)",
        )
        for n, id in ids.items()
    ]


def _distances(result: Measured) -> list[Claim]:
    ids = {
        "HERMES PCM": "neuromorphic-random-hermes",
        "SpiNNaker2": "neuromorphic-random-spinnaker2",
        "Loihi": "neuromorphic-random-loihi",
    }
    places = result.random_places.set_index("chip")
    return [
        identity(
            "neuromorphic-mean-distance",
            "On k-by-k meshes up to 12 by 12, the mean distance over all pairs is "
            "2(k² − 1)/(3k); greatest deviation.",
            result.identities["distance_gap"],
            unit="hop",
            source="closed form: 2(k² − 1)/(3k)",
        ),
        *(
            law(
                id,
                "Placed at random, a message of the block travels as far on average as two "
                f"random cores are apart ({chip}).",
                error_interval(
                    places["mean"][chip], places["error"][chip], result.draws, over="placements"
                ),
                expected=places["expected"][chip],
                precision=PRECISION[chip],
                unit="hop",
                source="closed form: mean distance of two distinct places",
                role="check",
            )
            for chip, id in ids.items()
        ),
    ]


def _codes(codes: Codes, identities: dict[str, float]) -> list[Claim]:
    loss = codes.frame.groupby(["steps", "threshold"])["loss"].mean()
    graded, rate = codes.totals[Code()], codes.totals[Code(LEVELS)]  # (documents,) each
    return [
        identity(
            "neuromorphic-spikes-are-rounding",
            "An integrate-and-fire neuron that starts at half its threshold counts what "
            "rounding gives; greatest deviation.",
            identities["rounding_gap"],
            unit="spike",
            source="closed form: ⌊T·x + 1/2⌋",
        ),
        identity(
            "neuromorphic-spikes-cost-fan-out",
            "The operation counter finds a synaptic operation for each spike and output.",
            identities["spike_operations"],
            expected=identities["spike_outputs"],
            dtype="float32",
            unit="AC",
            source="closed form: spikes · outputs",
        ),
        identity(
            "neuromorphic-same-information",
            "127 steps and one 8-bit event bring the same numbers, so the same loss.",
            loss[LEVELS, 0.0],
            expected=loss[0, 0.0],
            dtype="float32",
            source="closed form: T steps make T levels of each sign",
        ),
        ordering(
            "neuromorphic-dense-activations",
            "Of the numbers that a block sends, more than nine in ten are not zero at 8 bits.",
            mean_interval(graded / SENT, over="documents"),
            expected=0.9,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-rate-costs-messages",
            "At the same numbers received, rate-coded spikes are more than ten times as many "
            "as graded events.",
            mean_interval(rate / graded, over="documents"),
            expected=10,
            source=MEASURED_HERE,
        ),
    ]


def _placements(placements: pd.DataFrame) -> list[Claim]:
    ids = {
        "HERMES PCM": "neuromorphic-placement-hermes",
        "SpiNNaker2": "neuromorphic-placement-spinnaker2",
        "Loihi": "neuromorphic-placement-loihi",
    }
    return [
        ordering(
            id,
            f"Optimised placement shortens the way ({chip}): hops in order over hops optimised.",
            _shortened(placements[placements["chip"] == chip]),
            expected=1,
            source=MEASURED_HERE,
        )
        for chip, id in ids.items()
    ]


def _shortened(rows: pd.DataFrame) -> Interval:
    hops = rows[rows["way"] == "unicast"].set_index("placement")["hops"]
    return mean_interval(hops["in order"] / hops["optimised"], over="seeds")


def _constants(result: Measured) -> list[Claim]:
    pj, term = result.identities, result.costs.set_index(["machine", "term"])["central"]
    half_a_digit = 5e-4
    return [
        number(
            "neuromorphic-hermes-slow",
            "2.48 tera-operations per second and watt are so many pJ per multiply-accumulate.",
            pj["hermes_high"],
            expected=pj["hermes_slow"],
            tolerance=half_a_digit,
            unit="pJ",
            source="legallo2023core",
            role="check",
        ),
        number(
            "neuromorphic-hermes-fast",
            "9.76 tera-operations per second and watt are so many pJ per multiply-accumulate.",
            pj["hermes_low"],
            expected=pj["hermes_fast"],
            tolerance=half_a_digit,
            unit="pJ",
            source="legallo2023core",
            role="check",
        ),
        identity(
            "neuromorphic-weight-fetch",
            "One token alone pays 12·d² bytes from DRAM.",
            term["logic, 45 nm, one token", cost.NAMES["weights"]],
            expected=WEIGHTS * pj["dram_byte"] * PICO * MICRO,
            unit="µJ",
            source="closed form: 12·d² · 8/64 of an access",
        ),
        identity(
            "neuromorphic-crossbar-weights",
            "A token costs crossbars 12·d² multiply-accumulates, however many tokens there are.",
            term["HERMES crossbars", cost.NAMES["macs"]],
            expected=WEIGHTS * pj["hermes_central"] * PICO * MICRO,
            unit="µJ",
            source="closed form: 12·d² · pJ per multiply-accumulate",
        ),
    ]


def _machines(result: Measured) -> list[Claim]:
    """Who needs less, at the ends of the constants' intervals that speak against it.

    Nothing is left to chance in them, so they have no margin.
    """
    total = result.costs.groupby("machine")[list(cost.ENERGY)].sum()
    shared = result.shared.set_index(["machine", "tokens"])
    term = result.costs.set_index(["machine", "term"])["central"]
    loihi, alone = f"Loihi, {result.steps} steps", "logic, 45 nm, one token"
    logic = shared.loc["logic, 45 nm, DRAM"]
    return [
        ordering(
            "neuromorphic-one-token",
            "For one token, logic that fetches its weights from DRAM needs more, at the low end "
            "of its interval, than SENECA with graded events at the high end.",
            total["low"][alone] / total["high"]["SENECA, graded"],
            expected=1,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-shared-weights",
            "Where 64 tokens share a fetch, the same logic needs less, at its high end, than "
            f"Loihi at {result.steps} steps at its low end.",
            total["low"][loihi] / logic["high"][64],
            expected=1,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-synapses-dominate",
            "On Loihi the synaptic operations are the bill, not the messages: share of the total.",
            term[loihi, cost.NAMES["acs"]] / total["central"][loihi],
            expected=0.5,
            source=MEASURED_HERE,
        ),
        ordering(
            "neuromorphic-logic-amortises",
            "Logic with DRAM needs a tenth or less per token when 64 tokens share a fetch: "
            "the ratio.",
            logic["central"][1] / logic["central"][64],
            expected=10,
            source=MEASURED_HERE,
        ),
    ]
