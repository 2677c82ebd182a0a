"""Closed forms that the counts and the break-even of the page must meet."""

from __future__ import annotations

from brainbook.models.digits.perceptron import PerceptronShape
from brainbook.models.digits.vision_transformer import VitShape
from opjoules.hardware.catalogue import profile
from opjoules.pricing.break_even import break_even_rate
from opjoules.pricing.schedules import IN_ACCUMULATORS

from .rivals import LARGEST

HARDWARE = "45nm_fp32"
WIDE = 4096


def measure_identities(timesteps: int = 16, neurons: int = 128) -> dict[str, float]:
    """Page limitations/spiking: break-evens of a layer, products of two networks, closed forms.

    Arithmetic alone, n inputs and T steps, per output neuron: the dense layer pays
    ``n·E_MAC + E_cmp``, the spiking one ``r·T·n·E_AC + T·(E_update + E_cmp)``.

    ``arithmetic`` and ``arithmetic_closed``: spikes per neuron and image of a layer of
    ``neurons`` at break-even. ``memory`` and ``memory_closed``: the same of a layer of ``WIDE``
    that pays for memory; the closed form is its limit for many neurons. ``perceptron`` and
    ``transformer``: products of the largest perceptron and of the small transformer.
    """
    machine = profile(HARDWARE)
    mac, ac = machine.mac.central, machine.ac.central
    compare, update = machine.comparison.central, machine.neuron_update.central
    fetch = machine.access(machine.level(WIDE**2, machine.weight_bits), machine.weight_bits).central
    rate = break_even_rate(neurons, neurons, timesteps, HARDWARE, memory=False)
    # r·T = (n·MAC + C - T·(U + C)) / (n·AC)
    closed = (neurons * mac + compare - timesteps * (update + compare)) / (neurons * ac)
    return {
        "arithmetic": timesteps * rate,
        "arithmetic_closed": closed,
        "memory": timesteps * break_even_rate(WIDE, WIDE, timesteps, HARDWARE),
        "memory_closed": (mac + fetch) / (ac + fetch),
        "once": timesteps
        * break_even_rate(WIDE, WIDE, timesteps, HARDWARE, schedule=IN_ACCUMULATORS),
        "once_closed": mac / ac,
        "perceptron": PerceptronShape(LARGEST).products,
        "transformer": VitShape().products,
    }
