"""How each family of published rows charges its networks: one rule a family.

A rule takes a printed row and returns

recomputed_mj : after the paper's method, to the letter.
corrected_mj, per_step_mj : where it differs, see :func:`opjoules.published.spiking.recompute`.
basis : what went in.
note : what a reader should know of the method.
"""

from __future__ import annotations

import pandas as pd

from opjoules import sources
from opjoules.architectures.counts import from_rates
from opjoules.architectures.hierarchical import swin_transformer
from opjoules.architectures.text import text_transformer
from opjoules.architectures.transformers import (
    ORDERS,
    residual_network,
    spiking_transformer,
    vision_transformer,
)
from opjoules.hardware.catalogue import profile
from opjoules.pricing.estimate import estimate

GIGA, TO_MILLI = 1e9, 1e3
PICO_PER_OPERATION = 1e-12
HEADS = {384: 8, 512: 8, 768: 12}
CHARGED_WIDTH = 512
SWIN_WINDOWS = {224: 7, 384: 12}


def charge(acs_g: float, macs_g: float) -> float:
    """The papers' energy in mJ of ``acs_g`` and ``macs_g`` giga-operations at 45 nm, fp32."""
    machine = profile("45nm_fp32")
    picojoules = machine.ac.central * acs_g + machine.mac.central * macs_g
    return picojoules * GIGA * PICO_PER_OPERATION * TO_MILLI


def first_convolution(width: int, image: int = 224) -> int:
    """MACs of the spiking transformer's first convolution, for one image and one pass."""
    network = spiking_transformer(1, width, HEADS[width], image)
    return int(network.loc[network["layer"] == "stem.0", "macs"].iloc[0])


def spikingformer_layers(whole: bool = False) -> pd.DataFrame:
    """Spikingformer 8-512 layer by layer: operations from its definition and measured rates.

    Attention is charged the authors' way, ``T·H·N·d² · (f_query + min(f_key, f_value))``.
    ``published``: operations in their log, where it lists the layer. ``whole`` adds what the log
    leaves out, memory traffic and neuron updates, for other schemes to price.
    """
    log = sources.table("energy_spikingformer.csv").set_index("layer")
    rates = log["spike_rate"].to_dict()
    network = spiking_transformer(8, 512, HEADS[512])
    for block in range(8):
        name = f"block.{block}"
        query, key, value = (rates.pop(f"{name}.{p} spikes") for p in ("query", "key", "value"))
        rates[f"{name}.product 1"], rates[f"{name}.product 2"] = min(key, value), query
    table = from_rates(network, rates, timesteps=4, traffic=whole, neurons=whole)
    return table.assign(published=table["layer"].map(log["published_operations"]))


def transformer_counts(depth: int = 8, width: int = 512) -> pd.DataFrame:
    """The ANN of the Spikformer table: its MACs with no, cheap and full attention products."""
    published = sources.table("energy_published.csv").set_index("network").loc["Transformer 8-512"]
    rows = []
    for order in ORDERS:
        network = spiking_transformer(depth, width, HEADS[width], order=order)
        products = network["kind"] == "product"
        if not rows:
            rows.append(("without attention products", network.loc[~products, "macs"].sum()))
        rows.append((f"attention, {order}", network["macs"].sum()))
    table = pd.DataFrame(rows, columns=["counted", "macs"])
    table["macs_g"] = table["macs"] / GIGA
    table["energy_mj"] = [charge(0, macs) for macs in table["macs_g"]]
    table["deviation"] = table["macs_g"] / published["macs_g"] - 1
    return table


def _stem_energies(row) -> tuple[float, float]:
    """mJ with the row's own first convolution charged once, and at every step."""
    own = first_convolution(int(row.width)) / GIGA
    return charge(row.acs_g, own), charge(row.acs_g, own * row.timesteps)


def _spikformer(row) -> dict:
    once, steps = _stem_energies(row)
    fixed = first_convolution(CHARGED_WIDTH) / GIGA * row.timesteps
    return {
        "recomputed_mj": charge(row.acs_g, fixed),
        "corrected_mj": once,
        "per_step_mj": steps,
        "basis": "published operations; first convolution from the definition",
        "note": "the paper charges the first convolution of width 512 to every width, and at "
        "every time step, while its SEW-ResNet rows are charged once",
    }


