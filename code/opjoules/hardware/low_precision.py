"""Fewer bits than the tables list: a rule for narrow operands, and neurons without a leak.

The published constants end at 8 bits. Below, an array multiplier has one cell for each pair of
bits, so its energy is taken to be that of the 8-bit multiplier times w·a/64 for w-bit weights
and a-bit activations. The same rule upwards gives 16 times the 8-bit multiplier at 32 bits, near
the published value. Sums stay as wide as in the 8-bit profile, words in memory are w and a bits
wide. The high end of the interval grants narrow multipliers nothing: it is the 8-bit price.
"""

from __future__ import annotations

from dataclasses import replace

from .catalogue import Cost, Profile, operation_energy, profile

BASE, BITS = "45nm_int8", 8


def multiplier(weight_bits: int, activation_bits: int) -> float:
    """pJ of one multiplication at 45 nm by the rule, from the 8-bit one.

    Raises
    ------
    ValueError : a width below one bit.
    """
    for name, bits in (("weight_bits", weight_bits), ("activation_bits", activation_bits)):
        if bits < 1:
            raise ValueError(f"{name}: got {bits}; must be at least 1")
    return operation_energy("multiply", "int8") * weight_bits * activation_bits / BITS**2


def narrow(weight_bits: int = 8, activation_bits: int = 8, leak: bool = True) -> Profile:
    """45 nm logic with operands of up to 8 bits.

    Parameters
    ----------
    weight_bits, activation_bits : widths of the operands.
    leak : neurons decay, so that an update multiplies; without, it is one addition (high: two
        into a 32-bit word, with the reset).

    Raises
    ------
    ValueError : a width outside 1 to 8 bits.
    """
    for name, bits in (("weight_bits", weight_bits), ("activation_bits", activation_bits)):
        if not 1 <= bits <= BITS:
            raise ValueError(f"{name}: got {bits}; allowed are 1 to {BITS}")
    base = profile(BASE)
    add, wide = operation_energy("add", "int8"), operation_energy("add", "int32")
    product = multiplier(weight_bits, activation_bits) + add
    update = Cost(add, add, 2 * wide, base.mac.source, "no leak: an addition; high: with reset")
    return replace(
        base,
        name=f"45nm_w{weight_bits}a{activation_bits}",
        description=f"45 nm CMOS at 0.9 V, {weight_bits}-bit weights, "
        f"{activation_bits}-bit activations",
        mac=Cost(product, product, base.mac.high, base.mac.source, "high: 8-bit price, 32-bit sum"),
        neuron_update=base.neuron_update if leak else update,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
    )
