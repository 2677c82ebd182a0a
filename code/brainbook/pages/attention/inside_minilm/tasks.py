"""What a sentence model is for, on text that no calibration saw: retrieval and similarity.

Retrieval: the first line of a scikit-image docstring is the query, the prose that follows is
what it must find among the prose of other docstrings. Authors wrote both about one function,
so there is a right answer that no model gave. Similarity: how alike a model finds any two of these
texts. No judgements by people are at hand for that, so it is compared with the intact model.

Nothing here was seen when circuits were fitted: that text is scikit-learn's. MiniLM itself was
trained on many collections, documented code among them, and may have met these docstrings; the
comparison is between two ways to run the same weights.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array
from scipy.stats import pearsonr, rankdata, spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from torch import Tensor

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import CALIBRATION_TEXTS, docstrings, runs_of_words, text
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_text import token_numbers

MAX_TOKENS = 64
FEWEST = 3, 12  # words of a query, words of what it must find
SHARED = 8  # consecutive words that no pair may have in common with calibration text
WORDS, INPUTS = "TF-IDF", "input embeddings"
_WORD = [{"stop_words": stop, "ngram_range": (1, n)} for stop in (None, "english") for n in (1, 2)]
_LETTERS = [{"analyzer": "char_wb", "ngram_range": (3, 5)}]

_SECTION = re.compile(r"\n\s*(?=[A-Z][A-Za-z ]+\n *-{3,})")
_END = re.compile(r"[.!?](?=\s|$)")
_NO_PROSE = re.compile(r"\.\. |>>>|::|---|===|^\s*[*-] |^\w+ : |=|\\|<|\|", re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """A function of scikit-image: first line of its docstring, and the prose that follows."""

    name: str
    query: str
    target: str


@lru_cache(maxsize=4)
def docstring_pairs(max_tokens: int = MAX_TOKENS) -> tuple[Pair, ...]:
    """All usable pairs of scikit-image, targets cut to whole sentences within ``max_tokens``.

    Left out: private modules, short ones, repeated queries or targets, and whatever shares
    eight consecutive words with calibration text.

    Raises
    ------
    ValueError : ``max_tokens`` is too small for a target.
    """
    if max_tokens < 2 * FEWEST[1]:
        raise ValueError(f"max_tokens: got {max_tokens}; must be at least {2 * FEWEST[1]}")
    root = Path(str(files("skimage")))
    found: dict[str, Pair] = {}
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root).as_posix()
        if not module.startswith("_") and "test" not in module:
            for pair in _pairs_of(path, max_tokens):
                found.setdefault(pair.query, pair)
    single = {pair.target: pair for pair in reversed(found.values())}
    seen = runs_of_words([*docstrings(), *map(text, CALIBRATION_TEXTS)], SHARED)
    kept = [p for p in single.values() if not runs_of_words([p.query, p.target], SHARED) & seen]
    return tuple(sorted(kept, key=lambda pair: (pair.name, pair.query)))


def _pairs_of(path: Path, max_tokens: int) -> list[Pair]:
    pairs = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        first, *sections = _SECTION.split("\n" + (ast.get_docstring(node) or ""))
        summary, _, rest = first.strip().partition("\n\n")
        notes = [part.split("\n", 2)[2] for part in sections if part.startswith("Notes\n")]
        query, target = _clean(summary), _cut(_prose("\n\n".join([rest, *notes])), max_tokens)
        if _long_enough(query, FEWEST[0]) and _long_enough(target, FEWEST[1]):
            pairs.append(Pair(node.name, _cut(query, max_tokens), target))
    return pairs


def _long_enough(prose: str, words: int) -> bool:
    return len(prose.split()) >= words


def _prose(block: str) -> str:
    """Paragraphs that are sentences: no lists, tables, formulas, code or directives."""
    paragraphs = re.split(r"\n\s*\n", block)
    prose = (p for p in paragraphs if re.match(r"[A-Z]\w*", p) and not _NO_PROSE.search(p))
    return " ".join(filter(None, (_whole(_clean(paragraph)) for paragraph in prose)))


def _whole(prose: str) -> str:
    """Up to the end of the last sentence."""
    return prose[: max((match.end() for match in _END.finditer(prose)), default=0)]


def _clean(prose: str) -> str:
    """Without roles, quotes, references and stars of the markup; white space joined."""
    prose = re.sub(r":\w+:`~?\.?([^`<]+)(<[^>]*>)?`", r"\1", prose)
    prose = re.sub(r"`+([^`]*)`+_?", r"\1", prose)
    prose = re.sub(r"(,?\s*\[\d+\]_)+|\*+", "", prose)
    return re.sub(r"\s+", " ", prose).strip()


def _cut(prose: str, max_tokens: int) -> str:
    """As many whole sentences as fit, or as many tokens where the first is too long."""
    _, tokenizer = pretrained.minilm()
    offsets = tokenizer(prose, return_offsets_mapping=True, verbose=False).offset_mapping[1:-1]
    if len(offsets) <= max_tokens - 2:
        return prose
    fitting = prose[: offsets[max_tokens - 3][1]]
    whole = _whole(fitting)
    return whole if _long_enough(whole, FEWEST[1]) else fitting


def draw_tasks(corpus: Sequence[Pair], repetitions: int, pairs: int) -> list[tuple[Pair, ...]]:
    """Pairs for every repetition; no pair occurs twice, and the order is drawn once for all.

    Raises
    ------
    ValueError : fewer than two pairs a repetition, or more than there are.
    """
    most = len(corpus) // max(1, repetitions)
    if repetitions < 1 or not 2 <= pairs <= most:
        raise ValueError(
            f"pairs: got {pairs} for each of {repetitions} repetitions; allowed are 2 to {most}"
        )
    order = torch.randperm(len(corpus), generator=seeded(102)).tolist()
    shuffled = [corpus[number] for number in order[: repetitions * pairs]]
    return [tuple(shuffled[at : at + pairs]) for at in range(0, len(shuffled), pairs)]


def texts(pairs: Sequence[Pair]) -> list[str]:
    """All queries, then all targets."""
    return [pair.query for pair in pairs] + [pair.target for pair in pairs]


def retrieval(scores: np.ndarray) -> dict[str, float]:
    """Recall at one and mean reciprocal rank from scores (queries, targets), right on the diagonal.

    Equal scores share their mean rank, so that a model which cannot tell gains nothing.

    Raises
    ------
    ValueError : not as many targets as queries.
    """
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise ValueError(f"scores: got {scores.shape}; must be as many targets as queries")
    rank = rankdata(-scores, axis=1).diagonal()
    return {"recall at 1": float((rank == 1).mean()), "MRR": float((1 / rank).mean())}


def agreement(vectors: Tensor, intact: Tensor) -> dict[str, float]:
    """How vectors of texts, (count, width), of length one, agree with the intact model's.

    "cosine": mean over texts of the cosine between both models' vectors. "Pearson" and
    "Spearman": correlation of the cosines of all pairs of texts.

    Raises
    ------
    ValueError : other shapes, or fewer than three texts.
    """
    if vectors.shape != intact.shape or len(vectors) < 3:
        raise ValueError(
            f"vectors: got {tuple(vectors.shape)}; must be {tuple(intact.shape)}, three or more"
        )
    row, column = np.triu_indices(len(vectors), 1)
    ours, theirs = ((x @ x.T).double().numpy()[row, column] for x in (vectors, intact))
    return {
        "cosine": float((vectors * intact).sum(-1).mean()),
        "Pearson": float(pearsonr(ours, theirs).statistic),
        "Spearman": float(spearmanr(ours, theirs).statistic),
    }


def baselines(tasks: Sequence[Sequence[Pair]], corpus: Sequence[Pair]) -> pd.DataFrame:
    """Retrieval without any attention, each method at the setting that does best on these tasks.

    "TF-IDF": counts of words, of pairs of words or of letters, with and without stop words and
    logarithms. "input embeddings": means of MiniLM's word embeddings, weighted by rarity or
    not, centred or not. Rarities and centres come from ``corpus``, all pairs there are; the
    choice by the test itself favours the baselines. Columns heads, seed, measure, value.
    """
    tried = {WORDS: tfidf_scores(tasks, corpus), INPUTS: embedding_scores(tasks, corpus)}
    rows = []
    for name, settings in tried.items():
        measured = [[retrieval(scores) for scores in by_task] for by_task in settings]
        best = max(measured, key=lambda by_task: sum(one["MRR"] for one in by_task))
        for seed, one in enumerate(best):
            rows += [(name, seed, measure, value) for measure, value in one.items()]
    return pd.DataFrame(rows, columns=["heads", "seed", "measure", "value"])


def tfidf_scores(tasks: Sequence[Sequence[Pair]], corpus: Sequence[Pair]) -> list[list[np.ndarray]]:
    """Scores (queries, targets) by setting and task."""
    scores = []
    for options in (*_WORD, *_LETTERS):
        for sublinear in (False, True):
            vectoriser = TfidfVectorizer(sublinear_tf=sublinear, **options).fit(texts(corpus))
            vectors = [vectoriser.transform(texts(pairs)) for pairs in tasks]
            scores.append(
                [(x[: x.shape[0] // 2] @ x[x.shape[0] // 2 :].T).toarray() for x in vectors]
            )
    return scores


def embedding_scores(
    tasks: Sequence[Sequence[Pair]], corpus: Sequence[Pair]
) -> list[list[np.ndarray]]:
    """Scores (queries, targets) by setting and task."""
    model, _ = pretrained.minilm()
    table = model.embeddings.word_embeddings.weight.detach().numpy()  # (words, width)
    everything, by_task = _counts(corpus, len(table)), [_counts(x, len(table)) for x in tasks]
    # inverse document frequency, as scikit-learn smooths it
    rarity = np.log((1 + everything.shape[0]) / (1 + (everything > 0).sum(0))) + 1
    scores = []
    for weight in (np.ones(len(table)), rarity):
        weighted = weight[:, None] * table
        for centre in (0, normalize(everything @ weighted).mean(0)):
            vectors = [normalize(normalize(x @ weighted) - centre) for x in by_task]
            scores.append([x[: len(x) // 2] @ x[len(x) // 2 :].T for x in vectors])
    return scores


def _counts(pairs: Sequence[Pair], words: int) -> csr_array:
    """How often each word of the vocabulary stands in each text, (2 x pairs, words)."""
    ids = [token_numbers(text) for text in texts(pairs)]
    row = np.repeat(np.arange(len(ids)), [len(one) for one in ids])
    column = np.concatenate(ids)
    return csr_array((np.ones(len(column)), (row, column)), (len(ids), words))
