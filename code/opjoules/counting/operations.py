"""Counting: what a PyTorch model does in one inference, layer by layer, on real inputs.

``count_operations`` runs the model once and watches every tensor operation below autograd, so
it sees attention products however they are written: ``@``, ``torch.bmm``, ``einsum``,
``scaled_dot_product_attention``, ``nn.MultiheadAttention``.

Conventions
-----------
- *Per inference*: counts are divided by the batch size. Time steps are summed.
- A layer whose input holds only zeros and ones is driven by spikes: it makes ACs, one for each
  spike and each sum that the spike reaches, and no MACs. Any other input makes MACs. Zeros
  only (a hidden state at the start) count as whatever the layer's other calls are.
- A spiking neuron (snnTorch) makes one update and one comparison per neuron and call; the
  element-wise arithmetic inside it belongs to the update.
- Reads and writes assume the same perfect reuse for dense and spiking layers: within one call,
  each weight, input and output moves once. Spike-driven layers read one word a spike, and at
  most one weight per AC. Element-wise operations are taken to be fused with their producer.
- What has no closed form here is not dropped: ``frame.attrs["uncounted"]`` maps its name to the
  number of elements it produced per inference.

Columns
-------
layer : name of the module, of the shared parameter, or ``module:product i``.
kind : linear, convolution, product, neuron, embedding, comparison.
macs, acs, neuron_updates, comparisons : operations.
weight_reads, activation_reads, activation_writes, state_reads, state_writes : words moved.
effective_macs : MACs whose input is not zero.
dense : products if nothing were skipped.
spikes, sites : their quotient is the spike rate.
calls : time steps.
weight_size, activation_size, state_size : elements of the tensors held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
import snntorch
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from .arithmetic import Work
from .watcher import watching

COUNTS = (
    "macs",
    "acs",
    "neuron_updates",
    "comparisons",
    "weight_reads",
    "activation_reads",
    "activation_writes",
    "state_reads",
    "state_writes",
)
EXTRA = ("effective_macs", "dense", "spikes", "sites")
SIZES = ("weight_size", "activation_size", "state_size")
COLUMNS = ("layer", "kind", *COUNTS, *EXTRA, "calls", *SIZES)


@dataclass
class Ledger:
    """Rows of the table while the model runs; counts are sums over the batch."""

    batch_size: int
    rows: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    uncounted: dict[str, float] = field(default_factory=dict)
    silent: list[tuple[str, str, Work, int, int, int]] = field(default_factory=list)

    @staticmethod
    def empty() -> dict[str, float]:
        """A row of zeros."""
        return dict.fromkeys((*COUNTS, *EXTRA, "calls", *SIZES), 0)

    def add(self, layer: str, kind: str, sizes: Mapping[str, int], **counts: float) -> None:
        """Add one call of ``layer``; ``sizes`` are elements of the tensors it holds."""
        row = self.rows.setdefault((layer, kind), self.empty())
        row["calls"] += 1
        for name, count in counts.items():
            row[name] += count
        for name, size in sizes.items():
            row[name] = max(row[name], size)

    def add_work(
        self,
        layer: str,
        kind: str,
        work: Work,
        inputs: int,
        outputs: int,
        weights: int,
        settling: bool = False,
    ) -> None:
        """Add one call of a linear map.

        An input of zeros only fits spikes and real numbers. Such a call waits for the others.

        Parameters
        ----------
        layer, kind : the row.
        work : what the call did.
        inputs, outputs : elements in the batch.
        weights : elements of the parameter; 0 for a product of activations.
        settling : the others are in, so nothing waits any more.
        """
        if work.sites and not work.spikes and not settling:
            self.silent.append((layer, kind, work, inputs, outputs, weights))
            self.rows.setdefault((layer, kind), self.empty())
            return
        batch = self.batch_size
        driven = work.sites > 0
        read = min(work.acs / batch, weights) * batch if driven else weights * batch
        sizes = {"weight_size": weights, "activation_size": max(inputs, outputs) // batch}
        self.add(
            layer,
            kind,
            sizes,
            **vars(work),
            weight_reads=read,
            activation_reads=work.spikes if driven else inputs,
            activation_writes=outputs,
        )

    def skip(self, name: str, elements: int) -> None:
        """Name an operation that is not counted."""
        self.uncounted[name] = self.uncounted.get(name, 0) + elements

    def settle(self) -> None:
        """Calls with an input of zeros only take the nature of the layer's other calls."""
        for layer, kind, work, inputs, outputs, size in self.silent:
            row = self.rows[layer, kind]
            real = row["macs"] > 0 and not row["acs"]
            work = Work(macs=work.dense, dense=work.dense) if real else work
            self.add_work(layer, kind, work, inputs, outputs, size, settling=True)
        self.silent.clear()

    def frame(self) -> pd.DataFrame:
        """The table per inference."""
        self.settle()
        rows = [
            {"layer": layer, "kind": kind, **counts} for (layer, kind), counts in self.rows.items()
        ]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        totals = [*COUNTS, *EXTRA]
        table[totals] = table[totals].astype(float) / self.batch_size
        table.attrs["batch_size"] = self.batch_size
        table.attrs["uncounted"] = {
            name: elements / self.batch_size for name, elements in sorted(self.uncounted.items())
        }
        return table


