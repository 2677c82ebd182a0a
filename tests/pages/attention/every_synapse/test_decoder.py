"""The second model: its heads, its attention, and circuits that read while they write."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from brainbook.evidence.seeding import seeded
from brainbook.models.attention.softmax import Problem
from brainbook.models.features.landmarks import Landmarks
from brainbook.models.language.small_language_model import LanguageModel
from brainbook.pages.attention.every_synapse.circuits import EACH, LEAK, POOL, RANDOM
from brainbook.pages.attention.every_synapse.decoder import (
    D_HEAD,
    PIECES,
    SETTINGS,
    SO_FAR,
    causal_attention,
    causal_errors,
    heads_of,
    renumbered,
    taught,
    tokens,
)

UNITS = 10


@pytest.fixture(scope="module")
def untrained() -> LanguageModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LanguageModel(50, SETTINGS).eval()


def causal(problem: Problem) -> torch.Tensor:
    return scaled_dot_product_attention(*problem.tensors, is_causal=True, scale=1.0)


def test_heads_are_those_that_the_model_itself_reads_with(untrained):
    text = np.arange(40) % 50
    seen = []
    hooks = [
        block.self_attn.register_forward_hook(lambda _module, _given, made: seen.append(made[0]))
        for block in untrained.blocks.layers
    ]
    untrained(torch.as_tensor(text).unsqueeze(0))  # with gradients: no fused path past the hooks
    for hook in hooks:
        hook.remove()
    problem = heads_of(untrained, text)
    assert problem.query.shape == (SETTINGS.blocks * SETTINGS.heads, 40, D_HEAD)
    outputs = causal(problem).unflatten(0, (SETTINGS.blocks, SETTINGS.heads))
    for block, heads, attended in zip(untrained.blocks.layers, outputs, seen, strict=True):
        joined = block.self_attn.out_proj(heads.transpose(0, 1).flatten(1))  # (N, width)
        torch.testing.assert_close(joined, attended[0], rtol=1e-4, atol=1e-6)


def test_a_text_is_read_up_to_the_window(untrained):
    long = np.arange(300) % 50
    problem = heads_of(untrained, long)
    assert problem.query.shape[1] == SETTINGS.window
    short = heads_of(untrained, long[:30])
    torch.testing.assert_close(problem.query[:, :30], short.query, rtol=1e-4, atol=1e-5)


def test_attention_looks_back_only(small):
    problem = small[1]["one"]
    expected = causal(problem)
    torch.testing.assert_close(causal_attention(problem), expected, rtol=1e-10, atol=1e-12)


def test_the_commonest_pieces_get_numbers_and_marks_none():
    passages = [(1, 7, 7, 8, 9, 2), (1, 7, 8, 5, 2)]
    numbers = renumbered(passages, most=3)
    assert numbers == {7: 1, 8: 2}
    assert tokens(passages[0], numbers).tolist() == [1, 1, 2, 0]
    assert tokens((1, 8, 4, 7, 2), numbers).tolist() == [2, 0, 1]
    assert set(renumbered(passages)) == {7, 8, 9, 5}


def test_the_seed_decides_what_is_taught_and_text_is_learned():
    passages = [(1, *(2 + (7 * start + step) % 40 for step in range(62)), 2) for start in range(10)]
    numbers = renumbered(passages)
    model, again, other = (taught(passages, numbers, seed) for seed in (0, 0, 1))
    text = tokens(passages[0], numbers)
    query = [heads_of(one, text).query for one in (model, again, other)]
    assert query[0].equal(query[1]) and not query[0].equal(query[2])
    assert len(model.token.weight) == PIECES and not model.training
    line = torch.as_tensor(text).unsqueeze(0)
    logits = model.logits(model(line)[0, :-1])
    assert torch.nn.functional.cross_entropy(logits, line[0, 1:]) < np.log(PIECES) - 1


def by_hand(problem: Problem, rates: np.ndarray, written: np.ndarray, each: bool) -> list[float]:
    """Relative errors by head, token after token; rates and what keys write, (heads, N, m)."""
    found = []
    for head in range(len(problem.query)):
        q, k, v = (x[head].double().numpy() for x in problem.tensors)
        output, exact = np.empty_like(v), np.empty_like(v)
        for t in range(len(q)):
            f, rho = written[head, : t + 1], rates[head, t]
            held, trace = f.T @ v[: t + 1], f.sum(0)  # (m, d), (m,)
            if each:
                output[t] = rho @ (held / trace[:, None]) / rho.sum()
            else:
                output[t] = rho @ held / (rho @ trace)
            weight = np.exp(k[: t + 1] @ q[t])
            exact[t] = weight @ v[: t + 1] / weight.sum()
        found.append(np.linalg.norm(output - exact) / np.linalg.norm(exact))
    return found


def test_errors_are_those_of_circuits_run_token_by_token(small):
    known = Problem(*(x.float() for x in small[0].tensors))
    documents = {name: Problem(*(x.float() for x in one.tensors)) for name, one in small[1].items()}
    frame = causal_errors({RANDOM: [UNITS], EACH: [UNITS]}, known, documents, draw=5)
    alike = frame["circuit"] == SO_FAR
    assert frame["units"].eq(UNITS * ~alike).all() and len(frame) == 4 * 2 * 2
    tuned = Landmarks.fitted(known.query, known.key, UNITS, seeded(95, UNITS, 5), ridge=LEAK)
    drawn = torch.randn(UNITS, known.query.shape[-1], generator=seeded(94, UNITS, 5)).numpy()
    landmark, usual = (x.numpy() for x in (tuned.tuning.landmark, tuned.tuning.log_scale))
    for name, problem in documents.items():
        q, k = problem.query.double().numpy(), problem.key.double().numpy()
        published = [np.exp(x @ drawn.T - (x**2).sum(-1, keepdims=True) / 2) for x in (q, k)]
        rates = tuned.rates(problem.query).numpy()
        written = np.exp(np.einsum("hmd,hnd->hnm", landmark, k) - usual[:, None])
        expected = {
            RANDOM: by_hand(problem, *published, each=False),
            POOL: by_hand(problem, rates, written, each=False),
            EACH: by_hand(problem, rates, written, each=True),
            SO_FAR: by_hand(problem, np.ones_like(rates), np.ones_like(written), each=False),
        }
        for circuit, errors in expected.items():
            rows = frame[(frame["circuit"] == circuit) & (frame["document"] == name)]
            assert rows["head"].tolist() == [0, 1]
            assert rows["error"].tolist() == pytest.approx(errors, rel=1e-4)
