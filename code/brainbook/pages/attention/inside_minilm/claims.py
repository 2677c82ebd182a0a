"""What the page on the running model asserts: from trials to summaries and claims.

All orders are between runs on the same texts, one difference a seed, with the 95% interval of
their mean (Student's t). Seeds differ in their texts, and in their circuits where these are
fitted or drawn anew.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from brainbook.evidence import facts, pretrained
from brainbook.evidence.claims import Claim
from brainbook.evidence.margins import half_width
from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.inside_minilm import (
    D_HEAD,
    PUBLISHED,
    UNBIASED,
    Settled,
    hidden_states,
)
from brainbook.models.features.landmarks import Landmarks

from .measure import (
    FEW,
    GATED,
    LATERAL,
    MIDDLE,
)
from .replacing import INTACT, INTACT_HEADS, SETTING, UNIFORM, Inside
from .tasks import INPUTS, WORDS, tasks

SENTENCE = "reimers2019sentence"
COARSE = (
    "The mean over repetitions lies within its own 95% interval of zero: words alone solve most "
    "of this task, and so few queries do not resolve the difference that is left."
)


def cell_units() -> tuple[int, int]:
    """Hidden units that the synapses of one rodent astrocyte allow for a head, low and high."""
    ends = (facts.value("astrocyte_cells.csv", f"rodent_synapses_{e}") for e in ("low", "high"))
    low, high = (int(synapses // D_HEAD) for synapses in ends)
    return low, high


def chance(pairs: int) -> dict[str, float]:
    """What a model that ranks at random gets on average: 1/n, and the n-th harmonic number / n."""
    ranks = np.arange(1, pairs + 1)
    return {"recall at 1": 1 / pairs, "MRR": float((1 / ranks).mean())}


def by_seed(inside: Inside, measure: str, heads: str, units: int = 0) -> pd.Series:
    """One value a seed.

    Raises
    ------
    ValueError : nothing was measured for that setting.
    """
    rows = inside.frame.query("measure == @measure and heads == @heads and units == @units")
    if rows.empty:
        raise ValueError(f"heads: got {heads!r} with {units} units; nothing was measured")
    return rows.set_index("seed")["value"].sort_index()


def summary(inside: Inside) -> pd.DataFrame:
    """Columns heads, units, measure, mean, lost, half, lowest, highest.

    ``lost``: intact model minus this one, mean over seeds; ``half``: half of its 95% interval.
    """
    rows = []
    for (heads, units, measure), part in inside.frame.groupby([*SETTING, "measure"], sort=False):
        values = part.set_index("seed")["value"].sort_index()
        lost = by_seed(inside, measure, INTACT) - values
        ends = values.min(), values.max()
        half = 0.0 if heads == INTACT else half_width(lost)
        rows.append((heads, units, measure, values.mean(), lost.mean(), half, *ends))
    columns = [*SETTING, "measure", "mean", "lost", "half", "lowest", "highest"]
    return pd.DataFrame(rows, columns=columns)


def gains(inside: Inside, few: int, middle: int, largest: int) -> pd.DataFrame:
    """MRR that tuned units gain over as many published ones, over TF-IDF, and over few tuned ones.

    Indexed by ``over`` (published, words, few) and ``units``; columns gain, half (of the 95%
    interval).
    """
    others = {
        ("published", middle): (PUBLISHED, middle),
        ("published", largest): (PUBLISHED, largest),
        ("words", largest): (WORDS, 0),
        ("few", largest): (LATERAL, few),
    }
    found = {}
    for (over, units), other in others.items():
        gained = by_seed(inside, "MRR", LATERAL, units) - by_seed(inside, "MRR", *other)
        found[over, units] = {"gain": gained.mean(), "half": half_width(gained)}
    return pd.DataFrame(found).T.rename_axis(["over", "units"])


def at_end(inside: Inside, heads: str, units: int = 0) -> pd.Series:
    """Relative error of what leaves the last layer, one value a seed."""
    rows = inside.drift.query("heads == @heads and units == @units")
    return rows[rows["layer"] == rows["layer"].max()].set_index("seed")["error"].sort_index()


def deviations(seed: int) -> dict[str, float]:
    """Largest deviations from two identities, float64.

    "path": exact attention through our path against the library's own forward pass, all states,
    on a query and a target of the seed. "settled": rates with the inverse made once against
    rates from the factor.
    """
    model, tokenizer = pretrained.minilm(torch.float64)
    pair = tasks(seed + 1, 2)[seed][0]
    gaps = []
    for one in (pair.query, pair.target):
        ids = tokenizer(one, return_tensors="pt").input_ids
        with torch.no_grad():
            own = model(input_ids=ids, output_hidden_states=True).hidden_states
        gap = hidden_states(ids, INTACT_HEADS, torch.float64) - torch.stack(own, 1)
        gaps.append(gap.abs().max().item())
    generator = seeded(103, seed)
    query, key = torch.randn(2, 4, 3, 30, 8, generator=generator, dtype=torch.float64)
    tuned = Landmarks.fitted(query, key, 40, generator, ridge=0.01)
    gap = Settled(tuned).rates(query) - tuned.rates(query)
    return {"path": max(gaps), "settled": gap.abs().max().item()}


def exact(found: dict[str, float]) -> list[Claim]:
    """Identities."""
    told = {
        "path": "With exact attention in all heads the running model is the intact one.",
        "settled": "Lateral inhibition by a matrix made once gives the settled rates.",
    }
    return [
        Claim(f"inside-{name}", told[name], "exact", gap, 0, 1e-10, "1", "identity: both sides")
        for name, gap in found.items()
    ]


def _order(name: str, told: str, values: pd.Series, source: str, reason: str = "") -> Claim:
    """An order that the mean over seeds must show beyond its 95% interval."""
    margin, mean = half_width(values), values.mean()
    return Claim(f"inside-{name}", told, "ordering", mean, 0, margin, "1", source, reason)


def retrieval(inside: Inside, few: int, middle: int, largest: int) -> list[Claim]:
    """Does the model still find what belongs together? Differences in mean reciprocal rank."""

    def mrr(heads: str, units: int = 0) -> pd.Series:
        return by_seed(inside, "MRR", heads, units)

    ours, small = mrr(LATERAL, largest), mrr(LATERAL, few)
    words, told = mrr(WORDS), "(difference in MRR)"
    paper, nystrom = "kozachkov2023building", "williams2001nystrom"
    return [
        _order("beats-uniform", f"Circuits of {few} tuned units in all heads retrieve better than "
               f"uniform attention {told}.", small - mrr(UNIFORM), "uniform attention"),
        _order("beats-published", f"With {middle} units a head, tuned circuits retrieve better "
               f"than published random ones {told}.",
               mrr(LATERAL, middle) - mrr(PUBLISHED, middle), paper),
        _order("fewer-beat-published", f"{few} tuned units a head retrieve better than {middle} "
               f"published random ones {told}.", small - mrr(PUBLISHED, middle), paper),
        _order("loss-shrinks", f"{largest} tuned units a head lose less than {few} {told}.",
               ours - small, nystrom, COARSE),
        _order("published-grows", f"{largest} published units a head retrieve better than {few} "
               f"{told}.", mrr(PUBLISHED, largest) - mrr(PUBLISHED, few), paper),
        _order("beats-words", f"With {largest} tuned units a head the model retrieves better than "
               f"TF-IDF {told}.", ours - words, SENTENCE, COARSE),
        _order("intact-beats-words", f"The intact model retrieves better than TF-IDF {told}.",
               mrr(INTACT) - words, SENTENCE),
        _order("bad-attention", f"{few} published units a head retrieve worse than the model's "
               f"input embeddings, which no head has touched {told}.",
               mrr(INPUTS) - mrr(PUBLISHED, few), "input embeddings at their best setting"),
        _order("no-attention", "Uniform attention in all heads retrieves worse than the model's "
               f"input embeddings {told}.", mrr(INPUTS) - mrr(UNIFORM),
               "input embeddings at their best setting"),
    ]  # fmt: skip


def agreement(inside: Inside, few: int, middle: int, largest: int) -> list[Claim]:
    """Does it still say the same? Differences in cosine; ratios of errors."""

    def cosine(heads: str, units: int = 0) -> pd.Series:
        return by_seed(inside, "cosine", heads, units)

    told = "(difference in cosine)"
    end = {m: at_end(inside, LATERAL, m) for m in (few, largest)}
    return [
        _order("agreement-grows", f"{largest} tuned units a head agree better with the intact "
               f"model than {few} {told}.", cosine(LATERAL, largest) - cosine(LATERAL, few),
               "williams2001nystrom"),
        _order("agreement-unbiased", f"With {middle} units a head, tuned circuits agree better "
               f"with the intact model than the best unbiased map {told}.",
               cosine(LATERAL, middle) - cosine(UNBIASED, middle), "likhosherstov2023favor"),
        _order("agreement-lateral", f"With {middle} units a head, lateral inhibition agrees better "
               f"than positive rates alone {told}.",
               cosine(LATERAL, middle) - cosine(GATED, middle), "williams2001nystrom"),
        _order("drift-shrinks", f"What leaves the last layer errs less with {largest} tuned units "
               f"a head than with {few} (log ratio).", np.log(end[few] / end[largest]),
               "williams2001nystrom"),
        _order("drift-uniform", f"With {few} tuned units a head it errs less than with uniform "
               "attention (log ratio).", np.log(at_end(inside, UNIFORM) / end[few]),
               "uniform attention"),
    ]  # fmt: skip


def claims(inside: Inside, largest: int, seed: int) -> list[Claim]:
    """Page attention/inside_minilm: all that it asserts; wording in ``inside_claims``."""
    return [
        *exact(deviations(seed)),
        *retrieval(inside, FEW, MIDDLE, largest),
        *agreement(inside, FEW, MIDDLE, largest),
    ]
