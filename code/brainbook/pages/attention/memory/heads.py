"""Heads of a pretrained transformer read as modern Hopfield networks.

Keys are the stored patterns, queries the states, beta is one, because both are divided by
d^(1/4). A page of text is one memory: its keys are stored when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from transformers import BertModel

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import TEST_TEXTS, text
from brainbook.models.attention.minilm_heads import heads_on, record
from brainbook.models.attention.minilm_text import passages_of, token_numbers
from brainbook.models.attention.softmax import Problem
from brainbook.models.memory.modern_hopfield import iterate, keys_holding, uniform_keys, weights

CLASSES = ("I", "II", "III", "IV")
BOUNDS = (1 / 2, 1 / 8, 1 / 32)  # of the number of tokens, Ramsauer et al. (2021)
SAME = 1e-2  # relative distance below which two end states count as one
STORED = 0.9  # weight on the key itself from which it counts as retrieved


def operating_class(share: np.ndarray | float) -> np.ndarray:
    """Class of a head whose median count of keys is ``share`` times the number of tokens.

    I: more than 1/2 (averages over very many), II: more than 1/8, III: more than 1/32,
    IV: the rest (few keys, or one), as defined by Ramsauer et al. (2021).
    """
    share = np.asarray(share, float)
    conditions = [share > bound for bound in BOUNDS]
    return np.select(conditions, CLASSES[:3], CLASSES[3])


def long_texts(tokens: int) -> list[str]:
    """Test documents that fill a passage of so many tokens.

    Raises
    ------
    ValueError : fewer than three do, or MiniLM cannot read so many tokens.
    """
    limit = pretrained.minilm()[0].config.max_position_embeddings
    names = [name for name in TEST_TEXTS if len(token_numbers(text(name))) + 2 >= tokens]
    if tokens > limit or len(names) < 3:
        raise ValueError(f"tokens: got {tokens}; allowed is up to {limit}, and three documents")
    return names


def read(names: Sequence[str], tokens: int) -> dict[str, Problem]:
    """By document, all heads of MiniLM on its first passage of so many tokens."""
    return {name: heads_on(passages_of([name], tokens, 1)[0]).problem for name in names}


def read_untrained(names: Sequence[str], tokens: int) -> dict[str, Problem]:
    """The same with random weights in a BERT of MiniLM's shape, other weights a document."""
    model, _ = pretrained.minilm()
    problems = {}
    for seed, name in enumerate(names):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            fresh = BertModel(model.config, add_pooling_layer=False).eval()
        ids = torch.tensor([passages_of([name], tokens, 1)[0]])
        problems[name] = record(fresh, input_ids=ids).problem
    return problems


def _rows(query: Tensor, key: Tensor, **labels) -> pd.DataFrame:
    """Median over queries of the keys that hold 90%, for every head (layers, heads, N, d_head)."""
    keys = keys_holding(weights(query, key)).double().quantile(0.5, dim=-1)  # (layers, heads)
    layer, head = np.indices(keys.shape)
    frame = pd.DataFrame({"layer": layer.ravel(), "head": head.ravel(), "keys": keys.ravel()})
    return frame.assign(tokens=query.shape[-2], **labels)


def keys_table(
    trained: Mapping[int, Mapping[str, Problem]], untrained: Mapping[str, Problem]
) -> pd.DataFrame:
    """Keys that hold 90% of the weight, median over queries, for every head and document.

    Parameters
    ----------
    trained : by number of tokens and document, heads of the trained model.
    untrained : by document, heads of a model with random weights.

    Columns
    -------
    layer, head, tokens, document : where.
    weights : trained or untrained.
    keys : how many hold 90%.
    share : keys over tokens.
    uniform : keys that uniform weights would need.
    regime : operating class of the share.
    """
    tables = []
    for name, fresh in untrained.items():
        for documents in trained.values():
            one = documents[name]
            tables.append(_rows(one.query, one.key, document=name, weights="trained"))
        tables.append(_rows(fresh.query, fresh.key, document=name, weights="untrained"))
    table = pd.concat(tables, ignore_index=True)
    table["share"] = table["keys"] / table["tokens"]
    table["uniform"] = table["tokens"].map(uniform_keys)
    return table.assign(regime=operating_class(table["share"]))


def _distinct(states: Tensor) -> Tensor:
    """Number of different vectors among (..., B, d), up to ``SAME`` of their mean length."""
    close = torch.cdist(states, states) < SAME * states.norm(dim=-1).mean(-1)[..., None, None]
    first = close.int().argmax(-1)
    return (first == torch.arange(states.shape[-2])).sum(-1)


def iteration_table(documents: Mapping[str, Problem], updates: Sequence[int]) -> pd.DataFrame:
    """Keys that hold 90% when attention is iterated: q <- softmax(q K^T) K.

    Columns
    -------
    document, layer, head, tokens : where.
    updates : made before the weights are read; 0 is the head's own attention.
    keys : how many hold 90%, median over queries.
    """
    tables = []
    for name, one in documents.items():
        state, made = one.query, 0
        for count in sorted(updates):
            state, made = iterate(state, one.key, count - made), count
            tables.append(_rows(state, one.key, document=name, updates=count))
    return pd.concat(tables, ignore_index=True)


def storage_table(documents: Mapping[str, Problem], updates: int) -> pd.DataFrame:
    """What iteration ends in, for every head and document.

    Columns
    -------
    document, layer, head : where.
    ends : different end states over all queries.
    stored : share of keys that return to themselves when started there.
    nearest : share of end states with 90% of the weight on one key.
    moved : largest relative step of the last update.
    """
    tables = []
    for name, one in documents.items():
        key = one.key.double()  # (layers, heads, N, d_head)
        end = iterate(one.query.double(), key, updates)
        weight = weights(end, key)  # (layers, heads, N, N)
        moved = (weight @ key - end).norm(dim=-1) / end.norm(dim=-1)
        own = weights(iterate(key, key, updates), key).diagonal(dim1=-2, dim2=-1)
        frame = pd.DataFrame(
            {
                "ends": _distinct(end).ravel(),
                "stored": (own > STORED).double().mean(-1).ravel(),
                "nearest": (weight.amax(-1) > STORED).double().mean(-1).ravel(),
                "moved": moved.amax(-1).ravel(),
            }
        )
        layer, head = np.indices(key.shape[:2])
        tables.append(frame.assign(layer=layer.ravel(), head=head.ravel(), document=name))
    return pd.concat(tables, ignore_index=True)


@torch.no_grad()
def attention_gaps(tokens: int = 64) -> dict[str, float]:
    """Largest differences between Hopfield updates and MiniLM's attention, float64.

    minilm: weights of all 72 heads against those that the transformers library returns.
    values: the same weights over the values against the input of each output projection.
    """
    model, _ = pretrained.minilm(torch.float64)
    inputs = {"input_ids": torch.tensor([token_numbers(text(TEST_TEXTS[0]))[:tokens]])}
    heads = record(model, **inputs).problem
    seen: list[Tensor] = []
    hooks = [
        layer.attention.output.dense.register_forward_hook(
            lambda _module, given, _output: seen.append(given[0][0])
        )
        for layer in model.encoder.layer
    ]
    try:
        theirs = torch.cat(model(**inputs, output_attentions=True).attentions)
    finally:
        for hook in hooks:
            hook.remove()
    ours = weights(heads.query, heads.key)
    joined = (ours @ heads.value).transpose(1, 2).flatten(-2)
    return {
        "minilm": (ours - theirs).abs().max().item(),
        "values": (joined - torch.stack(seen)).abs().max().item(),
    }
