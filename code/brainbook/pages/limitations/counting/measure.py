"""Page limitations/counting: the energy library at work, and how far its counts can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from brainbook.evidence import style
from brainbook.evidence.claims import Claim
from brainbook.evidence.datasets import TEST_TEXTS, digits, text
from brainbook.evidence.pretrained import minilm
from brainbook.models.digits.classifiers import trained
from opjoules import EnergyReport, count_operations, energy_report, profile
from opjoules.counting.coverage import coverage
from opjoules.counting.overhead import overhead
from opjoules.pricing.schemes import EFFECTIVE
from opjoules.units import convert

HOST = "45nm_int8"
HIDDEN = (128, 128)
CHIPS = ("45nm_fp32", "45nm_fp16", "45nm_int8", "7nm_fp32", "7nm_int8", "loihi", "truenorth",
         "spinnaker2", "tianjic", "neuromorphic_survey")  # fmt: skip
LOGIC = ("45nm_fp32", "45nm_fp16", "45nm_int8", "7nm_fp32", "7nm_int8", "hermes")


def measure_example(seed: int, time_steps: int) -> tuple[nn.Module, Tensor]:
    """Page limitations/counting: a trained spiking network and held-out digits, (360+, 8, 8)."""
    network = trained("spiking", seed, hidden=HIDDEN, time_steps=time_steps)
    return network.model(), torch.as_tensor(digits(seed).test_images)


def measure_dense(seed: int, hardware: str) -> EnergyReport:
    """Page limitations/counting: the perceptron of the same size on the same images."""
    network = trained("perceptron", seed, hidden=HIDDEN)
    return energy_report(network.model(), torch.as_tensor(digits(seed).test_images), hardware)


def measure_passage(tokens: int) -> tuple[nn.Module, dict[str, Tensor]]:
    """Page limitations/counting: MiniLM and the first ``tokens`` tokens of a test document."""
    model, tokenizer = minilm(torch.float32)
    found = tokenizer(
        text(TEST_TEXTS[0]), return_tensors="pt", truncation=True, max_length=tokens
    )  # fmt: skip
    return model, dict(found)


def measure_hardware(spiking: EnergyReport, language: EnergyReport, tokens: int) -> pd.DataFrame:
    """Page limitations/counting, figure draw_report_hardware.

    Rows: network and profile; ``low``, ``central``, ``high`` in J per image or per token,
    ``dominant`` constant with its ``share``, ``source``. Products of real numbers in the spiking
    network run on ``HOST`` where a chip has no multiplier.
    """
    first = spiking.compare(*CHIPS, host=HOST).assign(network="spiking network", per="image")
    second = language.compare(*LOGIC).assign(network="MiniLM", per="token")
    second[["low", "central", "high"]] /= tokens
    table = pd.concat([first, second], ignore_index=True)
    return table.assign(host=[HOST if profile(h).mac is None else "" for h in table["hardware"]])


def measure_schemes(seeds: Sequence[int], time_steps: int) -> pd.DataFrame:
    """Page limitations/counting, figure draw_report_schemes: one network, every scheme.

    Rows of ``schemes.compare_schemes`` for each seed's spiking network against the perceptron
    of its size, with ``seed``.
    """
    tables = []
    for seed in seeds:
        spiking = energy_report(*measure_example(seed, time_steps), "45nm_fp32")
        dense = measure_dense(seed, "45nm_fp32")
        tables.append(spiking.schemes(dense).assign(seed=seed))
    return pd.concat(tables, ignore_index=True)


def _formula(depth: int, width: int, tokens: int) -> int:
    """MACs of BERT's encoder and pooler: 12·n·d² + 2·n²·d a layer, d² for the pooler."""
    return depth * (12 * tokens * width**2 + 2 * tokens**2 * width) + width**2


def _eager_and_fused(tokens: int) -> tuple[float, float]:
    """MACs of MiniLM with attention written in steps, and as one fused call."""
    model, batch = measure_passage(tokens)
    found, before = [], model.config._attn_implementation
    try:
        for way in ("eager", "sdpa"):
            model.set_attn_implementation(way)
            found.append(float(count_operations(model, batch)["macs"].sum()))
    finally:
        model.set_attn_implementation(before)
    return found[0], found[1]


