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
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from brainbook.evidence import pretrained, store
from brainbook.evidence.seeding import seeded
from brainbook.models.attention.minilm_heads import HEADS, LAYERS, problem_on
from brainbook.models.attention.minilm_text import Passage
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks, tune
from brainbook.models.features.maps import Positive

LABELS = ("token", "position", "attended token", "attended offset")
MAPS = ("tuned", "random directions")
MARK = 10_000  # stands for the offset of a passage's first or last token
PASSAGES = 30  # calibration passages used, evenly spread; half to tune, half to measure


@dataclass(frozen=True)
class Halves:
    """Calibration passages to tune units to, and others to measure them on.

    known, measured : (passages, layers, heads, N, d) each.
    ids : token numbers of ``measured``, (passages, N).
    """

    known: Problem
    measured: Problem
    ids: Tensor

    @classmethod
    def of(cls, calibration: Sequence[Passage], passages: int) -> Halves:
        """``passages`` of the calibration passages, evenly spread.

        Raises
        ------
        ValueError : ``passages`` is below 2, or more than there are.
        """
        if not 2 <= passages <= len(calibration):
            raise ValueError(f"passages: got {passages}; allowed are 2 to {len(calibration)}")
        chosen = np.linspace(0, len(calibration) - 1, passages).round().astype(int)
        text, known, measured = problem_on(calibration), chosen[::2], chosen[1::2]
        return cls(text[known], text[measured], torch.tensor(calibration)[measured])


@store.kept
def measure_meaning(
    calibration: Sequence[Passage], units: int, seeds: Sequence[int], passages: int = PASSAGES
) -> pd.DataFrame:
    """Page attention/hard_heads, figure draw_meaning: what the answering unit shares with labels.

    Parameters
    ----------
    calibration : passages, half of them to fit to.
    units : hidden units a head.
    seeds : each draws the landmarks and the random directions.
    passages : how many are used.

    Columns
    -------
    map : one of ``MAPS``.
    seed, layer, head : from 0.
    label : one of ``LABELS``.
    adjusted, explained : :func:`shared_information`.
    """
    halves = Halves.of(calibration, passages)
    labels = query_labels(halves)
    layer, head = np.indices((LAYERS, HEADS)).reshape(2, -1)
    frames = []
    for seed in seeds:
        by_layer = [answering_units(halves, i, units, seed) for i in range(LAYERS)]
        for kind in MAPS:
            answering = torch.cat([one[kind] for one in by_layer])  # (layers x heads, n)
            for label, values in labels.items():
                shared = shared_information(answering, values, seeded(93, seed))
                place = {"map": kind, "seed": seed, "layer": layer, "head": head, "label": label}
                numbers = {name: x.numpy() for name, x in shared.items()}
                frames.append(pd.DataFrame(place | numbers))
    return pd.concat(frames, ignore_index=True)


def query_labels(halves: Halves) -> dict[str, Tensor]:
    """What each measured query could stand for: (1 or layers x heads, passages x N)."""
    ids, (query, key, _) = halves.ids, halves.measured.tensors
    tokens = ids.shape[-1]
    picked = torch.cat([attended(query[:, i], key[:, i]) for i in range(LAYERS)], 1)
    # picked: (passages, layers x heads, N), number of the attended key
    place = torch.arange(tokens)
    to_a_mark = (picked == 0) | (picked == tokens - 1)
    words = ids.unsqueeze(1).expand_as(picked).gather(-1, picked)
    offset = (picked - place).masked_fill(to_a_mark, MARK)
    return {
        "token": ids.reshape(1, -1),
        "position": place.expand_as(ids).reshape(1, -1),
        "attended token": words.transpose(0, 1).flatten(1),  # (layers x heads, passages x N)
        "attended offset": offset.transpose(0, 1).flatten(1),
    }


def attended(query: Tensor, key: Tensor) -> Tensor:
    """Number of the key with the largest weight, (..., N)."""
    return (query @ key.mT).argmax(-1)


