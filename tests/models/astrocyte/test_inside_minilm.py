"""MiniLM with its heads replaced while it runs: against the model, its publisher's own tool,
and a chain of blocks put together by hand."""

import pytest
import torch
from sentence_transformers import SentenceTransformer

from brainbook.evidence import pretrained
from brainbook.evidence.datasets import TEST_TEXTS, text
from brainbook.models.astrocyte import inside_minilm as inside
from brainbook.models.astrocyte.inside_minilm import (
    LAYERS,
    Circuit,
    encode,
    exact,
    hidden_states,
    uniform,
)
from brainbook.models.attention.minilm_heads import block_output, problem_on, record
from brainbook.models.attention.minilm_text import calibration_passages
from brainbook.models.attention.softmax import softmax_attention
from brainbook.models.features.landmarks import Landmarks, Tuning, key_metric, usual_log_normaliser
from brainbook.models.features.maps import Positive

TEXTS = [
    "Compute the shape index.",
    "Blobs are found with the difference of two Gaussians.",
    "For each blob found, the method returns its coordinates and the width of the kernel.",
    "No.",
    "Compute the image index.",
]
INTACT = (exact,) * LAYERS


def ids_of(sentence: str) -> torch.Tensor:
    _, tokenizer = pretrained.minilm()
    return tokenizer(sentence, return_tensors="pt").input_ids


@pytest.fixture(scope="module")
def few_passages():
    """Short ones, so that fits are quick."""
    return calibration_passages(48, 12)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 5e-5)])
def test_exact_attention_through_the_same_path_is_the_intact_model(dtype, close):
    model, _ = pretrained.minilm(dtype)
    for one in TEXTS:
        with torch.no_grad():
            own = model(input_ids=ids_of(one), output_hidden_states=True).hidden_states
        ours = hidden_states(ids_of(one), INTACT, dtype)
        assert (ours - torch.stack(own, 1)).abs().max() < close


def test_mean_ablated_heads_say_the_same_to_every_token_and_text(few_passages):
    layers = inside.mean_ablated(few_passages)
    known = problem_on(few_passages)[:, 1]
    mean = known.exact()[0].mean((0, 2))  # (heads, d)
    for length in (3, 5):
        said = layers[1](*torch.randn(3, 2, 12, length, 32))
        assert torch.allclose(said, mean.unsqueeze(-2).expand(2, 12, length, 32), atol=1e-6)
    assert len(layers) == LAYERS


def test_vectors_are_those_of_the_models_own_library():
    """Which pads its batches, and reads pooling and normalisation from the model's files."""
    theirs = SentenceTransformer(
        str(pretrained.minilm_folder()), device="cpu", local_files_only=True
    ).encode(TEXTS, convert_to_tensor=True)
    assert (encode(TEXTS).vectors - theirs).abs().max() < 1e-5


def test_texts_together_are_as_texts_alone():
    together = encode(TEXTS, dtype=torch.float64)
    for number, one in enumerate(TEXTS):
        alone = encode([one], dtype=torch.float64)
        assert torch.allclose(together.vectors[number], alone.vectors[0], atol=1e-12)
        assert torch.allclose(together.states[number], alone.states[0], atol=1e-10)


def test_the_shared_model_stays_as_it_was():
    inside._open_model.cache_clear()
    model, _ = pretrained.minilm(torch.float32)
    with torch.no_grad():
        before = model(input_ids=ids_of(TEXTS[0])).last_hidden_state
    encode(TEXTS, (uniform,) * LAYERS)
    assert model.config._attn_implementation == "eager"
    with torch.no_grad():
        assert torch.equal(before, model(input_ids=ids_of(TEXTS[0])).last_hidden_state)
    opened = dict(inside._open_model(torch.float32).named_parameters())
    for name, weight in model.named_parameters():
        assert opened[name].data_ptr() == weight.data_ptr()


def test_errors_build_up_as_in_a_chain_of_blocks():
    """Uniform heads, block after block by hand, each block fed with the one before it."""
    model, _ = pretrained.minilm(torch.float64)
    ids = ids_of(TEXTS[2])
    ours = hidden_states(ids, (uniform,) * LAYERS, torch.float64)[0]
    with torch.no_grad():
        hidden = model.embeddings(input_ids=ids)[0]
        for layer in range(LAYERS):
            assert torch.allclose(ours[layer], hidden, atol=1e-10)
            value = model.encoder.layer[layer].attention.self.value(hidden)
            heads = value.unflatten(-1, (12, 32)).transpose(0, 1).mean(-2, keepdim=True)
            hidden = block_output(layer, heads.expand(-1, len(hidden), -1), hidden)
    assert torch.allclose(ours[-1], hidden, atol=1e-10)