def _spikes_times_fan_out(model: nn.Module, images: Tensor) -> float:
    """Accumulates per image from the spikes that hooks see enter each fully connected layer."""
    sums = []

    def note(module, inputs):
        if bool(((inputs[0] == 0) | (inputs[0] == 1)).all()):
            sums.append(float(inputs[0].sum()) * module.out_features)

    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()
    return sum(sums) / len(images)


def measure_identities(model: nn.Module, images: Tensor, tokens: int) -> pd.DataFrame:
    """Page limitations/counting: the count against closed forms and other ways to count.

    Columns ``identity``, ``counted``, ``expected``, ``unit``; all per inference.
    """
    language, batch = measure_passage(tokens)
    shape = language.config
    length = batch["input_ids"].shape[1]
    eager, fused = _eager_and_fused(tokens)
    seed = torch.Generator().manual_seed(0)
    plain = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)
    )  # fmt: skip
    colours = torch.rand(6, 3, 8, 8, generator=seed)
    with FlopCounterMode(display=False) as peer, torch.no_grad():
        plain(colours)
    counts = count_operations(model.eval(), images)
    rows = [
        ("language model, closed form", eager,
         _formula(shape.num_hidden_layers, shape.hidden_size, length)),
        ("attention fused, against steps", fused, eager),
        ("accumulates, against spikes times fan-out", counts["acs"].sum(),
         _spikes_times_fan_out(model, images)),
        ("half of PyTorch's FLOP count, without attention",
         count_operations(plain, colours)["macs"].sum(), peer.get_total_flops() / 2 / len(colours)),
        ("one image, against the mean of all: dense products",
         count_operations(model, images[:1])["dense"].sum(), counts["dense"].sum()),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["identity", "counted", "expected"])


def measure_coverage() -> pd.DataFrame:
    """Page limitations/counting: small cases with a closed form, and what each counter sees."""
    return coverage()


def measure_overhead(model: nn.Module, images: Tensor, tokens: int, rounds: int) -> pd.DataFrame:
    """Page limitations/counting: seconds of a plain and of a counted pass, side by side."""
    language, batch = measure_passage(tokens)
    runs = {"MiniLM": (language, batch), "spiking network": (model, images)}
    rows = [{"model": name, **overhead(*given, rounds)} for name, given in runs.items()]
    return pd.DataFrame(rows)


def draw_report_layers(report: EnergyReport) -> Figure:
    """Page limitations/counting, figure draw_report_layers: joules by layer."""
    return report.draw()