def answering_units(halves: Halves, layer: int, units: int, seed: int) -> dict[str, Tensor]:
    """Number of the unit that answers each measured query most, by map: (heads, passages x N)."""
    known, generator = halves.known[:, layer], seeded(94, layer, units, seed)
    tuning = tune(known.query, known.key, units, generator)
    seen = halves.measured.query[:, layer].transpose(0, 1).flatten(1, 2)  # (heads, n, d)
    return {
        MAPS[0]: Landmarks(tuning, dtype=torch.float32).tuning_curves(seen).argmax(-1),
        MAPS[1]: random_answer(seen - tuning.centre, units, generator),
    }


def random_answer(query: Tensor, units: int, generator: Generator) -> Tensor:
    """Which of ``units`` random positive features fires most, (heads, n), for (heads, n, d)."""
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
    own, other = _entropy(unit), _entropy(label)  # H(unit), H(label), (heads,)
    shuffled = label[:, torch.randperm(label.shape[-1], generator=generator)]
    # I = H(unit) + H(label) - H(unit, label); E the same with shuffled labels
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
    ascending = numbers.sort(-1).values
    first = torch.ones_like(ascending, dtype=torch.bool)
    first[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    # every run of equal numbers gets a number of its own, over all rows
    run = (first.cumsum(-1) - 1) + n * torch.arange(len(ascending)).unsqueeze(-1)
    count = torch.bincount(run.flatten(), minlength=ascending.numel()).view_as(ascending)
    return torch.special.entr(count.double() / n).sum(-1)


def clearest_heads(meaning: pd.DataFrame) -> pd.DataFrame:
    """The head whose tuned units share most with each label: columns label, layer, head, adjusted.

    ``meaning`` : of :func:`measure_meaning`; ``adjusted`` is the median over seeds. A row a
    label, in the order of ``LABELS``.
    """
    tuned = meaning[meaning["map"] == MAPS[0]]
    by_head = tuned.groupby(["label", "layer", "head"])["adjusted"].median().reset_index()
    best = by_head.loc[by_head.groupby("label")["adjusted"].idxmax()]
    return best.set_index("label").loc[list(LABELS)].reset_index()


@store.kept
def measure_words(
    calibration: Sequence[Passage],
    units: int,
    heads: Sequence[tuple[int, int]],
    shown: int = 3,
    top: int = 3,
    passages: int = PASSAGES,
    seed: int = 0,
) -> pd.DataFrame:
    """Page attention/hard_heads, the table beside figure draw_meaning: busiest units.

    Parameters
    ----------
    calibration, units, passages : as in :func:`measure_meaning`.
    heads : layer and head of each.
    shown : units a head, those that answer most often.
    top : tokens a unit, the commonest.
    seed : draws the landmarks.

    Columns
    -------
    head : "layer.head".
    tokens : commonest tokens of the queries that the unit answers, with counts.
    attended : the same of the keys that these queries attend to most.
    positions : middle half of the queries' positions.
    answers : how many queries the unit answers.
    """
    halves = Halves.of(calibration, passages)
    labels = query_labels(halves)
    rows = []
    for layer, head in heads:
        answering = answering_units(halves, layer, units, seed)[MAPS[0]][head]  # (n,)
        own = layer * HEADS + head
        table = pd.DataFrame(
            {name: values[min(own, len(values) - 1)].numpy() for name, values in labels.items()}
        )
        grouped = table.groupby(answering.numpy())
        for unit in grouped.size().nlargest(shown).index:
            part = grouped.get_group(unit)
            low, high = part["position"].quantile([0.25, 0.75]).round().astype(int)
            rows.append(
                {
                    "head": f"{layer}.{head}",
                    "tokens": commonest(part["token"], top),
                    "attended": commonest(part["attended token"], top),
                    "positions": f"{low} to {high}",
                    "answers": len(part),
                }
            )
    return pd.DataFrame(rows)


def commonest(ids: Sequence[int], top: int) -> str:
    """The ``top`` commonest token numbers as words with counts: "the 31, of 12"."""
    _, tokenizer = pretrained.minilm()
    counted = Counter(map(int, ids)).most_common(top)
    names = tokenizer.convert_ids_to_tokens([one for one, _ in counted])
    return ", ".join(f"{name} {count}" for name, (_, count) in zip(names, counted, strict=True))
