"""A block of MiniLM on the cores of a chip: its operations, messages, placements and energy.

Puts together ``cores`` (what sits where), ``cores_events`` (what is sent), ``cores_traffic`` (how
far it travels) and ``cores_cost`` (what that costs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from brainbook.evidence import datasets, pretrained
from opjoules.cores import cost as cores_cost
from opjoules.cores import mapping as cores
from opjoules.cores import traffic as cores_traffic
from opjoules.counting.operations import count_operations
from opjoules.hardware import chips
from opjoules.hardware.catalogue import profile

from . import events as cores_events
from .events import Code

# Spikes have no sign, so chips of spikes need a line for each; a crossbar and a multiplier do not.
LINES = {"HERMES PCM": 1, "SpiNNaker2": 1, "Loihi": 2, "TrueNorth": 2}
NEEDS = {layer: stream for stream, layer in cores_events.INPUTS.items()} | {
    "key": "block input", "value": "block input",
}  # fmt: skip


class Block(nn.Module):
    """One block of MiniLM as a module of its own: hidden states in, hidden states out."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor) -> Tensor:
        """``hidden`` (batch, n, d)."""
        found = self.layer(hidden)
        return found[0] if isinstance(found, tuple) else found


@lru_cache(maxsize=32)
def operations(tokens: int, block: int = 0) -> pd.DataFrame:
    """``count_operations`` of one block reading ``tokens`` tokens of a held-out document.

    Raises
    ------
    ValueError : more tokens than MiniLM has positions, or fewer than one.
    """
    model, tokenizer = pretrained.minilm()
    most = model.config.max_position_embeddings
    if not 1 <= tokens <= most:
        raise ValueError(f"tokens: got {tokens}; allowed are 1 to {most}")
    text = datasets.text(datasets.TEST_TEXTS[-2])
    ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=most)
    with torch.no_grad():
        hidden = model(**ids, output_hidden_states=True).hidden_states[block][:, :tokens]
    return count_operations(Block(model.encoder.layer[block]), hidden.contiguous())


def matrices(block: int = 0) -> tuple[cores.Matrix, ...]:
    """Weight matrices of a block of MiniLM."""
    return cores_events.matrices(pretrained.minilm()[0].encoder.layer[block])


def lined(chip: str) -> tuple[cores.Matrix, ...]:
    """The matrices as a chip sees them: twice the inputs where spikes need a line per sign."""
    plain = matrices()
    return cores.two_lines(plain) if LINES[chip] == 2 else plain


def mapping() -> pd.DataFrame:
    """Cores for one block by chip: least, packed, and with a core for each piece of a matrix.

    Columns ``chip``, ``weight_bits``, ``lines``, ``method`` (bound, packed, apart), ``cores``,
    ``utilisation``, ``chip_cores`` (on one chip).
    """
    rows = []
    for chip, lines in LINES.items():
        on, what = cores.core(chip), lined(chip)
        least, stored = cores.lower_bound(what, on), sum(m.weights for m in what)
        methods = {"packed": cores.pack(what, on), "apart": cores.spread(what, on)}
        found = {name: cores.count(pieces) for name, pieces in methods.items()}
        rows += [
            (chip, on.weight_bits, lines, name, number, stored / (number * on.capacity), on.cores)
            for name, number in ({"bound": least} | found).items()
        ]
    names = ["chip", "weight_bits", "lines", "method", "cores", "utilisation", "chip_cores"]
    return pd.DataFrame(rows, columns=names)


@dataclass(frozen=True)
class Codes:
    """What coded messages do to MiniLM.

    Attributes
    ----------
    frame : a row per code and window: ``code``, ``steps``, ``threshold``, ``document``, ``loss``
        (1 − cosine with the embedding of the uncoded model), ``messages`` (per token and block).
    sent : for each code, messages per unit and token by (block, stream).
    unrelated : mean loss between embeddings of different windows, uncoded.
    """

    frame: pd.DataFrame
    sent: Mapping[Code, Mapping[tuple[int, str], np.ndarray]]
    unrelated: float

    def per_unit(self, code: Code) -> dict[str, np.ndarray]:
        """Messages per unit and token by stream, mean over the blocks."""
        return {
            stream: np.mean([sent for (_, s), sent in self.sent[code].items() if s == stream], 0)
            for stream in cores_traffic.STREAMS
        }

    def arrivals(self, code: Code) -> dict[str, float]:
        """Messages per token that arrive at each linear layer, named as in ``operations``."""
        model, _ = pretrained.minilm()
        wrapped = Block(model.encoder.layer[0])
        names = {layer: name for name, layer in wrapped.named_modules()}
        layers = cores_events.linears(wrapped.layer)
        units = self.per_unit(code)
        return {names[layers[name]]: float(units[NEEDS[name]].sum()) for name in layers}


