"""A claim: one sentence of the book, with the number that decides whether it is true."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass

KINDS = ("exact", "law", "number", "ordering")
STATUSES = ("holds", "fails", "does not transfer")
EXACT_TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


@dataclass(frozen=True)
class Claim:
    """One statement that the build can refute.

    Parameters
    ----------
    id : short name, unique in the book: lower-case letters, digits, hyphens.
    statement : a sentence that a reader understands without the page.
    kind : ``exact`` (an identity), ``law`` (a closed form or a slope), ``number``
        (a published value) or ``ordering`` (a qualitative order).
    measured : what this run gave, in ``unit``.
    expected : from a closed form or from ``data/``; never from a run of our own. For an
        ordering, the value that ``measured`` must exceed (0 for a difference, 1 for a ratio).
    tolerance : absolute, in ``unit``. For an ordering, the margin above ``expected``.
    unit : ``"1"`` for a pure number.
    source : a key of ``references.bib``, or the closed form in words.
    reason : only where a published effect did not appear here: why, in a sentence.
    dtype : precision of an ``exact`` claim, ``float64`` or ``float32``.

    Raises
    ------
    ValueError : a field is missing, malformed, or a tolerance could not fail.
    """

    id: str
    statement: str
    kind: str
    measured: float
    expected: float
    tolerance: float
    unit: str
    source: str
    reason: str = ""
    dtype: str = "float64"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(
                f"id: got {self.id!r}; allowed are lower-case letters, digits and single hyphens"
            )
        if self.kind not in KINDS:
            raise ValueError(f"kind of claim {self.id}: got {self.kind!r}; allowed are {KINDS}")
        for name in ("statement", "unit", "source"):
            if not str(getattr(self, name)).strip():
                raise ValueError(f"{name} of claim {self.id}: got nothing; a text is needed")
        for name in ("measured", "expected", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not math.isfinite(self.expected):
            raise ValueError(f"expected of claim {self.id}: got {self.expected}; must be finite")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(
                f"tolerance of claim {self.id}: got {self.tolerance}; must be finite and at least 0"
            )
        if self.dtype not in EXACT_TOLERANCE:
            raise ValueError(
                f"dtype of claim {self.id}: got {self.dtype!r}; "
                f"allowed are {tuple(EXACT_TOLERANCE)}"
            )
        scale = max(1.0, abs(self.expected))
        if self.kind == "exact" and self.tolerance > EXACT_TOLERANCE[self.dtype] * scale:
            raise ValueError(
                f"tolerance of claim {self.id}: got {self.tolerance}; an exact claim in "
                f"{self.dtype} allows at most {EXACT_TOLERANCE[self.dtype] * scale:g}"
            )
        if self.kind == "number" and self.expected and self.tolerance >= abs(self.expected):
            raise ValueError(
                f"tolerance of claim {self.id}: got {self.tolerance}; it must be smaller than "
                f"the published value {self.expected}, or the claim could not fail"
            )

    @property
    def agrees(self) -> bool:
        """Whether the measured value meets the expected one. NaN never does."""
        if self.kind == "ordering":
            return self.measured - self.expected > self.tolerance
        return abs(self.measured - self.expected) <= self.tolerance

    @property
    def status(self) -> str:
        """``holds``, ``fails`` or ``does not transfer``.

        A claim that carries a reason is one whose effect did not appear. Once it does appear
        the reason is stale, so the claim fails until somebody rewrites it.
        """
        if self.reason:
            return "fails" if self.agrees else "does not transfer"
        return "holds" if self.agrees else "fails"

    def record(self, page: str) -> dict:
        """The claim as a row of the ledger: its fields, the page it stands on, its status."""
        return asdict(self) | {"page": page, "status": self.status}

    def __str__(self) -> str:
        relation = "should exceed" if self.kind == "ordering" else "expected"
        margin = "by more than" if self.kind == "ordering" else "within"
        unit = "" if self.unit == "1" else f" {self.unit}"
        return (
            f"{self.id} {self.status}: {self.statement} Measured {self.measured:.6g}{unit}, "
            f"{relation} {self.expected:.6g} {margin} {self.tolerance:.3g}."
        )
