"""What the page limitations/counting measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from brainbook.evidence.datasets import TEST_TEXTS, digits, text
from brainbook.evidence.pretrained import minilm
from brainbook.models.digits.classifiers import trained
from opjoules import EnergyReport, count_operations, energy_report, profile
from opjoules.counting.coverage import coverage
from opjoules.counting.overhead import overhead

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
