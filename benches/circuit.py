"""Speed of the astrocyte circuit against plain matrix products of the same sizes, in one run.

    python benches/circuit.py

Prints a table. The first two rows are ratios of speed (1 is the speed of the plain product, both
timed here, in turns); the others are slopes of log time against log size, where 1 is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np
import torch

from brainbook.models.astrocyte.circuit import circuit, run
from brainbook.models.features.maps import HiddenUnits, Positive

TOKENS, D_HEAD, UNITS, BLOCK, REPEATS = 512, 64, 2**15, 2048, 5


def seconds(*actions: Callable[[], object]) -> list[float]:
    """Least time of each action over :data:`REPEATS` rounds in which they take turns."""
    times = [[] for _ in actions]
    for _ in range(REPEATS):
        for action, taken in zip(actions, times, strict=True):
            start = perf_counter()
            action()
            taken.append(perf_counter() - start)
    return [min(taken) for taken in times]


def inputs(tokens: int = TOKENS) -> list[torch.Tensor]:
    """Query, key and value, (tokens, D_HEAD), float32."""
    generator = torch.Generator().manual_seed(0)
    return [0.3 * torch.randn(tokens, D_HEAD, generator=generator) for _ in range(3)]


def inner_products(query: torch.Tensor, key: torch.Tensor, units: HiddenUnits) -> torch.Tensor:
    """The circuit's inner products phi(q) . phi(k), (N, N), features made block by block."""
    kernel = torch.zeros(len(query), len(key))
    for block in units.split(BLOCK):
        reading = Positive().read(query, block)[1].exp_()
        kernel.addmm_(reading, Positive().write(key, block)[1].exp_().mT)
    return kernel.div_(len(units))


def inner_product_ratio() -> float:
    """Speed of the inner products, features included, over (N, m) @ (m, N) of ready numbers."""
    query, key, _ = inputs()
    units = Positive().draw(UNITS, D_HEAD, torch.Generator().manual_seed(1))
    left, right = torch.randn(TOKENS, UNITS), torch.randn(UNITS, TOKENS)
    ours, plain = seconds(lambda: inner_products(query, key, units), lambda: left @ right)
    return plain / ours


def circuit_ratio() -> float:
    """Speed of writing and reading over the four plain products they consist of."""
    query, key, value = inputs()
    units = Positive().draw(UNITS, D_HEAD, torch.Generator().manual_seed(1))
    ready = torch.randn(TOKENS, BLOCK)
    with_ones = torch.cat([value, value[:, :1]], dim=1)
    stored = torch.randn(BLOCK, D_HEAD + 1)

    def plain() -> None:
        for block in units.split(BLOCK):
            query @ block.weight.mT
            key @ block.weight.mT
            ready.mT @ with_ones
            ready @ stored

    def ours() -> None:
        list(run(query, key, value, units.split(BLOCK), [UNITS], Positive()))

    own, bare = seconds(ours, plain)
    return bare / own


def slope(sizes: list[int], action: Callable[[int], Callable[[], object]]) -> float:
    """Slope of log time against log size; the sizes take turns."""
    times = seconds(*(action(size) for size in sizes))
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def by_units(units: int) -> Callable[[], object]:
    """A circuit with ``units`` hidden units."""
    query, key, value = inputs()
    return lambda: circuit(query, key, value, units, torch.Generator().manual_seed(1))


def by_tokens(tokens: int) -> Callable[[], object]:
    """A circuit that reads and writes ``tokens`` tokens."""
    query, key, value = inputs(tokens)
    return lambda: circuit(query, key, value, 2**13, torch.Generator().manual_seed(1), block=1024)


def rows() -> Iterator[tuple[str, str, str, bool]]:
    """What is measured, the number, its target, and whether it was met."""
    size = f"N = {TOKENS}, d = {D_HEAD}, m = {UNITS:,}"
    ratio = inner_product_ratio()
    yield (
        f"circuit's inner products / plain product, speed ({size})",
        f"{ratio:.2f}",
        ">= 0.5",
        ratio >= 0.5,
    )
    ratio = circuit_ratio()
    yield (
        f"circuit / its four bare products, speed ({size})",
        f"{ratio:.2f}",
        ">= 0.5",
        ratio >= 0.5,
    )
    for name, sizes, action in (
        ("hidden units m", [2**14, 2**15, 2**16, 2**17], by_units),
        ("tokens N", [512, 1024, 2048, 4096], by_tokens),
    ):
        found = slope(sizes, action)
        yield (
            f"circuit: slope of log time in {name}",
            f"{found:.2f}",
            "1 ± 0.15",
            abs(found - 1) <= 0.15,
        )


if __name__ == "__main__":
    for what, measured, target, met in rows():
        print(f"{what:85s} {measured:>5s}   {target:9s} {'met' if met else 'missed'}")