def count_operations(
    model: nn.Module,
    batch: Tensor | tuple | list | Mapping,
    batch_dim: int = 0,
    neurons: tuple[type[nn.Module], ...] = (),
) -> pd.DataFrame:
    """Run ``model`` once on ``batch`` and count its operations.

    Parameters
    ----------
    model : any module; snnTorch neurons and Hugging Face models included. It runs in
        evaluation mode without gradients, is left in the mode it had, and its spiking
        neurons start from rest.
    batch : the input: a tensor, a tuple or list of positional inputs, or a mapping of named ones.
    batch_dim : axis of the first input tensor that counts the samples; 1 for time-first spikes.
    neurons : further module classes to be taken as spiking neurons, besides snnTorch's.

    Returns
    -------
    A row per layer and per attention product, per inference (divided by the batch size), with the
    columns at the top of this module. ``attrs["uncounted"]`` names the rest; ``attrs["unread"]``
    names weights of two or more dimensions that no counted operation read, because their layer
    did not run or hides its arithmetic.

    Raises
    ------
    ValueError : an empty batch, no tensor in it, a wrong axis, or a compiled model.
    """
    arguments, keywords = _arguments(batch)
    ledger = Ledger(_batch_size(batch, batch_dim))
    _refuse_compiled(model)
    with _at_rest(model), watching(model, ledger, (snntorch.SpikingNeuron, *neurons)) as watcher:
        model(*arguments, **keywords)
    table = ledger.frame()
    table.attrs["unread"] = watcher.unread
    return table


def _refuse_compiled(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule) or hasattr(module, "_orig_mod"):
            raise ValueError(
                f"model: {name or 'the model'} is compiled, which hides its operations; "
                "pass the plain module"
            )


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """Evaluation without gradients, membranes at rest; modules get back the mode they had."""
    training = {module: module.training for module in model.modules()}
    try:
        model.eval()
        for module in model.modules():
            if isinstance(module, snntorch.SpikingNeuron) and hasattr(module, "reset_mem"):
                module.reset_mem()
        with torch.no_grad():
            yield
    finally:
        for module, mode in training.items():
            module.training = mode


def _arguments(batch) -> tuple[tuple, dict]:
    """Positional and named inputs of the model."""
    if isinstance(batch, Mapping):
        return (), dict(batch)
    return (tuple(batch), {}) if isinstance(batch, (tuple, list)) else ((batch,), {})


def _batch_size(batch, batch_dim: int) -> int:
    """Samples in the first tensor of ``batch``."""
    values = list(batch.values()) if isinstance(batch, Mapping) else batch
    tensors = [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
    if not tensors:
        raise ValueError(f"batch: got {type(batch).__name__} without a tensor; one is needed")
    shape = tuple(tensors[0].shape)
    if not -len(shape) <= batch_dim < len(shape):
        raise ValueError(f"batch_dim: got {batch_dim}; the first input has shape {shape}")
    if 0 in shape:
        raise ValueError(f"batch: got an empty tensor of shape {shape}; needed is one sample")
    return shape[batch_dim]
