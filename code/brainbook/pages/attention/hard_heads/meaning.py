"""What tuned hidden units stand for: the word, its place, or where the head looks.

Landmarks come from one half of some calibration passages. Each query of the other half goes to
the unit whose tuning curve answers most. How much does the number of that unit share with the
query's token, its position, the token that its head attends to most, and how far away that is?

Shared information is corrected for chance: with many units and many words, numbers that have
nothing to do with each other share information in any finite sample. For comparison, units in
random directions, centred on the mean query, of which also the one that fires most counts.
The first and the last token of a passage are marks. Whatever attends to a mark counts as one
kind of offset: how far away a mark is says only where the query stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence import pretrained
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, problem_on
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.models.features.landmarks import Landmarks, tune
from brainbook.models.features.maps import Positive

LABELS = ("token", "position", "attended token", "attended offset")
MAPS = ("tuned", "random directions")
MARK = 10_000  # stands for the offset of a passage's first or last token


def meaning(
    units: int = 256, seeds: Sequence[int] = range(5), passages: int = 30, tokens: int = 196
) -> pd.DataFrame:
    """Information that the answering unit shares with each label, for all heads.

    ``passages`` : calibration passages used, evenly spread; half to tune, half to measure. A
    seed draws the landmarks and the random directions.

    Columns map, seed, layer, head, label, and those of :func:`shared_information`.
    """
    labels = _labels(passages, tokens)
    rows = []
    for seed in seeds:
        for kind, answering in _answering(units, seed, passages, tokens).items():
            for label, values in labels.items():
                found = shared_information(answering, values, seeded(93, seed))
                layer, head = np.indices((LAYERS, HEADS)).reshape(2, -1)
                columns = {"map": kind, "seed": seed, "layer": layer, "head": head, "label": label}
                numbers = {name: x.numpy() for name, x in found.items()}
                rows.append(pd.DataFrame(columns | numbers))
    return pd.concat(rows, ignore_index=True)


def _halves(passages: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the passages to tune to and of those to measure on."""
    available = len(calibration_passages(tokens))
    if not 2 <= passages <= available:
        raise ValueError(f"passages: got {passages}; allowed are 2 to {available}")
    chosen = np.linspace(0, available - 1, passages).round().astype(int)
    return chosen[::2], chosen[1::2]


def _labels(passages: int, tokens: int) -> dict[str, Tensor]:
    """What each query of the measured half could stand for: (1 or heads of all layers, n)."""
    _, measured = _halves(passages, tokens)
    ids = torch.tensor([calibration_passages(tokens)[one] for one in measured])
    query, key, _ = problem_on(calibration_passages(tokens)).tensors
    picked = torch.cat([attended(query[measured, i], key[measured, i]) for i in range(LAYERS)], 1)
    place = torch.arange(tokens)
    to_a_mark = (picked == 0) | (picked == tokens - 1)
    words = ids.unsqueeze(1).expand_as(picked).gather(-1, picked)
    return {
        "token": ids.view(1, -1),
        "position": place.expand_as(ids).reshape(1, -1),
        "attended token": words.transpose(0, 1).flatten(1),
        "attended offset": (picked - place).masked_fill(to_a_mark, MARK).transpose(0, 1).flatten(1),
    }


def attended(query: Tensor, key: Tensor) -> Tensor:
    """Number of the key with the largest weight, (..., N)."""
    return (query @ key.mT).argmax(-1)


def _answering(units: int, seed: int, passages: int, tokens: int) -> dict[str, Tensor]:
    """Number of the unit that answers most, per map: (heads of all layers, n)."""
    by_layer = [_layer_answering(i, units, seed, passages, tokens) for i in range(LAYERS)]
    return {kind: torch.cat([found[kind] for found in by_layer]) for kind in MAPS}


def _layer_answering(
    layer: int, units: int, seed: int, passages: int, tokens: int
) -> dict[str, Tensor]:
    known, measured = _halves(passages, tokens)
    query, key, _ = problem_on(calibration_passages(tokens)).tensors
    generator = seeded(94, layer, units, seed)
    tuning = tune(query[known, layer], key[known, layer], units, generator)
    seen = query[measured, layer].transpose(0, 1).flatten(1, 2)
    return {
        MAPS[0]: Landmarks(tuning, dtype=torch.float32).tuning_curves(seen).argmax(-1),
        MAPS[1]: random_answer(seen - tuning.centre, units, generator),
    }


def random_answer(query: Tensor, units: int, generator: Generator) -> Tensor:
    """Which of ``units`` random positive features fires most, for query (heads, n, d)."""
    weight = Positive().draw(units, query.shape[-1], generator, query.shape[:1]).weight
    return (query @ weight.mT).argmax(-1)


