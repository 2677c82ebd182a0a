"""What is certain about a block of MiniLM on cores: identities, laws, and the orders measured."""

from __future__ import annotations

from math import ceil

import pandas as pd
import torch
from torch import nn

from brainbook.evidence import facts
from brainbook.evidence.claims import Claim
from opjoules import units
from opjoules.cores import cost as cores_cost
from opjoules.cores import traffic as cores_traffic
from opjoules.counting.operations import count_operations
from opjoules.hardware.catalogue import IN_MEMORY, profile

from . import block as cores_block
from . import events as cores_events
from .block import Codes
from .events import Code
from .measure import (
    MICRO,
)

D, FOLD = 384, 4  # MiniLM's width, and the feed-forward layer's widening


def mapping_claims(table: pd.DataFrame, prefix: str) -> list[Claim]:
    """Cores needed by the block's weights, against closed forms in the width d."""
    number = table.set_index(["chip", "method"])["cores"]
    weights = sum(matrix.weights for matrix in cores_block.matrices())
    widths = [(D, D)] * 4 + [(D, FOLD * D), (FOLD * D, D)]
    tiles = sum(ceil(rows / 256) * ceil(columns / 256) for rows, columns in widths)
    bound = ceil(2 * (4 + 2 * FOLD) * D**2 * 8 / (128 * 1024 * 8))
    source = "closed form: 4·d² + 2·4·d² = 12·d²"
    return [
        Claim(f"{prefix}-weights", "The six matrices of a block hold 12·d² weights.", "exact",
              weights, (4 + 2 * FOLD) * D**2, 1e-10, "weight", source),
        Claim(f"{prefix}-crossbars-packed", "Shared crossbars reach the bound from memory.",
              "exact", number["HERMES PCM", "packed"], ceil(12 * D**2 / 256**2), 1e-10, "core",
              "closed form: ⌈12·d² / 256²⌉"),
        Claim(f"{prefix}-crossbars-apart", "With a crossbar for each piece of a matrix the count "
              "is the sum of the pieces.", "exact", number["HERMES PCM", "apart"], tiles, 1e-10,
              "core", "closed form: Σ ⌈inputs/256⌉·⌈outputs/256⌉"),
        Claim(f"{prefix}-loihi-bound", "Signed spikes need a line for each sign, so twice the "
              "weights.", "exact", number["Loihi", "bound"], bound, 1e-10, "core",
              "closed form: ⌈24·d² bytes / 128 KiB⌉"),
        Claim(f"{prefix}-loihi-packed", "On Loihi the packing does not reach the bound from "
              "memory: a neuron's fan-in must not be split.", "ordering",
              number["Loihi", "packed"], number["Loihi", "bound"], 0.5, "core", "measured here"),
    ]  # fmt: skip


def share_claims(lengths: pd.DataFrame, prefix: str) -> list[Claim]:
    """Attention products as a share of all products, counted, against n/(6d + n)."""
    found = lengths.set_index("tokens")["share"]
    return [
        Claim(f"{prefix}-dynamic-share-{n}", f"At {n} tokens, attention products are the share "
              "n/(6d + n) of all multiply-accumulates.", "exact", share, n / (6 * D + n), 1e-10,
              "1", "closed form: 2n²d / (12nd² + 2n²d)")
        for n, share in found.items()
    ]  # fmt: skip


def distance_claims(draws: pd.DataFrame, prefix: str) -> list[Claim]:
    """Hops on a mesh: enumeration and random placements against the closed forms."""
    sides = range(2, 13)
    gap = [abs(cores_traffic.Mesh(k, k).distances.mean() - 2 * (k**2 - 1) / (3 * k)) for k in sides]
    found = [
        Claim(f"{prefix}-mean-distance", "On k-by-k meshes up to 12 by 12, the mean distance over "
              "all pairs is 2(k² − 1)/(3k); greatest deviation.", "exact", max(gap), 0.0, 1e-10,
              "hop", "closed form: 2(k² − 1)/(3k)"),
    ]  # fmt: skip
    for row in draws.itertuples():
        name = row.chip.split()[0].lower()
        found.append(
            Claim(f"{prefix}-random-{name}", f"Placed at random, a message of the block travels "
                  f"as far on average as two random cores are apart ({row.chip}).", "law",
                  row.mean, row.expected, 4 * row.error, "hop",
                  "closed form: mean distance of two distinct places")
        )  # fmt: skip
    return found


