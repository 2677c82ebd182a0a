"""Text encoders of the BERT family as tables of operations."""

from __future__ import annotations

import pandas as pd

from . import layers
from .counts import dense_counts


def text_transformer(
    depth: int,
    width: int,
    heads: int,
    tokens: int,
    *,
    mlp_ratio: int = 4,
    vocabulary: int = 30522,
    positions: int = 512,
    types: int = 2,
    pooler: bool = False,
    counts: bool = False,
) -> pd.DataFrame:
    """A BERT encoder: embeddings, ``depth`` softmax blocks, a pooler.

    ``12·N·width² + 2·N²·width`` MACs a block at the ratio 4 (Devlin et al. 2019, section 3).

    Parameters
    ----------
    depth, width, heads : blocks, channels, heads of a block.
    tokens : length of the text, N.
    mlp_ratio : hidden units of a block's perceptron over its width.
    vocabulary, positions, types : rows of the three tables, looked up and not multiplied.
    pooler : add the map of the first token.
    counts : return the counts of one inference, ready for ``estimate``.

    Raises
    ------
    ValueError : a size below 1, a width that the heads do not divide, more tokens than
        positions.
    """
    layers.positive(depth=depth, width=width, heads=heads, tokens=tokens, mlp_ratio=mlp_ratio)
    if width % heads:
        raise ValueError(f"width: got {width}; must be a multiple of heads ({heads})")
    if tokens > positions:
        raise ValueError(f"tokens: got {tokens}; the position table has {positions}")
    tables = {"word": vocabulary, "type": types, "position": positions}
    rows = [layers.embedding(f"embedding.{k}", tokens, n, width) for k, n in tables.items()]
    for block in range(depth):
        name = f"block.{block}"
        rows += layers.projections(name, layers.QKV, tokens, width, bias=True)
        rows += layers.attention(name, tokens, width, heads)
        rows += layers.after_attention(name, tokens, width, mlp_ratio)
    if pooler:
        rows.append(layers.linear("pooler", 1, width, width, bias=True))
    table = pd.DataFrame(rows)
    return dense_counts(table) if counts else table
