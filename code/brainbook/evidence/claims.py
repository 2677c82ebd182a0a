"""A claim: one sentence of the book, with the number that decides whether it is true.

Four constructors, one a kind; the id comes first and is written whole, so that a search finds it
and the ledger links the line::

    law("astrocyte-pair-variance", "One pair's estimate has the variance of the closed form.",
        mean_interval(ratios, over="seeds"), expected=1, precision=0.1, source="(e^R - 1)/m")
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass

from .intervals import Interval

KINDS = ("exact", "law", "number", "ordering")
ROLES = ("finding", "check")
STATUSES = ("holds", "fails", "does not transfer", "unresolved")
EXACT_TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
BY_CHANCE = ("repetitions", "confidence", "half_width")


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
    role : ``finding`` (part of the argument) or ``check`` (keeps the instrument honest).
    repetitions, confidence, half_width : of the interval around ``measured``, all or none.
    over : what was repeated, in the plural: ``"documents"``.
    precision : only of a law: the widest half width at which the run counts as an answer.
    unresolved : only where noise leaves a question of our own open: why, in a sentence.
    after_looking : whether results were seen before the claim was worded.

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
    role: str = "finding"
    repetitions: int | None = None
    confidence: float | None = None
    half_width: float | None = None
    over: str = ""
    precision: float | None = None
    unresolved: str = ""
    after_looking: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(
                f"id: got {self.id!r}; allowed are lower-case letters, digits and single hyphens"
            )
        for name, allowed in (("kind", KINDS), ("role", ROLES), ("dtype", tuple(EXACT_TOLERANCE))):
            if getattr(self, name) not in allowed:
                raise self._wrong(name, f"allowed are {allowed}")
        for name in ("statement", "unit", "source"):
            if not str(getattr(self, name)).strip():
                raise self._wrong(name, "a text is needed")
        for name in ("measured", "expected", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not math.isfinite(self.expected):
            raise self._wrong("expected", "must be finite")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise self._wrong("tolerance", "must be finite and at least 0")
        self._check_that_it_can_fail()
        self._check_chance()

    def _wrong(self, name: str, allowed: str) -> ValueError:
        return ValueError(f"{name} of claim {self.id}: got {getattr(self, name)!r}; {allowed}")

    def _check_that_it_can_fail(self) -> None:
        exact = EXACT_TOLERANCE[self.dtype] * max(1.0, abs(self.expected))
        if self.kind == "exact" and self.tolerance > exact:
            raise self._wrong("tolerance", f"exact in {self.dtype} allows at most {exact:g}")
        bounds = {"number": ("tolerance", self.tolerance), "law": ("precision", self.precision)}
        name, bound = bounds.get(self.kind, ("", None))
        if bound is not None and 0 < abs(self.expected) <= bound:
            raise self._wrong(name, f"must be below the expected {self.expected:g}, or cannot fail")
        if self.precision is not None and not (
            self.kind == "law" and 0 < self.precision < math.inf
        ):
            raise self._wrong("precision", "only a law has one, finite and positive")

    def _check_chance(self) -> None:
        missing = [name for name in BY_CHANCE if getattr(self, name) is None]
        if len(missing) not in (0, len(BY_CHANCE)):
            raise self._wrong(missing[0], f"{', '.join(BY_CHANCE)} come together")
        if bool(self.over) == bool(missing):
            raise self._wrong("over", "what was repeated stands beside how often")
        if not self.unresolved:
            return
        if self.reason or missing or self.kind not in ("law", "ordering"):
            raise self._wrong("unresolved", "only a law or an ordering with an interval has it")

    @property
    def agrees(self) -> bool:
        """Whether the measured value meets the expected one. NaN never does.

        A law whose half width exceeds its precision does not: the run was too noisy to tell.
        """
        if self.kind == "ordering":
            return self.measured - self.expected > self.tolerance
        if self.precision is not None and (self.half_width or 0) > self.precision:
            return False
        return abs(self.measured - self.expected) <= self.tolerance

    @property
    def within_noise(self) -> bool:
        """Whether the expected value lies in the interval around the measured one."""
        return abs(self.measured - self.expected) <= max(self.tolerance, self.half_width or 0)

    @property
    def status(self) -> str:
        """``holds``, ``fails``, ``does not transfer`` or ``unresolved``.

        A claim that carries a reason is one whose effect did not appear, one that says why it is
        unresolved is one that noise leaves open. Once the effect appears, or the noise gives an
        answer, the text is stale, so the claim fails until somebody rewrites it.
        """
        if self.reason:
            return "fails" if self.agrees else "does not transfer"
        if self.unresolved:
            return "unresolved" if self.within_noise and not self.agrees else "fails"
        return "holds" if self.agrees else "fails"

    def record(self, page: str) -> dict:
        """The claim as a row of the ledger: its fields, the page it stands on, its status."""
        return asdict(self) | {"page": page, "status": self.status}

    def __str__(self) -> str:
        relation, margin = "expected", "within"
        if self.kind == "ordering":
            relation, margin = "should exceed", "by more than"
        unit = "" if self.unit == "1" else f" {self.unit}"
        times = repeated(asdict(self))
        noise = f" ± {self.half_width:.3g} ({times})" if times else ""
        return (
            f"{self.id} {self.status}: {self.statement} Measured {self.measured:.6g}{unit}{noise}, "
            f"{relation} {self.expected:.6g} {margin} {self.tolerance:.3g}."
        )


def repeated(row: dict) -> str:
    """``"5 documents, 95%"`` for a row of the ledger, nothing where nothing was repeated."""
    if not row.get("repetitions"):
        return ""
    return f"{row['repetitions']:,} {row['over']}, {100 * row['confidence']:.3g}%"


def _claim(kind: str, measured: Interval | float, **fields) -> Claim:
    fields = {"kind": kind, "measured": measured, "unit": "1"} | fields
    if isinstance(measured, Interval):
        fields |= {
            "measured": measured.mean,
            "half_width": measured.half_width,
            "repetitions": measured.repetitions,
            "confidence": measured.confidence,
            "over": measured.unit_of_repetition,
        }
    return Claim(**fields)


def law(
    id: str,
    statement: str,
    measured: Interval | float,
    *,
    expected: float,
    precision: float,
    approximation: float = 0.0,
    **fields,
) -> Claim:
    """A closed form or a slope, met by an interval that is narrow enough to say so.

    It holds where the interval covers ``expected`` and its half width is at most ``precision``.
    Both are needed: a wide interval covers anything, and a mean that lies near by luck proves
    nothing while its interval is wide. So the true value is within twice the precision.

    Parameters
    ----------
    id, statement, expected : as in :class:`Claim`.
    measured : an interval; or a number where nothing is left to chance, held to ``precision``.
    precision : absolute, in the claim's unit; set before looking.
    approximation : how far the closed form itself may be off, at most ``precision``; the
        tolerance is never less. Its reason stands beside it in the code.
    fields : source, unit, role, reason, unresolved, after_looking, as in :class:`Claim`.

    Raises
    ------
    ValueError : an argument is malformed, or the claim could not fail.
    """
    if not 0 <= approximation <= precision:
        allowed = f"must lie between 0 and the precision {precision}"
        raise ValueError(f"approximation of claim {id}: got {approximation}; {allowed}")
    tolerance = precision
    if isinstance(measured, Interval):
        tolerance = min(max(measured.half_width, approximation), precision)
    fields |= {"expected": expected, "tolerance": tolerance, "precision": precision}
    return _claim("law", measured, id=id, statement=statement, **fields)


def ordering(
    id: str,
    statement: str,
    measured: Interval | float,
    *,
    expected: float = 0.0,
    margin: float = 0.0,
    **fields,
) -> Claim:
    """One quantity exceeds another beyond chance: the whole interval lies above ``expected``.

    Parameters
    ----------
    id, statement, expected : as in :class:`Claim`.
    measured : an interval of the difference; or a number where nothing is left to chance.
    margin : least distance above ``expected``, in the claim's unit, set before looking; its
        reason stands beside it in the code. The half width counts where it is larger.
    fields : source, unit, role, reason, unresolved, after_looking, as in :class:`Claim`.

    Raises
    ------
    ValueError : an argument is malformed.
    """
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin of claim {id}: got {margin}; must be finite and at least 0")
    half_width = measured.half_width if isinstance(measured, Interval) else 0.0
    fields |= {"expected": expected, "tolerance": max(half_width, margin)}
    return _claim("ordering", measured, id=id, statement=statement, **fields)


def identity(
    id: str,
    statement: str,
    measured: float,
    *,
    expected: float = 0.0,
    dtype: str = "float64",
    **fields,
) -> Claim:
    """Two sides that differ by rounding only, 1e-10 in ``float64`` and 1e-5 in ``float32``.

    Parameters
    ----------
    id, statement, dtype : as in :class:`Claim`.
    measured : the largest gap between the two sides; or one side, where ``expected`` is the
        other. Rounding is then relative to ``expected`` where that exceeds one.
    fields : source ("identity: both sides" if not given), unit, role (``check`` if not given).

    Raises
    ------
    ValueError : an argument is malformed.
    """
    rounding = EXACT_TOLERANCE.get(dtype, 0.0) * max(1.0, abs(expected))
    fields = {"source": "identity: both sides", "role": "check"} | fields
    fields |= {"expected": expected, "tolerance": rounding, "dtype": dtype}
    return _claim("exact", measured, id=id, statement=statement, **fields)


def number(
    id: str, statement: str, measured: Interval | float, *, expected: float, **fields
) -> Claim:
    """A published value, met within ``tolerance``: half its last printed digit, as a rule.

    Parameters
    ----------
    id, statement, expected : as in :class:`Claim`.
    measured : an interval, or a number where nothing is left to chance.
    fields : tolerance, source, unit, role, reason, as in :class:`Claim`.

    Raises
    ------
    ValueError : an argument is malformed, or the claim could not fail.
    """
    return _claim("number", measured, id=id, statement=statement, expected=expected, **fields)
