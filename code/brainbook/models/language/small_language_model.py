"""A small causal transformer that learns to predict the next word piece of docstrings.

One block with learned positions, a feed-forward network of four times the width, norms before
each part, and an output layer that shares its weights with the embedding. It reads a window of
tokens. The learning rate is the one of 0.003, 0.01, 0.02 and 0.03 with the least perplexity on
validation text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from brainbook.models.digits.training import joined_groups, seeded


@dataclass(frozen=True)
class Settings:
    """Shape and training of the model."""

    width: int = 64
    heads: int = 4
    blocks: int = 1
    window: int = 32
    dropout: float = 0.2
    epochs: int = 5
    batch_size: int = 16
    learning_rate: float = 1e-2
    weight_decay: float = 0.1
    warm_up: float = 0.1


SETTINGS = Settings()


class LanguageModel(nn.Module):
    """Token numbers (batch, N) to states (batch, N, width); N is at most the window."""

    def __init__(self, vocabulary: int, settings: Settings = SETTINGS) -> None:
        super().__init__()
        width = settings.width
        self.settings = settings
        self.token = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(settings.window, width)
        layer = nn.TransformerEncoderLayer(
            width,
            settings.heads,
            dim_feedforward=4 * width,
            dropout=settings.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(
            layer, settings.blocks, nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.token.weight, std=width**-0.5)
        nn.init.normal_(self.place.weight, std=width**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """States after each token."""
        length = tokens.shape[-1]
        x = self.token(tokens) + self.place(torch.arange(length))  # (batch, N, width)
        x = dropout(x, self.settings.dropout, self.training)
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.blocks(x, mask=mask, is_causal=True)

    def logits(self, states: Tensor) -> Tensor:
        """(…, vocabulary)"""
        return states @ self.token.weight.T + self.bias


def windows(tokens: Tensor, length: int, offset: int = 0) -> tuple[Tensor, Tensor]:
    """Inputs and following tokens, (count, length), from consecutive windows."""
    usable = (len(tokens) - 1 - offset) // length * length
    body = tokens[offset : offset + usable + 1]
    return body[:-1].unflatten(0, (-1, length)), body[1:].unflatten(0, (-1, length))


def train(model: LanguageModel, tokens: np.ndarray, seed: int, epochs: int, rate: float) -> None:
    """AdamW with warm-up and cosine decay; windows start at another offset in each epoch.

    Parameters
    ----------
    model : trained in place, and left in evaluation mode.
    tokens : the text, (N,).
    seed : of the offsets, the order of the windows and dropout.
    epochs : passes over the text.
    rate : the highest learning rate.

    Raises
    ------
    ValueError : the text does not fill two windows.
    """
    settings, text = model.settings, torch.as_tensor(tokens)
    if len(text) <= 2 * settings.window:
        raise ValueError(f"tokens: got {len(text)}; more than {2 * settings.window} are needed")
    generator = torch.Generator().manual_seed(seed)
    batches = math.ceil((len(text) // settings.window) / settings.batch_size)
    steps, warm = epochs * batches, max(1, round(settings.warm_up * epochs * batches))

    def schedule(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1, (step - warm) / max(1, steps - warm))))

    optimiser = torch.optim.AdamW(joined_groups(model, settings.weight_decay), lr=rate)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, schedule)
    model.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of dropout
        for _ in range(epochs):
            start = int(torch.randint(settings.window, (), generator=generator))
            source, target = windows(text, settings.window, start)
            order = torch.randperm(len(source), generator=generator)
            for batch in order.split(settings.batch_size):
                logits = model.logits(model(source[batch]))
                loss = cross_entropy(logits.flatten(0, 1), target[batch].flatten())
                optimiser.zero_grad(set_to_none=False)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                scheduler.step()
    model.eval()


def trained(tokens: np.ndarray, vocabulary: int, seed: int, settings: Settings) -> LanguageModel:
    """A new model, trained on a text."""
    model = seeded(lambda: LanguageModel(vocabulary, settings), seed)
    train(model, tokens, seed, settings.epochs, settings.learning_rate)
    return model


@torch.no_grad()
def read(model: LanguageModel, tokens: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """States (N - half, width) before each token, and the model's probability of that token.

    Windows overlap by half, and only their second half is kept: a prediction sees between half
    a window and a whole one. The first half window has no prediction.

    Raises
    ------
    ValueError : the text does not fill a window.
    """
    text, half = torch.as_tensor(tokens), model.settings.window // 2
    if len(text) <= 2 * half:
        raise ValueError(f"tokens: got {len(text)}; more than {2 * half} are needed")
    starts = torch.arange(0, len(text) - 2 * half, half)
    starts = torch.cat([starts, torch.tensor([len(text) - 2 * half])])
    states = torch.empty(len(text), model.settings.width)
    for block in starts.split(256):
        place = block[:, None] + torch.arange(2 * half)  # (windows, window)
        states[place[:, half - 1 :]] = model(text[place])[:, half - 1 :]
    states, target = states[half - 1 : -1], text[half:]
    likely = [
        model.logits(state).log_softmax(-1).gather(-1, after[:, None])[:, 0].exp()
        for state, after in zip(states.split(2048), target.split(2048), strict=True)
    ]
    return states, torch.cat(likely).double().numpy()