def sweep(codes: Sequence[Code], tokens: int, windows: int, calibration: int) -> Codes:
    """Run MiniLM with each code on held-out text; levels are chosen on calibration text.

    ``windows`` and ``calibration`` are stretches of ``tokens`` tokens per document.
    """
    model, _ = pretrained.minilm()
    seen_tokens, _ = cores_events.windows(datasets.CALIBRATION_TEXTS, tokens, calibration)
    test, document = cores_events.windows(datasets.TEST_TEXTS, tokens, windows)
    seen = cores_events.record(model, seen_tokens)
    levels = cores_events.quantiles(seen)
    plain = cores_events.embeddings(model, test)
    clips = {
        steps: cores_events.clip_levels(seen, levels, Code(steps))
        for steps in {code.steps for code in codes}
    }
    frames, sent = [], {}
    for code in codes:
        found, sent[code] = cores_events.run(model, test, code, clips[code.steps])
        messages = sum(float(units.sum()) for units in sent[code].values())
        frames.append(
            pd.DataFrame(
                {
                    "code": "rate" if code.steps else "graded", "steps": code.steps,
                    "threshold": code.threshold, "document": document,
                    "loss": (1 - cosine_similarity(found, plain)).numpy(),
                    "messages": messages / len(model.encoder.layer),
                }
            )
        )  # fmt: skip
    unrelated = float((1 - cosine_similarity(plain[:-1], plain[1:])).mean())
    return Codes(pd.concat(frames, ignore_index=True), sent, unrelated)


def placements(
    events: Mapping[str, np.ndarray], chips_: Sequence[str], seeds: Sequence[int]
) -> pd.DataFrame:
    """Hops per token and block for three ways to place the packed cores on a square mesh.

    Columns ``chip``, ``placement`` (in order, at random, optimised), ``seed``, ``way`` (unicast,
    multicast), ``hops``, ``copies`` (messages, one for each destination), ``tiles`` (along a
    side), ``expected`` (mean hops of a copy at random places, closed form).
    """
    rows = []
    for chip in chips_:
        on = cores.core(chip)
        pieces = cores.pack(lined(chip), on)
        table = cores_traffic.flows(pieces, events)
        nodes = cores.count(pieces) + len(cores_traffic.SERVICES)
        mesh = cores_traffic.Mesh.fitting(nodes, on.per_tile)
        fixed = (chip, cores_traffic.copies(table), mesh.width, mesh.mean_distance(True))
        for name, seed, places in _placed(table, nodes, mesh, seeds):
            xy = mesh.xy[places]
            for way in (cores_traffic.unicast, cores_traffic.multicast):
                rows.append((*fixed, name, seed, way.__name__, way(table, xy)))
    names = ["chip", "copies", "tiles", "expected", "placement", "seed", "way", "hops"]
    return pd.DataFrame(rows, columns=names)


def _placed(table, nodes, mesh, seeds):
    """Placements in order, at random and optimised, one of the latter two for each seed."""
    yield "in order", -1, np.arange(nodes)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        yield "at random", seed, cores_traffic.place_at_random(nodes, mesh, rng)
        yield "optimised", seed, cores_traffic.place_well(table, nodes, mesh, seed)


def random_places(
    events: Mapping[str, np.ndarray], chips_: Sequence[str], draws: int, seed: int
) -> pd.DataFrame:
    """Hops of a copy (unicast) over many random placements against the closed form.

    Columns ``chip``, ``tiles``, ``mean``, ``error`` (of the mean), ``expected``.
    """
    rows, rng = [], np.random.default_rng(seed)
    for chip in chips_:
        on = cores.core(chip)
        pieces = cores.pack(lined(chip), on)
        nodes = cores.count(pieces) + len(cores_traffic.SERVICES)
        traffic = cores_traffic.traffic_matrix(cores_traffic.flows(pieces, events), nodes)
        mesh = cores_traffic.Mesh.fitting(nodes, on.per_tile)
        places = [cores_traffic.place_at_random(nodes, mesh, rng) for _ in range(draws)]
        far = mesh.distances
        hops = np.array([(traffic * far[np.ix_(p, p)]).sum() for p in places]) / traffic.sum()
        error = hops.std(ddof=1) / np.sqrt(draws)
        rows.append((chip, mesh.width, hops.mean(), error, mesh.mean_distance(True)))
    return pd.DataFrame(rows, columns=["chip", "tiles", "mean", "error", "expected"])


