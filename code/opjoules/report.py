"""The energy report: from a model and a real batch to joules with an interval and sources.

::

    report = energy_report(model, batch, hardware="45nm_int8")
    print(report)                      # a table; in a notebook the report shows itself
    report.joules                      # low, central, high; J per inference
    report.on("loihi", host="45nm_int8")   # the same count on other hardware
    report.on("45nm_int8", schedule="layer by layer")   # or on another schedule
    report.as_dataframe()              # every term of every layer, with its source
    report.bibtex()                    # entries for the sources, for your references
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd
import pint
from torch import Tensor, nn

from . import display, units
from .counting.operations import COUNTS, count_operations
from .hardware import chips
from .hardware.catalogue import Profile
from .pricing.estimate import PICO, Estimate, Joules, estimate
from .pricing.schedules import STEP_BY_STEP
from .pricing.schemes import compare_schemes
from .sources import bibtex, joined

ENDS = list(Joules._fields)
WORDS = [name for name in COUNTS if name.endswith(("reads", "writes"))]


@dataclass(frozen=True, repr=False)
class EnergyReport:
    """What one inference does and what it costs on one machine.

    Attributes
    ----------
    name : class of the model.
    operations : the table of ``count_operations``, a row per layer, per inference.
    estimate : its price, a row per layer and term.
    """

    name: str
    operations: pd.DataFrame
    estimate: Estimate

    @property
    def joules(self) -> Joules:
        """Energy of one inference, J: low, central, high."""
        return self.estimate.joules

    @property
    def layers(self) -> pd.DataFrame:
        """One row per layer.

        Columns
        -------
        layer, kind : its name, and its kinds of operations.
        macs, acs, … : the counts of ``count_operations``.
        words : moved to and from memory.
        low, central, high, share : J per inference, and of the central total.
        """
        table = self.operations.groupby("layer", sort=False).agg(
            {"kind": lambda kinds: ", ".join(dict.fromkeys(kinds)), **dict.fromkeys(COUNTS, "sum")}
        )
        table["words"] = table[WORDS].sum(axis=1)
        joules = self.estimate.layers.reindex(table.index).fillna(0.0)
        total = joules["central"].sum()
        share = joules["central"] / total if total else 0.0
        return table.join(joules).assign(share=share).reset_index()

    @property
    def constants(self) -> pd.DataFrame:
        """One row per constant that was charged, dearest first.

        Columns
        -------
        constant, count : in words, and how often it was charged.
        low_pj, central_pj, high_pj : its price, pJ.
        central, share : what that makes, J, and of the total.
        spread : how much of the interval's width is due to it.
        source, note : where it comes from, and what to know.
        """
        keys = ["term", "level", "source", "note"]
        sums = self.estimate.table.groupby(keys, sort=False)[["count", *ENDS]].sum().reset_index()
        total, width = sums["central"].sum(), (sums["high"] - sums["low"]).sum()
        prices = {f"{end}_pj": sums[end] / sums["count"] / PICO for end in ENDS}
        table = pd.DataFrame(
            {
                "constant": [
                    f"{term}: word of {level}" if level else term.replace("_", " ")
                    for term, level in zip(sums["term"], sums["level"], strict=True)
                ],
                "count": sums["count"],
                **prices,
                "central": sums["central"],
                "share": sums["central"] / total if total else 0.0,
                "spread": (sums["high"] - sums["low"]) / width if width else 0.0,
                "source": sums["source"],
                "note": sums["note"],
            }
        )
        return table.sort_values("central", ascending=False, ignore_index=True)

    @property
    def dominant(self) -> pd.Series | None:
        """The row of ``constants`` that most of the central energy is due to."""
        return self.constants.iloc[0] if len(self.constants) else None

    @property
    def widest(self) -> pd.Series | None:
        """The row of ``constants`` that makes the interval wide; None if it has no width."""
        table = self.constants
        return table.loc[table["spread"].idxmax()] if table["spread"].any() else None

    @property
    def uncounted(self) -> dict[str, float]:
        """Operations that have no count here, with the elements they produced per inference."""
        return dict(self.operations.attrs.get("uncounted", {}))

    @property
    def uncounted_bound(self) -> float | None:
        """Share that ``uncounted`` would add if each element cost one multiply-accumulate.

        A scale, no bound for functions such as the exponential. None on hardware without MACs.
        """
        macs = self.constants[self.constants["constant"] == "macs"]
        if macs.empty or not self.joules.central:
            return None
        added = sum(self.uncounted.values()) * macs["central_pj"].iloc[0] * PICO
        return added / self.joules.central

    @property
    def unread(self) -> list[str]:
        """Weights that no counted operation read."""
        return list(self.operations.attrs.get("unread", []))

    @property
    def sources(self) -> list[str]:
        """Keys of the works that the charged constants come from, most important first."""
        return joined(self.constants["source"]).split()

    @property
    def disagreements(self) -> pd.DataFrame:
        """Rows of ``chips.disagreements`` on constants of this report's hardware."""
        machines = {self.estimate.profile, self.estimate.host}
        names = {chips.CHIPS[name] for name in machines & set(chips.CHIPS)}
        names |= {"45 nm logic"} if any(name.startswith("45nm") for name in machines) else set()
        table = chips.disagreements()
        levels = set(self.estimate.table["level"])
        memory = table["quantity"].str.startswith("64 bits from ")
        charged = table["quantity"].str.removeprefix("64 bits from ").isin(levels)
        used = ~memory & ~table["quantity"].str.startswith("hop") | charged
        return table[table["chip"].isin(names) & used].reset_index(drop=True)

    def bibtex(self) -> str:
        """BibTeX entries of ``sources``."""
        return bibtex(self.sources)

    def on(
        self,
        hardware: str | Profile,
        memory: bool = True,
        host: str | Profile | None = None,
        schedule: str = STEP_BY_STEP,
    ) -> EnergyReport:
        """The same count on other hardware or another schedule; nothing runs again.

        Raises
        ------
        ValueError : what ``estimate`` refuses.
        """
        priced = estimate(self.operations, hardware, memory, host, schedule)
        return EnergyReport(self.name, self.operations, priced)

    def by_module(self, depth: int) -> EnergyReport:
        """The same report with layers summed by the first ``depth`` parts of their names.

        Raises
        ------
        ValueError : ``depth`` is below 1.
        """
        if depth < 1:
            raise ValueError(f"depth: got {depth}; needed is at least 1 part of a name")

        def shorter(table: pd.DataFrame) -> pd.DataFrame:
            names = table["layer"].str.split(".").str[:depth].str.join(".")
            return table.assign(layer=names.str.replace(r":product \d+$", "", regex=True))

        priced = replace(self.estimate, table=shorter(self.estimate.table))
        return EnergyReport(self.name, shorter(self.operations), priced)

    def compare(self, *hardware: str, memory: bool = True, host: str | None = None) -> pd.DataFrame:
        """A row per profile: joules, the dominant constant with its share, and sources."""
        reports = [self.on(name, memory, host) for name in hardware]
        rows = [
            {
                "hardware": name,
                **report.joules._asdict(),
                "dominant": "" if report.dominant is None else report.dominant["constant"],
                "share": 0.0 if report.dominant is None else report.dominant["share"],
                "source": " ".join(report.sources),
            }
            for name, report in zip(hardware, reports, strict=True)
        ]
        return pd.DataFrame(rows)

    def schemes(self, dense: EnergyReport | None = None, **options) -> pd.DataFrame:
        """The same count under every accounting scheme in use; see ``compare_schemes``.

        ``dense`` is the report of the network that this one would replace.
        """
        against = None if dense is None else dense.operations
        return compare_schemes(self.operations, against, **options)

    def as_dataframe(self) -> pd.DataFrame:
        """Every term of every layer: count, level of memory, joules, source, hardware."""
        return self.estimate.as_dataframe()

    def summary(self) -> str:
        """One line for a paper: central energy, interval, hardware, what it includes."""
        low, central, high = (display.compact(value) for value in self.joules)
        machine = self.estimate.profile + (
            f", host {self.estimate.host}" * bool(self.estimate.host)
        )
        scope = "with memory" if self.estimate.memory else "arithmetic only"
        if self.estimate.memory and self.operations["neuron_updates"].any():
            scope += f", {self.estimate.schedule}"
        return f"{central} per inference ({low} to {high}; {machine}, {scope})"

    def per(self, thing: str, number: float) -> pint.Quantity:
        """Central energy per ``thing``, for instance ``per("token", 128)``, with its unit.

        Raises
        ------
        ValueError : ``number`` is not positive, or the thing is unknown to ``units``.
        """
        if not number > 0:
            raise ValueError(f"number: got {number}; one inference holds a positive number")
        energy = units.quantity(self.joules.central / number, f"joule / {thing}")
        return energy.to_compact()  # type: ignore[return-value]  # pint types its base class

    def __str__(self) -> str:
        return display.terminal(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return display.notebook(self)

    def draw(self, most: int = 16):
        """Bar chart of joules by layer, the dearest ``most``; returns a matplotlib Figure."""
        return display.bars(self, most)


def energy_report(
    model: nn.Module,
    batch: Tensor | tuple | list | Mapping,
    hardware: str | Profile = "45nm_fp32",
    memory: bool = True,
    host: str | Profile | None = None,
    batch_dim: int = 0,
    neurons: tuple[type[nn.Module], ...] = (),
) -> EnergyReport:
    """Run ``model`` once on ``batch``, count what it does, and price it.

    Parameters
    ----------
    model, batch, batch_dim, neurons : see ``count_operations``.
    hardware, memory, host : see ``estimate``; ``profiles()`` lists the names.

    Raises
    ------
    ValueError : what either refuses.
    """
    operations = count_operations(model, batch, batch_dim, neurons)
    return EnergyReport(
        type(model).__name__, operations, estimate(operations, hardware, memory, host)
    )
