"""What the prose of the page attention/inside_minilm says in numbers."""

from __future__ import annotations

from brainbook.evidence.intervals import CONFIDENCE
from brainbook.models.astrocyte.inside_minilm import PUBLISHED, UNBIASED

from .measure import LATERAL, Inside
from .replacing import INTACT, MEAN, UNIFORM
from .tasks import INPUTS, MAX_TOKENS, WORDS


def numbers(result: Inside) -> dict[str, float]:
    """Page attention/inside_minilm: every number of the prose but the parameters, by its key."""
    low, high = result.cell
    return {
        "few": result.few,
        "middle": result.middle,
        "low": low,
        "high": high,
        "queries": result.pairs * result.replaced.frame["seed"].nunique(),
        "max_tokens": MAX_TOKENS,
        "level": round(100 * CONFIDENCE),  # percent, of every interval
        **_retrieval(result),
        **_agreement(result),
        **_drift(result),
    }


def _retrieval(result: Inside) -> dict[str, float]:
    few, middle, largest = result.few, result.middle, result.largest
    table = result.summary.set_index(["measure", "heads", "units"]).sort_index()
    mrr, recall = table.loc["MRR"], table.loc["recall at 1", "mean"]
    intact, ours, mean = mrr.loc[INTACT, 0], mrr.loc[LATERAL], mrr["mean"]
    gain, half = result.gains["gain"], result.gains["half"]
    return {
        "mrr_intact": intact["mean"],
        "recall_intact": 100 * recall[INTACT, 0],
        "worst": intact["lowest"],
        "luckiest": intact["highest"],
        "chance": result.chance["MRR"],
        "recall_chance": 100 * result.chance["recall at 1"],
        "lost_few": ours["lost"][few],
        "lost_middle": ours["lost"][middle],
        "lost_most": ours["lost"][largest],
        "half_few": ours["half"][few],
        "half_middle": ours["half"][middle],
        "half_most": ours["half"][largest],
        "ours_most": ours["mean"][largest],
        "theirs_few": mean[PUBLISHED, few],
        "theirs": mean[PUBLISHED, largest],
        "unbiased_most": mean[UNBIASED, largest],
        "words": mean[WORDS, 0],
        "inputs": mean[INPUTS, 0],
        "uniform": mean[UNIFORM, 0],
        "constant": mean[MEAN, 0],
        "words_lost": mrr["lost"][WORDS, 0],
        "words_half": mrr["half"][WORDS, 0],
        "gain": gain["published", middle],
        "gain_half": half["published", middle],
        "gain_most": gain["published", largest],
        "gain_most_half": half["published", largest],
        "ahead": gain["words", largest],
        "ahead_half": half["words", largest],
        "more": gain["few", largest],
        "more_half": half["few", largest],
    }


def _agreement(result: Inside) -> dict[str, float]:
    table = result.summary.set_index(["measure", "heads", "units"]).sort_index()["mean"]
    cosine, ranks = table["cosine"], table["Spearman"]
    return {
        "cosine_few": cosine[LATERAL, result.few],
        "cosine_middle": cosine[LATERAL, result.middle],
        "cosine_most": cosine[LATERAL, result.largest],
        "cosine_uniform": cosine[UNIFORM, 0],
        "cosine_constant": cosine[MEAN, 0],
        "cosine_theirs": cosine[PUBLISHED, result.largest],
        "rank_most": ranks[LATERAL, result.largest],
        "rank_theirs": ranks[PUBLISHED, result.largest],
        # distance of two vectors of length one, from their cosine
        "vector": (2 - 2 * cosine[LATERAL, result.largest]) ** 0.5,
    }


def _drift(result: Inside) -> dict[str, float]:
    drift = result.replaced.drift.groupby(["heads", "units", "layer"])["error"].median()
    ours = drift[LATERAL, result.largest]
    single = result.layers.groupby(["heads", "layer"])[["own", "end"]].median()
    tuned, blind = single.loc[LATERAL], single.loc[MEAN]
    return {
        "first": ours[1],
        "second": ours[2],
        "fifth": ours[5],
        "end": ours[6],
        "end_few": drift[LATERAL, result.few, 6],
        "end_uniform": drift[UNIFORM, 0, 6],
        "end_constant": drift[MEAN, 0, 6],
        "end_theirs": drift[PUBLISHED, result.largest, 6],
        "together": drift[LATERAL, result.middle, 6],
        "one": tuned["own"][1],
        "one_end": tuned["end"][1],
        "least": tuned["end"].min(),
        "last": tuned["end"][5],
        "blind": blind["end"][5],
        "straight": tuned["end"].sum(),  # six errors that point the same way
        "apart": (tuned["end"] ** 2).sum() ** 0.5,  # six that are independent
    }
