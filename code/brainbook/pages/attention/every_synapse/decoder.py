"""A second model: a small decoder with wide heads, trained here, read by causal circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brainbook.evidence.seeding import seeded
from brainbook.models.astrocyte.divided import causal_answers
from brainbook.models.attention.softmax import Problem, relative_error, scaled, stacked
from brainbook.models.features.landmarks import Landmarks
from brainbook.models.language.small_language_model import LanguageModel, Settings, trained

from .circuits import EACH, LEAK, POOL, RANDOM

D_HEAD = 64
SETTINGS = Settings(
    width=2 * D_HEAD, heads=2, blocks=2, window=128, epochs=4, learning_rate=3e-3, dropout=0.1
)
PIECES = 2048  # word pieces that the decoder knows; 0 stands for any other
SO_FAR = "mean of the values so far"
MARKS = 1  # at either end of a passage


def renumbered(passages: Sequence[Sequence[int]], most: int = PIECES) -> dict[int, int]:
    """New numbers, 1 to ``most`` - 1, for the commonest tokens of the passages."""
    counts = Counter(token for passage in passages for token in passage[MARKS:-MARKS])
    return {token: number for number, (token, _) in enumerate(counts.most_common(most - 1), 1)}


def tokens(passage: Sequence[int], numbers: Mapping[int, int]) -> np.ndarray:
    """A passage without its marks in new numbers, (N,)."""
    return np.array([numbers.get(token, 0) for token in passage[MARKS:-MARKS]], np.int64)


def taught(passages: Sequence[Sequence[int]], numbers: Mapping[int, int], seed: int):
    """A decoder that has read the passages one after the other."""
    text = np.concatenate([tokens(passage, numbers) for passage in passages])
    return trained(text, PIECES, seed, SETTINGS)


@torch.no_grad()
def heads_of(model: LanguageModel, text: np.ndarray) -> Problem:
    """All heads on the first window of a text: (blocks x heads, N, d_head)."""
    window = torch.as_tensor(text[: model.settings.window])
    state = model.token(window) + model.place(torch.arange(len(window)))  # (N, width)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(len(window))
    problems = []
    for block in model.blocks.layers:
        attention = block.self_attn
        joined = block.norm1(state) @ attention.in_proj_weight.mT + attention.in_proj_bias
        parts = joined.unflatten(-1, (3, model.settings.heads, -1)).permute(1, 2, 0, 3)
        query, key, value = parts  # (heads, N, d_head) each
        problems.append(Problem(*scaled(query, key), value))
        state = block(state.unsqueeze(0), src_mask=mask, is_causal=True)[0]
    return stacked(problems).flatten(0, 1)


def causal_attention(problem: Problem) -> Tensor:
    """Each token attends to itself and what comes before it: (heads, N, d_value)."""
    score = (problem.query @ problem.key.mT).double()
    return _masked((score - score.amax((-2, -1), keepdim=True)).exp(), problem.value)


def _masked(weight: Tensor, value: Tensor) -> Tensor:
    """Mean of the values of the tokens so far, by signed or positive weights (heads, N, N)."""
    kept = weight.tril()
    return (kept @ value.double() / kept.sum(-1, keepdim=True)).to(value.dtype)


def causal_errors(
    sizes: Mapping[str, Sequence[int]], known: Problem, documents: Mapping[str, Problem], draw: int
) -> pd.DataFrame:
    """Published and tuned circuits on a decoder's heads: circuit, units, document, head, error.

    Beside them the mean of the values so far, which attends to nothing, with 0 units.

    Parameters
    ----------
    sizes : units, by circuit: random units, and both that are inhibited.
    known, documents, draw : as in ``circuits.divided_errors``.
    """
    rows = []

    def add(circuit: str, units: int, name: str, output: Tensor, problem: Problem) -> None:
        errors = relative_error(output, causal_attention(problem)).tolist()
        rows.extend((circuit, units, name, head, error) for head, error in enumerate(errors))

    for name, problem in documents.items():
        alike = torch.ones(problem.query.shape[-2], problem.query.shape[-2], dtype=torch.float64)
        output = _masked(alike.expand(len(problem.query), -1, -1), problem.value)
        add(SO_FAR, 0, name, output, problem)
    for units in sizes[RANDOM]:
        drawn = torch.randn(units, known.query.shape[-1], generator=seeded(94, units, draw))
        drawn = drawn.to(known.query.dtype)
        for name, problem in documents.items():
            read, written = (
                (x @ drawn.T - x.square().sum(-1, keepdim=True) / 2).double()
                for x in (problem.query, problem.key)
            )  # (heads, N, m)
            write = (written - written.amax((-2, -1), keepdim=True)).exp()
            rates = (read - read.amax(-1, keepdim=True)).exp()
            add(RANDOM, units, name, _masked(rates @ write.mT, problem.value), problem)
    for units in sizes[EACH]:
        generator = seeded(95, units, draw)
        tuned = Landmarks.fitted(known.query, known.key, units, generator, ridge=LEAK)
        for name, problem in documents.items():
            rates = tuned.rates(problem.query)
            write = tuned.write(problem.key)[1].double()
            write = (write - write.amax((-2, -1), keepdim=True)).exp()
            add(POOL, units, name, _masked(rates @ write.mT, problem.value), problem)
            held = causal_answers(tuned.tuning.landmark, problem.key, problem.value)
            total = rates.sum(-1, keepdim=True)
            output = torch.einsum("hnm,hnmd->hnd", rates, held.double()) / total
            add(EACH, units, name, output.to(problem.value.dtype), problem)
    return pd.DataFrame(rows, columns=["circuit", "units", "document", "head", "error"])