def loihi_hops(codes: Codes, code: Code, seeds: Sequence[int]) -> tuple[float, float, float]:
    """Hops per token and block on Loihi's mesh: optimised multicast, unicast, random unicast."""
    table = placements(codes.per_unit(code), ["Loihi"], seeds)
    mean = table.groupby(["placement", "way"])["hops"].mean()
    return (
        float(mean["optimised", "multicast"]), float(mean["optimised", "unicast"]),
        float(mean["at random", "unicast"]),
    )  # fmt: skip


def energies(codes: Codes, steps: int, tokens: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Joules per token of one block on each machine, by term; columns ``machine`` and those of
    ``cores_cost``. Event-driven machines get an 8-bit graded or a rate code."""
    table, rate, number = operations(tokens), Code(steps), Code()
    alone = operations(1)
    loihi, exact = chips.chip("loihi", calibrated=True), Code(cores_events.LEVELS)
    machines = {
        "logic, 45 nm, one token": cores_cost.on_logic(alone, 1, "45nm_int8"),
        f"logic, 45 nm, {tokens} tokens": cores_cost.on_logic(table, tokens, "45nm_int8"),
        f"logic, 7 nm, {tokens} tokens": cores_cost.on_logic(table, tokens, "7nm_int8"),
        "HERMES crossbars": cores_cost.in_crossbars(table, tokens),
        "SENECA, graded": _with_messages(
            cores_cost.on_events(table, tokens, cores_cost.graded(), codes.arrivals(number), 0),
            (_sent(codes, number),) * 3, cores_cost.per_event(),
        ),
    }  # fmt: skip
    for code in (rate, exact):
        machines[f"SENECA, {code.steps} steps"] = _with_messages(
            cores_cost.on_events(
                table, tokens, profile("seneca"), codes.arrivals(code), code.steps
            ),
            (_sent(codes, code),) * 3, cores_cost.per_event(),
        )  # fmt: skip
        machines[f"Loihi, {code.steps} steps"] = _with_messages(
            cores_cost.on_events(table, tokens, loihi, codes.arrivals(code), code.steps),
            loihi_hops(codes, code, seeds), chips.transport("loihi"),
        )  # fmt: skip
    parts = [terms.assign(machine=name) for name, terms in machines.items()]
    return pd.concat(parts, ignore_index=True)


def _sent(codes: Codes, code: Code) -> float:
    """Messages per token and block."""
    return float(sum(units.sum() for units in codes.per_unit(code).values()))


def _with_messages(terms: pd.DataFrame, count, cost) -> pd.DataFrame:
    return pd.concat([terms, cores_cost.messages(count, cost)], ignore_index=True)


def reuse(codes: Codes, steps: int, lengths: Sequence[int]) -> pd.DataFrame:
    """Joules per token against the tokens that share one read of the weights.

    Columns ``machine``, ``tokens``, ``low``, ``central``, ``high``.
    """
    graded, rate = codes.arrivals(Code()), codes.arrivals(Code(steps))
    machines = {
        "logic, 45 nm, DRAM": lambda t, n: cores_cost.on_logic(t, n, "45nm_int8"),
        "logic, 45 nm, on-chip memory": lambda t, n: cores_cost.on_logic(
            t, n, cores_cost.kept_on_chip("45nm_int8")
        ),
        "logic, 7 nm, HBM": lambda t, n: cores_cost.on_logic(t, n, "7nm_int8"),
        "HERMES crossbars": lambda t, n: cores_cost.in_crossbars(t, n),
        "SENECA, graded": lambda t, n: cores_cost.on_events(
            t, n, cores_cost.graded(), graded, 0
        ),
        f"Loihi, {steps} steps": lambda t, n: cores_cost.on_events(
            t, n, chips.chip("loihi", calibrated=True), rate, steps
        ),
    }  # fmt: skip
    rows = [
        {"machine": name, "tokens": n, **cores_cost.total(price(operations(n), n))._asdict()}
        for n in lengths
        for name, price in machines.items()
    ]
    return pd.DataFrame(rows)