def draw_report_hardware(hardware: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_hardware."""
    fig, axes = style.figure(1, 2, 3.6)
    roles = {"spiking network": "spiking", "MiniLM": "transformer"}
    for ax, (name, role) in zip(axes, roles.items(), strict=True):
        rows = hardware[hardware["network"] == name].sort_values("central", ascending=False)
        places, shade = np.arange(len(rows)), style.colour(role)
        ends = [rows["central"] - rows["low"], rows["high"] - rows["central"]]
        ax.errorbar(rows["central"], places, xerr=ends, fmt="none", ecolor=shade, lw=2)
        hosted = (rows["host"] != "").to_numpy()
        for mask, face in ((~hosted, shade), (hosted, "none")):
            ax.plot(rows["central"][mask], places[mask], "o", color=shade, mfc=face)
        ax.set_yticks(places, rows["hardware"])
        ax.set(xscale="log", title=name, xlabel=f"joules per {rows['per'].iloc[0]}")
    return fig


def draw_report_schemes(schemes: pd.DataFrame) -> Figure:
    """Page limitations/counting, figure draw_report_schemes."""
    joules = schemes[schemes["quantity"] == "J"]
    names = list(joules["scheme"].unique())
    fig, ax = style.figure(1, 1, 2.8)
    pairs = (("", "spiking", 0.14, "spiking"), ("dense_", "reference", -0.14, "perceptron"))
    for prefix, role, shift, label in pairs:
        ends = [f"{prefix}{end}" for end in ("low", "central", "high")]
        low, centre, high = joules.groupby("scheme")[ends].mean().loc[names].to_numpy().T
        places, shade = np.arange(len(names)) + shift, style.colour(role)
        bars = [centre - low, high - centre]
        ax.errorbar(centre, places, xerr=bars, fmt="o", color=shade, label=label)
        each = joules["scheme"].map(names.index) + shift
        ax.plot(joules[ends[1]], each - 0.1, "|", color=shade, ms=5)
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlabel="joules per image")
    ax.legend(loc="best", fontsize=8)
    return fig


def claims(
    identities: pd.DataFrame, schemes: pd.DataFrame, seen: pd.DataFrame, spiking: EnergyReport
) -> list[Claim]:
    """Page limitations/counting: counts against closed forms, and what a scheme decides."""
    slugs = ("minilm", "fused", "spikes", "flops", "batch")
    wording = (
        "The count of MiniLM's multiply-accumulates is the closed form for its shape, attention "
        "products included.",
        "Attention written as one fused call counts as many multiply-accumulates as attention "
        "written step by step.",
        "Accumulates of the trained spiking network are its spikes times their fan-out.",
        "Where no attention is involved, PyTorch's own counter reports two operations for each "
        "multiply-accumulate counted here.",
        "Dense products per image do not depend on the number of images in the batch.",
    )
    sources = (
        "closed form: layers · (12·n·d² + 2·n²·d) + d²", "the same model counted the other way",
        "independent count with forward hooks", "PyTorch's FlopCounterMode, halved",
        "the same model on another batch",
    )  # fmt: skip
    found = [
        Claim(f"counting-{slug}", words, "exact", row.counted, row.expected, 1e-10, "operations",
              source)
        for slug, words, source, row in zip(
            slugs, wording, sources, identities.itertuples(), strict=True
        )
    ]  # fmt: skip
    means = schemes.groupby("scheme")["central"].mean()
    means = means[schemes.loc[schemes["quantity"] == "J", "scheme"].unique()]
    effective = schemes.loc[schemes["scheme"] == EFFECTIVE.name, "ratio"]
    joules = schemes.loc[schemes["quantity"] == "J", "ratio"]
    table = spiking.as_dataframe()
    words = int(profile(spiking.estimate.profile).weight_bits)
    fetch = table[table["term"] == "weights"]
    return [
        *found,
        Claim(
            "counting-cases",
            "The count equals the closed form in every case of the table of counters.",
            "exact", float((seen["book"] == seen["closed form"]).sum()), float(len(seen)), 1e-10,
            "cases", "closed form of each case",
        ),
        Claim(
            "counting-scheme-decides",
            "For one and the same trained network, the dearest accounting scheme gives more than "
            "ten times the energy of the cheapest.",
            "ordering", means.max() / means.min(), 10.0, 0.0, "ratio",
            "lemaire2023analytical zhou2023spikformer",
        ),
        Claim(
            "counting-joules-agree",
            "Under every scheme that counts joules, and for every seed, the perceptron needs more "
            "than the spiking network of its size; the least ratio.",
            "ordering", 1 / joules.max(), 1.0, 0.0, "ratio",
            "lemaire2023analytical zhou2023spikformer",
        ),
        Claim(
            "counting-effective-reverses",
            "Counted in effective operations, where a multiplication weighs as much as an "
            "addition, it needs more; the margin is a standard deviation over seeds.",
            "ordering", effective.mean(), 1.0, effective.std(), "ratio", "yik2025neurobench",
        ),
        Claim(
            "counting-word-share",
            "A weight pays its share of a 64-bit access, not the whole of it.",
            "exact", float(fetch["central"].sum() / fetch["count"].sum()) * 1e12,
            profile(spiking.estimate.profile).memory[fetch["level"].iloc[0]][1].central
            * convert(words, "bit", "byte") / convert(64, "bit", "byte"),
            1e-10, "pJ", "horowitz2014computing",
        ),
    ]  # fmt: skip
