"""What each learning rule needs, measured on its own implementation.

The objections to backpropagation in the brain become experiments. The way down is replaced and
the change of a synapse watched. One synapse is picked, and derivatives tell which other neurons
its change depends on. The rest is counted while the rule runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from brainbook.models.learning.eligibility import ROWS, BackpropagationThroughTime
from brainbook.models.learning.rules import Net, Rule, draw_net, relative_change
from brainbook.models.learning.training import Setting

ELSE = 10_000  # added to a seed: another network of the same sizes


def transport(rule: Rule, net: Net, other: Net, inputs: Tensor, targets: Tensor) -> Tensor:
    """Relative change of the first layer's update when the way down is another network's.

    The weights upwards stay. Wires that do not depend on the weights stay as well: only what
    the rule copies from the weights is replaced.

    Parameters
    ----------
    rule, net : the rule, and the network in which it is active.
    other : the network from which the way down is taken.
    inputs, targets : (replicas, batch, units).

    Returns one value a replica.
    """
    swapped = Net(other.weights, net.feedback, net.direct)
    first = []
    for wires in (rule.wires(net), rule.wires(swapped)):
        activity = rule.run(net, wires, inputs, targets).activity
        first.append(rule.gradients(activity, net, wires)[0])
    return relative_change(*first)


def elsewhere(
    rule: Rule, net: Net, inputs: Tensor, targets: Tensor, post: int, pre: int
) -> tuple[int, float]:
    """Neurons beyond the two at a synapse on whose activity its change depends.

    What a neuron sends, in every phase and at every time, is its activity; targets count as the
    activity of neurons that show them.

    Parameters
    ----------
    rule, net : the rule, and the network; its first replica is looked at.
    inputs, targets : (replicas, batch, units).
    post, pre : the synapse leads from unit ``pre`` below to unit ``post`` of layer 1.

    Returns their number, and the largest derivative found.

    Raises
    ------
    ValueError : the synapse's change depends on nothing, so that the test could not see anything.
    """
    wires = rule.wires(net)
    recorded = rule.run(net, wires, inputs, targets).activity
    leaves = {name: value.detach().clone().requires_grad_() for name, value in recorded.items()}
    change = rule.gradients(leaves, net, wires)[0][0, post, pre]
    if not change.requires_grad:
        raise ValueError(f"post, pre: got {post}, {pre}; the change depends on nothing there")
    slopes = torch.autograd.grad(
        change, list(leaves.values()), allow_unused=True, materialize_grads=True
    )
    by_neuron: dict[str, Tensor] = {}
    for name, slope in zip(leaves, slopes, strict=True):
        strongest = slope[0].flatten(0, -2).abs().amax(dim=0)  # (units,)
        group = rule.neurons(name)
        by_neuron[group] = torch.maximum(by_neuron.get(group, strongest), strongest)
    for group, own in (("below", pre), ("layer 1", post)):
        by_neuron[group][own] = 0.0
    outside = torch.cat(list(by_neuron.values()))
    return int((outside > 0).sum()), float(outside.max())


def negative_share(rule: Rule, net: Net, inputs: Tensor, targets: Tensor) -> float:
    """Share of negative values in the error signal at layer 1; NaN where there is none."""
    wires = rule.wires(net)
    activity = rule.run(net, wires, inputs, targets).activity
    signal = rule.error_signal(activity, net, wires)
    if signal is None:
        return float("nan")
    return float((signal < 0).double().mean())


def hindsight(rule: BackpropagationThroughTime, net: Net, inputs: Tensor, targets: Tensor) -> float:
    """Relative change of what the first half of a sequence teaches, when the second half changes.

    The lower half of each image is replaced by that of the next one in the batch. Zero means
    that a synapse need not wait for the end; the mean over the replicas.
    """
    half = inputs.shape[-1] // 2
    changed = torch.cat([inputs[..., :half], inputs.roll(1, dims=1)[..., half:]], dim=-1)
    wires, early = rule.wires(net), []
    for shown in (inputs, changed):
        activity = rule.run(net, wires, shown, targets).activity
        parts = rule.contributions(activity, net, wires)  # (time, replicas, units, inputs)
        early.append(parts[: ROWS * rule.hold // 2].sum(dim=0))
    return float(relative_change(*early).mean())


def reset_like(net: Net, seeds: Sequence[int]) -> Net:
    """A network of the same sizes and precision with other random weights, one per seed."""
    widths = [net.weights[0].shape[-1] - 1, *(matrix.shape[-2] for matrix in net.weights)]
    return draw_net(seeds, widths, dtype=net.weights[0].dtype)


def objections(
    setting: Setting, seeds: Sequence[int], inputs: Tensor, targets: Tensor
) -> dict[str, float]:
    """One row of the table of rules: its cells, measured on freshly drawn networks in float64.

    NaN, or no key, where a question does not apply: a rule that leaves layer 1 as it is, or one
    without a sequence.

    Parameters
    ----------
    setting : the rule, and how its networks are drawn.
    seeds : of the networks.
    inputs, targets : (seeds, batch, units).

    Returns
    -------
    phases, steps : of :class:`brainbook.models.learning.rules.Record`.
    negative, hindsight : of the functions of these names.
    transport, transport_error : mean over the seeds, and its standard error.
    elsewhere, largest_elsewhere : number of neurons, and the largest derivative.
    """
    rule, net = setting.rule, setting.draw(seeds, dtype=torch.float64)
    wires = rule.wires(net)
    record = rule.run(net, wires, inputs, targets)
    first = rule.gradients(record.activity, net, wires)[0]  # (seeds, units, inputs + 1)
    row = {"phases": len(record.phases), "steps": record.steps}
    row["negative"] = negative_share(rule, net, inputs, targets)
    if bool(first.any()):
        other = reset_like(net, [seed + ELSE for seed in seeds])
        post, pre = divmod(int(first[0, :, :-1].abs().argmax()), first.shape[-1] - 1)
        swapped = transport(rule, net, other, inputs, targets)  # (seeds,)
        row["transport"] = float(swapped.mean())
        row["transport_error"] = float(swapped.std() / len(swapped) ** 0.5)
        found = elsewhere(rule, net, inputs, targets, post, pre)
        row["elsewhere"], row["largest_elsewhere"] = found
    if isinstance(rule, BackpropagationThroughTime):
        row["hindsight"] = hindsight(rule, net, inputs, targets)
    return row