def _spikingformer(row) -> dict:
    head = row.width * 1e3 / GIGA
    own = first_convolution(int(row.width)) / GIGA
    return {
        "recomputed_mj": charge(row.acs_g, own * row.timesteps + head),
        "corrected_mj": charge(row.acs_g, own + head),
        "per_step_mj": charge(row.acs_g, own * row.timesteps + head),
        "basis": "published operations; first convolution and head from the definition",
        "note": "own width, charged at every time step",
    }


def _spikingformer_log(row) -> dict:
    layers = spikingformer_layers()
    energy = estimate(layers, "45nm_fp32", memory=False).joules.central * TO_MILLI
    first = first_convolution(int(row.width)) / GIGA
    return {
        "recomputed_mj": energy,
        "corrected_mj": energy - charge(0, first * (row.timesteps - 1)),
        "per_step_mj": energy,
        "basis": "definition and published spike rates of every layer",
        "note": "neuron updates, pooling and normalisation are in the log but not in its energy",
    }


def _sew_resnet(row) -> dict:
    network = residual_network(int(row.depth))
    stem = network["macs"].iloc[0] / GIGA
    return {
        "recomputed_mj": charge(row.acs_g, stem),
        "per_step_mj": charge(row.acs_g, stem * row.timesteps),
        "basis": "published operations; first convolution from the definition",
        "note": "first convolution charged once; sums of spikes charged as spikes",
    }


def _transformer(row) -> dict:
    counts = transformer_counts(int(row.depth), int(row.width)).set_index("counted")
    cheap, full = (counts.loc[f"attention, {order}", "energy_mj"] for order in ORDERS)
    return {
        "recomputed_mj": cheap,
        "corrected_mj": full,
        "per_step_mj": full,
        "basis": "definition",
        "note": "the published count is close to attention taken keys and values first, which "
        "softmax does not allow; corrected is queries and keys first",
    }


def _dense(network: pd.DataFrame, note: str) -> dict:
    """A dense network, every MAC of its definition charged."""
    energy = charge(0, network["macs"].sum() / GIGA)
    return {"recomputed_mj": energy, "basis": "definition", "note": note}


def _vit(row) -> dict:
    network = vision_transformer(int(row.depth), int(row.width), int(row.input_size))
    return _dense(network, "attention products included; print has three digits of operations")


def _swin(row) -> dict:
    size = int(row.input_size)
    network = swin_transformer(size, SWIN_WINDOWS[size], width=int(row.width))
    return _dense(network, "attention products included; print has three digits of operations")


def _vit_slip(row) -> dict:
    base = vision_transformer(12, 768, int(row.input_size))["macs"].sum() / GIGA
    own = vision_transformer(int(row.depth), int(row.width), int(row.input_size))
    energy = charge(0, own["macs"].sum() / GIGA)
    return {
        "recomputed_mj": charge(0, base),
        "corrected_mj": energy,
        "per_step_mj": energy,
        "basis": "definition",
        "note": "the printed energy is that of ViT-B/16; corrected is the network named in the row",
    }


def _bert(row) -> dict:
    depth, width, tokens = int(row.depth), int(row.width), int(row.input_size)
    network = text_transformer(depth, width, width // 64, tokens)
    return _dense(network, "the table does not say how long the text is; a common length fits")


def _resnet(row) -> dict:
    network = residual_network(int(row.depth))
    return _dense(network, "the tool also counts normalisation, activation and pooling as MACs")


def _counted(row) -> dict:
    return {
        "recomputed_mj": charge(row.acs_g, row.macs_g),
        "basis": "published operations",
        "note": "the arithmetic of the row; sums of spikes are MACs here, unlike in the "
        "Spikformer table",
    }


RULES = {
    "Spikformer": _spikformer,
    "Spikingformer": _spikingformer,
    "Spikingformer log": _spikingformer_log,
    "SEW-ResNet": _sew_resnet,
    "Transformer": _transformer,
    "ViT": _vit,
    "Swin": _swin,
    "ViT slip": _vit_slip,
    "BERT": _bert,
    "ResNet": _resnet,
    "tool": _counted,
}