def code_claims(codes: Codes, prefix: str) -> list[Claim]:
    """Spikes and graded events: what is the same, and what it takes."""
    loss = codes.frame.groupby(["steps", "threshold"])["loss"].mean()
    layer = nn.Linear(8, 5)
    drive = torch.linspace(0, 1, 40, dtype=torch.float64).reshape(5, 8) * 0.97 + 0.01
    steps = 15
    counted = cores_events.integrate_and_fire(drive, steps)
    rounded = Code(steps)(drive, torch.ones(8, dtype=torch.float64))[1]
    ticks = torch.arange(1, steps + 1, dtype=torch.float32)[:, None, None]
    train = (ticks <= counted.float()[None]).float()  # any order of the spikes adds the same
    operations = count_operations(layer, train.flatten(0, 1))
    exact = float(operations["acs"].sum()) * len(train.flatten(0, 1))
    sent = {code: sum(u.sum() for u in codes.per_unit(code).values()) for code in codes.sent}
    numbers = (8 + FOLD) * D
    return [
        Claim(f"{prefix}-spikes-are-rounding", "An integrate-and-fire neuron that starts at half "
              "its threshold counts what rounding gives; greatest deviation.", "exact",
              float((counted - rounded).abs().max()), 0.0, 1e-10, "spike",
              "closed form: ⌊T·x + 1/2⌋"),
        Claim(f"{prefix}-spikes-cost-fan-out", "The operation counter finds a synaptic operation "
              "for each spike and output.", "exact", exact, float(counted.sum()) * 5, 1e-3, "AC",
              "closed form: spikes · outputs", dtype="float32"),
        Claim(f"{prefix}-same-information", "127 steps and one 8-bit event bring the same numbers, "
              "so the same loss.", "exact", loss[127, 0.0], loss[0, 0.0], 1e-5, "1",
              "closed form: T steps make T levels of each sign", dtype="float32"),
        Claim(f"{prefix}-dense-activations", "Of the numbers that a block sends, more than nine "
              "in ten are not zero at 8 bits.", "ordering", sent[Code()] / numbers, 0.9, 0.01, "1",
              "measured here"),
        Claim(f"{prefix}-rate-costs-messages", "At the same numbers received, rate-coded spikes "
              "are more than ten times as many as graded events.", "ordering",
              sent[Code(127)] / sent[Code()], 10.0, 1.0, "1", "measured here"),
    ]  # fmt: skip


def placement_claims(table: pd.DataFrame, prefix: str) -> list[Claim]:
    """Optimised placement against the order of the matrices; multicast against unicast."""
    groups = table.groupby(["chip", "placement", "way"])["hops"]
    mean, spread = groups.mean(), groups.std().fillna(0.0)
    found = []
    for chip in table["chip"].unique():
        name = chip.split()[0].lower()
        ordered, best = mean[chip, "in order", "unicast"], mean[chip, "optimised", "unicast"]
        noise = 2 * spread[chip, "optimised", "unicast"] / best * ordered / best
        found.append(
            Claim(f"{prefix}-placement-{name}", f"Optimised placement shortens the way ({chip}): "
                  "hops in order over hops optimised.", "ordering", ordered / best, 1.0,
                  max(0.1, float(noise)), "1", "measured here")
        )  # fmt: skip
    return found


