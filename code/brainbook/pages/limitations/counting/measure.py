"""What the page limitations/counting measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from brainbook.evidence import facts
from brainbook.evidence.datasets import TEST_TEXTS, digits, text
from brainbook.evidence.pretrained import minilm
from brainbook.models.digits.classifiers import trained
from opjoules import EnergyReport, energy_report, profile
from opjoules.counting.coverage import cases, count, torch_macs
from opjoules.counting.overhead import overhead
from opjoules.hardware.chips import CHIPS

HOST = "45nm_int8"
HIDDEN = (128, 128)
LOGIC = ("45nm_fp32", "45nm_fp16", "45nm_int8", "7nm_fp32", "7nm_int8")
NEUROMORPHIC = ("loihi", "truenorth", "spinnaker2", "tianjic", "neuromorphic_survey")
MACHINES = {  # plain names of the profiles
    "45nm_fp32": "45 nm logic, 32-bit floats",
    "45nm_fp16": "45 nm logic, 16-bit floats",
    "45nm_int8": "45 nm logic, 8-bit integers",
    "7nm_fp32": "7 nm logic, 32-bit floats",
    "7nm_int8": "7 nm logic, 8-bit integers",
    "neuromorphic_survey": "spiking chips, all",
    "hermes": "HERMES crossbars",
    **CHIPS,
}
TOOLS = ("NeuroBench", "SpikingJelly", "SpikingJelly FLOPs / 2")
ENDS = ["low", "central", "high"]


@dataclass(frozen=True)
class Measured:
    """All that the claims and the numbers of the page rest on.

    Attributes
    ----------
    spiking, language : reports of the spiking network, per image, and of MiniLM, per passage.
    tokens : in the passage.
    identities, schemes, seen, costs : tables of the functions ``measure_…`` of these names
        (``seen``: ``measure_coverage``; ``costs``: ``measure_overhead``).
    """

    spiking: EnergyReport
    language: EnergyReport
    tokens: int
    identities: pd.DataFrame
    schemes: pd.DataFrame
    seen: pd.DataFrame
    costs: pd.DataFrame


def measure_example(seed: int, time_steps: int) -> tuple[nn.Module, Tensor]:
    """Page limitations/counting: a trained spiking network and held-out digits, (360+, 8, 8)."""
    network = trained("spiking", seed, hidden=HIDDEN, time_steps=time_steps)
    return network.model(), torch.as_tensor(digits(seed).test_images)


def measure_passage(tokens: int) -> tuple[nn.Module, dict[str, Tensor]]:
    """Page limitations/counting: MiniLM and the first ``tokens`` tokens of a test document."""
    model, tokenizer = minilm(torch.float32)
    passage = text(TEST_TEXTS[0])
    batch = tokenizer(passage, return_tensors="pt", truncation=True, max_length=tokens)
    return model, dict(batch)


def measure_hardware(spiking: EnergyReport, language: EnergyReport, tokens: int) -> pd.DataFrame:
    """Page limitations/counting, figure draw_report_hardware.

    Products of real numbers in the spiking network run on ``HOST`` where a chip has no
    multiplier.

    Columns
    -------
    hardware, machine : profile, and its plain name.
    low, central, high : J per image, or per token.
    dominant, share : the constant that costs most, and its share.
    source : of the constants.
    network, per : the spiking network per image, MiniLM per token.
    host : profile that runs the multiplications, where another.
    """
    image = spiking.compare(*LOGIC, *NEUROMORPHIC, host=HOST)
    token = language.compare(*LOGIC, "hermes")
    token[ENDS] /= tokens
    table = pd.concat(
        [
            image.assign(network="spiking network", per="image"),
            token.assign(network="MiniLM", per="token"),
        ],
        ignore_index=True,
    )
    table.insert(1, "machine", table["hardware"].map(MACHINES))
    return table.assign(host=[HOST if profile(h).mac is None else "" for h in table["hardware"]])


def measure_schemes(seeds: Sequence[int], time_steps: int) -> pd.DataFrame:
    """Page limitations/counting, figure draw_report_schemes: one network, every scheme.

    Rows of ``opjoules.compare_schemes`` for each seed's spiking network against the perceptron
    of its size, both on the seed's held-out digits, with a column ``seed``.
    """
    tables = []
    for seed in seeds:
        model, images = measure_example(seed, time_steps)
        perceptron = trained("perceptron", seed, hidden=HIDDEN).model()
        spiking, dense = (energy_report(net, images, "45nm_fp32") for net in (model, perceptron))
        tables.append(spiking.schemes(dense).assign(seed=seed))
    return pd.concat(tables, ignore_index=True)


def scheme_factors(schemes: pd.DataFrame) -> pd.Series:
    """Energy by the dearest scheme over that by the cheapest, for each seed's spiking network."""
    joules = schemes[schemes["quantity"] == "J"].groupby("seed")["central"]
    return joules.max() / joules.min()


def size_ratios(schemes: pd.DataFrame) -> pd.DataFrame:
    """Energy of the spiking network over the perceptron's: a row a seed, a column a scheme."""
    joules = schemes[schemes["quantity"] == "J"]
    return joules.pivot(index="seed", columns="scheme", values="ratio")


def measure_coverage() -> pd.DataFrame:
    """Page limitations/counting: what each counter returns for cases with a closed form.

    SpikingJelly has a counter for each unit, from which it computes energies, and one of FLOPs
    that also holds element-wise arithmetic, hence exceeds the closed form.

    Columns, all per sample
    -------
    case, unit, closed form : the case.
    book, PyTorch : counted as this is called.
    NeuroBench, SpikingJelly, SpikingJelly FLOPs / 2 : from ``data/energy_tools.csv``; a test
        runs both tools again and compares. NaN: a quantity that the tool does not have.
    """
    table = facts.table("energy_tools.csv").set_index(["case", "tool"])["counted"].unstack()
    rows = [
        {
            "case": case.name,
            "unit": case.unit,
            "closed form": case.expected,
            "book": count(case),
            "PyTorch": torch_macs(case.model, case.batch) if case.unit in ("MAC", "AC") else None,
            **table.loc[case.name, list(TOOLS)],
        }
        for case in cases()
    ]
    return pd.DataFrame(rows)


def measure_overhead(
    models: Mapping[str, tuple[nn.Module, Tensor | Mapping[str, Tensor]]], rounds: int
) -> pd.DataFrame:
    """Page limitations/counting: seconds of a plain and of a counted pass, side by side.

    ``models``: name → model and batch. A row each: ``model``, and what ``overhead`` returns.
    """
    return pd.DataFrame(
        {"model": name, **overhead(model, batch, rounds)} for name, (model, batch) in models.items()
    )