def own_landmarks(layer: int, query: torch.Tensor, key: torch.Tensor) -> Landmarks:
    """A unit for every query of the text itself: outside of the allowed class, and exact."""
    metric = key_metric(query[None], key[None])
    centre = query.mean(-2, keepdim=True)
    tuning = Tuning(query, usual_log_normaliser(query, key[None]), centre, metric)
    return Landmarks(tuning, ridge=1e-9)


def test_circuits_that_know_the_text_leave_the_running_model_as_it_is():
    model, _ = pretrained.minilm(torch.float64)
    seen = record(model, input_ids=ids_of(TEXTS[2])).problem
    maps = [own_landmarks(layer, seen.query[layer], seen.key[layer]) for layer in range(LAYERS)]
    layers = [Circuit(one, one.units) for one in maps]
    ours = encode([TEXTS[2]], layers, torch.float64)
    assert ours.drift(encode([TEXTS[2]], dtype=torch.float64)).max() < 1e-4


def test_settled_rates_are_the_lateral_networks():
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 6, 3, 40, 8, generator=generator, dtype=torch.float64)
    tuned = Landmarks.fitted(query, key, 50, generator)
    for inputs in (query, query[0], query[:, None]):
        assert torch.allclose(inside.Settled(tuned).rates(inputs), tuned.rates(inputs), atol=1e-10)


def test_units_in_blocks_read_as_units_at_once():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 2, 12, 9, 32, generator=generator, dtype=torch.float64)
    units = Positive().draw(100, 32, generator, (12,), torch.float64)
    whole = Circuit(Positive(), units)(query, key, value)
    phi = Positive()(query, units) @ Positive()(key, units).mT
    assert torch.allclose(whole, phi @ value / phi.sum(-1, keepdim=True), atol=1e-9)
    in_blocks = Circuit(Positive(), units, block=7)(query, key, value)
    assert torch.allclose(in_blocks, whole, atol=1e-12)


def test_one_layer_leaves_those_before_it_alone():
    intact = encode(TEXTS)
    for layer in (0, 3, 5):
        drift = encode(TEXTS, inside.only((uniform,) * LAYERS, layer)).drift(intact)
        assert drift[:, : layer + 1].max() == 0
        assert drift[:, layer + 1 :].min() > 0


@pytest.mark.parametrize("kind", inside.KINDS)
def test_the_seed_makes_the_circuits(few_passages, kind):
    first, again, other = (inside.fitted_layers(16, seed, few_passages, kind) for seed in (0, 0, 1))
    assert len(first) == LAYERS
    for layer in range(LAYERS):
        assert first[layer].units.weight.shape == (12, 16, 32)
        assert torch.equal(first[layer].units.weight, again[layer].units.weight)
        assert not torch.equal(first[layer].units.weight, other[layer].units.weight)
    vectors = [encode(TEXTS, layers).vectors for layers in (first, again, other)]
    assert torch.equal(*vectors[:2])
    assert not torch.equal(vectors[0], vectors[2])


def test_more_tuned_units_drift_less_and_all_less_than_uniform_heads(few_passages):
    """On text that is not among the passages: the sentences above and a test document."""
    texts = [*TEXTS, text(TEST_TEXTS[0])[:400]]
    intact = encode(texts)
    drift = [encode(texts, (uniform,) * LAYERS).drift(intact)]
    drift += [
        encode(texts, inside.fitted_layers(m, 0, few_passages)).drift(intact) for m in (32, 512)
    ]
    at_end = [one[:, -1].median() for one in drift]
    assert at_end[0] > 1.3 * at_end[1] > 1.3**2 * at_end[2]


def test_softmax_is_what_exact_heads_compute():
    query, key, value = torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(1))
    output, _ = softmax_attention(query, key, value)
    assert torch.equal(exact(query, key, value), output)


def test_what_cannot_be_run_is_refused(few_passages):
    _, tokenizer = pretrained.minilm()
    padded = tokenizer(TEXTS[:2], padding=True, return_tensors="pt").input_ids
    with pytest.raises(ValueError, match="input_ids"):
        hidden_states(padded, INTACT)
    with pytest.raises(ValueError, match="layers"):
        encode(TEXTS, INTACT[:2])
    with pytest.raises(ValueError, match="texts"):
        encode([])
    with pytest.raises(ValueError, match="kind"):
        inside.fitted_layers(16, 0, few_passages, "another")
    with pytest.raises(ValueError, match="units"):
        inside.fitted_layers(0, 0, few_passages)
    with pytest.raises(ValueError, match="layer"):
        inside.only(INTACT, 6)