def cost_claims(terms: pd.DataFrame, shared: pd.DataFrame, steps: int, prefix: str) -> list[Claim]:
    """Energy per token: what a published efficiency means, and who wins when.

    ``terms`` in joules, ``shared`` in microjoules, as the page draws it.
    """
    total = terms.groupby("machine")[["low", "central", "high"]].sum()
    term = terms.set_index(["machine", "term"])["central"]
    crossbar, chip = profile(IN_MEMORY).mac, facts.table("chips.csv").set_index("quantity")
    slow, fast = (
        2 / units.convert(chip.loc[name, "value"], chip.loc[name, "unit"], "operation / pJ")
        for name in ("efficiency, four-phase read", "efficiency, one-phase read")
    )
    loihi, single = f"Loihi, {steps} steps", "logic, 45 nm, one token"
    weights = term[single, cores_cost.NAMES["weights"]]
    dram = profile("45nm_int8").access("DRAM", 8).central * 12 * D**2 * cores_cost.PICO
    wide = shared.pivot(index="tokens", columns="machine", values="central")
    logic, ends = wide["logic, 45 nm, DRAM"], shared.set_index(["machine", "tokens"])
    ends = ends.assign(low=ends["low"] / MICRO, high=ends["high"] / MICRO)
    return [
        Claim(f"{prefix}-hermes-slow", "2.48 tera-operations per second and watt are so many pJ "
              "per multiply-accumulate.", "number", crossbar.high, slow, 1e-3, "pJ",
              "legallo2023core"),
        Claim(f"{prefix}-hermes-fast", "9.76 tera-operations per second and watt are so many pJ "
              "per multiply-accumulate.", "number", crossbar.low, fast, 1e-3, "pJ",
              "legallo2023core"),
        Claim(f"{prefix}-weight-fetch", "One token alone pays 12·d² bytes from DRAM.", "exact",
              1e6 * weights, 1e6 * dram, 1e-8, "µJ",
              "closed form: 12·d² · 8/64 of an access"),
        Claim(f"{prefix}-one-token", "For one token, logic that fetches its weights from DRAM "
              "needs more, at the low end of its interval, than SENECA with graded events at the "
              "high end.", "ordering",
              float(total.loc[single, "low"] / total.loc["SENECA, graded", "high"]), 1.0, 1.0,
              "1", "measured here"),
        Claim(f"{prefix}-shared-weights", "Where 64 tokens share a fetch, the same logic needs "
              f"less, at its high end, than Loihi at {steps} steps at its low end.", "ordering",
              float(total.loc[loihi, "low"] / ends.loc[("logic, 45 nm, DRAM", 64), "high"]), 1.0,
              0.1, "1", "measured here"),
        Claim(f"{prefix}-synapses-dominate", "On Loihi the synaptic operations are the bill, not "
              "the messages: share of the total.", "ordering",
              float(term[loihi, cores_cost.NAMES["acs"]] / total.loc[loihi, "central"]), 0.5, 0.1,
              "1", "measured here"),
        Claim(f"{prefix}-crossbar-weights", "A token costs crossbars 12·d² multiply-accumulates, "
              "however many tokens there are.", "exact",
              1e6 * term["HERMES crossbars", cores_cost.NAMES["macs"]],
              1e6 * 12 * D**2 * crossbar.central * cores_cost.PICO, 1e-10, "µJ",
              "closed form: 12·d² · pJ per multiply-accumulate"),
        Claim(f"{prefix}-logic-amortises", "Logic with DRAM needs a tenth or less per token when "
              "64 tokens share a fetch: the ratio.", "ordering", float(logic[1] / logic[64]), 10.0,
              1.0, "1", "measured here"),
    ]  # fmt: skip


def claims(
    mapping: pd.DataFrame, unmapped: pd.DataFrame, codes: Codes, placements: pd.DataFrame,
    random_places: pd.DataFrame, costs: pd.DataFrame, shared: pd.DataFrame, steps: int,
) -> list[Claim]:  # fmt: skip
    """Page limitations/neuromorphic: what it asserts, from the results of the functions above."""
    prefix = "neuromorphic"
    joules = costs.assign(**{end: costs[end] / MICRO for end in cores_cost.ENERGY})
    return [
        *mapping_claims(mapping, prefix),
        *share_claims(unmapped, prefix),
        *distance_claims(random_places, prefix),
        *code_claims(codes, prefix),
        *placement_claims(placements, prefix),
        *cost_claims(joules, shared, steps, prefix),
    ]