def shared_information(unit: Tensor, label: Tensor, generator: Generator) -> dict[str, Tensor]:
    """What two numberings of the same n things share beyond chance, per head.

    unit : (heads, n). label : (heads or 1, n). Whole numbers from 0 for units, any for labels.

    adjusted : (I - E)/((H(unit) + H(label))/2 - E), adjusted mutual information (Vinh, Epps &
        Bailey 2010), with E, the information shared by chance, from one shuffle of the labels.
    explained : (I - E)/(H(unit) - E): 1 where the label settles which unit answers.
    """
    unit, label = _dense(unit), _dense(label).expand_as(unit)
    own, other = _entropy(unit), _entropy(label)
    shuffled = label[:, torch.randperm(label.shape[-1], generator=generator)]
    shared, chance = (own + other - _entropy(_paired(unit, x)) for x in (label, shuffled))
    beyond = shared - chance
    return {
        "adjusted": beyond / ((own + other) / 2 - chance),
        "explained": beyond / (own - chance),
    }


def _dense(numbers: Tensor) -> Tensor:
    """The same numbering with numbers from 0 without gaps."""
    return numbers.unique(return_inverse=True)[1]


def _paired(x: Tensor, y: Tensor) -> Tensor:
    """One number for each pair of numbers."""
    return x * (y.max() + 1) + y


def _entropy(numbers: Tensor) -> Tensor:
    """Entropy in nats of the numbers in each row, (heads, n) -> (heads,), float64."""
    n = numbers.shape[-1]
    inner = numbers.sort(-1).values
    first = torch.ones_like(inner, dtype=torch.bool)
    first[:, 1:] = inner[:, 1:] != inner[:, :-1]
    run = (first.cumsum(-1) - 1) + n * torch.arange(len(inner)).unsqueeze(-1)
    share = torch.bincount(run.flatten(), minlength=inner.numel()).view_as(inner).double() / n
    return torch.special.entr(share).sum(-1)


def telling(found: pd.DataFrame, column: str = "adjusted") -> pd.DataFrame:
    """For every label the head whose tuned units share most with it, median over seeds.

    ``found`` : of :func:`meaning`. Columns label, layer, head, and ``column``.
    """
    tuned = found[found["map"] == MAPS[0]]
    by_head = tuned.groupby(["label", "layer", "head"])[column].median().reset_index()
    best = by_head.loc[by_head.groupby("label")[column].idxmax()]
    return best.set_index("label").loc[list(LABELS)].reset_index()


def words(
    layer: int,
    head: int,
    units: int = 256,
    seed: int = 0,
    shown: int = 6,
    top: int = 4,
    passages: int = 30,
    tokens: int = 196,
) -> pd.DataFrame:
    """The units of one head that answer most often, and what they answer to.

    Columns unit, answers (queries), tokens and attended (the ``top`` commonest tokens with their
    counts, of the queries and of the keys they attend to most), position_low, position_high
    (quartiles of the queries' positions), to_a_mark (share of queries that attend to the first
    or last token most), offset (median of the attended key among the others).
    """
    flat = layer * HEADS + head
    answering = _layer_answering(layer, units, seed, passages, tokens)[MAPS[0]][head]
    labels = {name: x.expand(LAYERS * HEADS, -1) for name, x in _labels(passages, tokens).items()}
    table = pd.DataFrame({name: values[flat].numpy() for name, values in labels.items()})
    grouped = table.groupby(answering.numpy())
    rows = []
    for unit in grouped.size().nlargest(shown).index:
        part = grouped.get_group(unit)
        low, high = part["position"].quantile([0.25, 0.75])
        offset = part["attended offset"].where(part["attended offset"] != MARK)
        rows.append(
            {
                "unit": unit,
                "answers": len(part),
                "tokens": commonest(part["token"], top),
                "attended": commonest(part["attended token"], top),
                "position_low": low,
                "position_high": high,
                "to_a_mark": offset.isna().mean(),
                "offset": offset.median(),
            }
        )
    return pd.DataFrame(rows)


def commonest(ids: Sequence[int], top: int) -> str:
    """The ``top`` commonest token numbers as words with counts: "the 31, of 12"."""
    _, tokenizer = pretrained.minilm()
    counted = Counter(map(int, ids)).most_common(top)
    names = tokenizer.convert_ids_to_tokens([one for one, _ in counted])
    return ", ".join(f"{name} {count}" for name, (_, count) in zip(names, counted, strict=True))
