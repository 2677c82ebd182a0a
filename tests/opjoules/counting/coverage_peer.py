"""NeuroBench's and SpikingJelly's counts of small cases, printed as JSON.

Run by the interpreter that has both, with the book's package on the path for the cases only.
"""

from __future__ import annotations

import json

import torch
from neurobench.metrics.workload import MembraneUpdates, SynapticOperations
from neurobench.models import TorchModel
from spikingjelly.activation_based import op_counter

from opjoules.counting.coverage import Case, cases


def neurobench_count(case: Case) -> float | None:
    """Effective operations or membrane updates per sample; None: no such metric."""
    if case.unit == "word":
        return None
    model = TorchModel(case.model.eval())
    if case.unit == "update":
        model.add_activation_module(type(case.model.neurons))
    model.register_hooks()
    metric = MembraneUpdates() if case.unit == "update" else SynapticOperations()
    with torch.no_grad():
        predictions = model(case.batch)
        found = metric(model, predictions, (case.batch, None))
    if case.unit == "update":
        return found
    return found[{"MAC": "Effective_MACs", "AC": "Effective_ACs"}[case.unit]]


def spikingjelly_count(case: Case) -> float | None:
    """Operations or words per sample by the counter that names them; None: no such counter."""
    counters = {
        "MAC": op_counter.MACCounter,
        "AC": op_counter.SynOpCounter,
        "word": op_counter.MemoryAccessCounter,
    }
    if case.unit not in counters:
        return None
    counter = counters[case.unit]()
    with torch.no_grad(), op_counter.DispatchCounterMode([counter], strict=False):
        case.model.eval()(case.batch)
    return counter.get_total() / len(case.batch) / (4 if case.unit == "word" else 1)


def spikingjelly_flops(case: Case) -> float | None:
    """Half the FLOPs per sample that SpikingJelly's other counter sees; element-wise ones too."""
    if case.unit != "MAC":
        return None
    counter = op_counter.FlopCounter()
    with torch.no_grad(), op_counter.DispatchCounterMode([counter], strict=False):
        case.model.eval()(case.batch)
    return counter.get_total() / 2 / len(case.batch)


def measured(count, case: Case) -> float | str | None:
    """The count, or the error that the tool ends with."""
    try:
        return count(case)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    found = {
        case.name: {
            "NeuroBench": measured(neurobench_count, case),
            "SpikingJelly": measured(spikingjelly_count, case),
            "SpikingJelly FLOPs / 2": measured(spikingjelly_flops, case),
        }
        for case in cases(0)
    }
    print(json.dumps(found))
