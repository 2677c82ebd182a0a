"""A block of MiniLM as a chip sees it: its operations, its weights, and the cores they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from brainbook.models.attention.minilm_heads import WIDTH
from opjoules.cores import mapping as cores
from opjoules.cores.mapping import Matrix
from opjoules.counting.operations import count_operations

FOLD = 4  # times the width: MiniLM's feed-forward layer
WEIGHTS = (4 + 2 * FOLD) * WIDTH**2  # of a block
SENT = (8 + FOLD) * WIDTH  # numbers that leave a part of the block for another, per token
# Spikes have no sign, so chips of spikes need a line for each; a crossbar and a multiplier do not.
LINES = {"HERMES PCM": 1, "SpiNNaker2": 1, "Loihi": 2, "TrueNorth": 2}
LAYERS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
UNWEIGHTED = {"softmax": "softmax", "GELU": "gelu", "normalised": "layer_norm"}


class Block(nn.Module):
    """One block of MiniLM as a module of its own: hidden states in, hidden states out."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor) -> Tensor:
        """``hidden`` (batch, n, d)."""
        output = self.layer(hidden)
        return output[0] if isinstance(output, tuple) else output


def linears(block: nn.Module) -> dict[str, nn.Linear]:
    """The six weight layers of one MiniLM block, named as in ``opjoules.cores.traffic``."""
    return {name: block.get_submodule(path) for name, path in LAYERS.items()}


def matrices(block: nn.Module) -> tuple[Matrix, ...]:
    """The weight matrices of one MiniLM block."""
    layers = linears(block).items()
    return tuple(Matrix(name, layer.in_features, layer.out_features) for name, layer in layers)


@torch.no_grad()
def operations(block: nn.Module, hidden: Tensor, tokens: int) -> pd.DataFrame:
    """``count_operations`` of a block that reads the first ``tokens`` of ``hidden`` (1, n, d).

    Raises
    ------
    ValueError : more tokens than there are, or fewer than one.
    """
    if not 1 <= tokens <= hidden.shape[1]:
        raise ValueError(f"tokens: got {tokens}; allowed are 1 to {hidden.shape[1]}")
    return count_operations(Block(block), hidden[:, :tokens].contiguous())


def on_lines(weights: Sequence[Matrix], chip: str) -> tuple[Matrix, ...]:
    """Matrices as ``chip`` sees them: twice the inputs where spikes need a line for each sign."""
    return cores.two_lines(weights) if LINES[chip] == 2 else tuple(weights)


def mapping(weights: Sequence[Matrix]) -> pd.DataFrame:
    """Cores for one block by chip.

    Columns
    -------
    chip, weight_bits, lines : the chip, bits of a weight on it, lines for each number.
    method : bound (all weights over those of a core), packed, apart (a core for each piece).
    cores, utilisation : in use, and the share of their capacity that holds weights.
    chip_cores : cores on one chip.
    """
    rows = []
    for chip, lines in LINES.items():
        core, lined = cores.core(chip), on_lines(weights, chip)
        needed = {
            "bound": cores.lower_bound(lined, core),
            "packed": cores.count(cores.pack(lined, core)),
            "apart": cores.count(cores.spread(lined, core)),
        }
        stored = sum(matrix.weights for matrix in lined)
        for method, number in needed.items():
            utilisation = stored / (number * core.capacity)
            rows.append((chip, core.weight_bits, lines, method, number, utilisation, core.cores))
    names = ["chip", "weight_bits", "lines", "method", "cores", "utilisation", "chip_cores"]
    return pd.DataFrame(rows, columns=names)


def unmapped(counts: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """What a block computes without stored weights, from its operations by number of tokens.

    Columns
    -------
    tokens : in the passage; all else is per token.
    with weights, between activations : multiply-accumulates.
    share : of the latter, 0 to 1.
    softmax, GELU, normalised : numbers that go through each.
    """
    rows = []
    for tokens, table in counts.items():
        macs, others = table.groupby("kind")["macs"].sum(), table.attrs["uncounted"]
        through = {
            name: sum(number for operation, number in others.items() if part in operation) / tokens
            for name, part in UNWEIGHTED.items()
        }
        row = {
            "tokens": tokens,
            "with weights": macs["linear"] / tokens,
            "between activations": macs["product"] / tokens,
            "share": macs["product"] / macs.sum(),
        }
        rows.append(row | through)
    return pd.DataFrame(rows)
