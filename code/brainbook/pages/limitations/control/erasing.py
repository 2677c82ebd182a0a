"""Trials of page limitations/control: erasing and steering which library a passage is from.

Passages are runs of docstrings of scikit-learn (0) and scikit-image (1). Modules are split in
three: "fit" for erasers and directions, "probe" for probes that have not seen the eraser's text,
"test" for scores. No module is in two parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import SVC

from brainbook.evidence import pretrained, store
from brainbook.evidence.datasets import docstrings
from brainbook.models.language import concept_erasure as erasure
from brainbook.models.language import steering

LIBRARIES = ("sklearn", "skimage")
TOKENS, PER_LIBRARY, PER_MODULE = 24, 1000, 8
SHARES = {"fit": 0.5, "probe": 0.25, "test": 0.25}  # of the modules
STRENGTH = 0.01  # of the linear probe's ridge, 1 / C = 100, on standardised features
INTACT, RANDOM, MEANS = "intact", "random direction", "mean projection"
ROUNDS, LEAST, SHRUNK = "16 classifiers", "LEACE", "LEACE, shrunk"
ERASERS = (INTACT, RANDOM, MEANS, ROUNDS, LEAST, SHRUNK)
SAME, FRESH, KERNEL = "linear, same text", "linear, fresh text", "kernel, same text"
EVERY = -1  # layer number that stands for an eraser at every layer


@dataclass(frozen=True)
class Passages:
    """Token numbers (N, tokens), library (N,) and module (N,) of each passage."""

    ids: np.ndarray
    library: np.ndarray
    module: np.ndarray

    def part(self, chosen: np.ndarray) -> Passages:
        """Some of them."""
        return Passages(self.ids[chosen], self.library[chosen], self.module[chosen])


@lru_cache(maxsize=2)
def passages(per_library: int = PER_LIBRARY) -> Passages:
    """Up to eight passages of a module, drawn once for all; as many of both libraries.

    Raises
    ------
    ValueError : the libraries have fewer passages than asked for.
    """
    _, tokenizer = pretrained.minilm()
    first, last, width = tokenizer.cls_token_id, tokenizer.sep_token_id, TOKENS - 2
    ids, library, module = [], [], []
    for number, name in enumerate(LIBRARIES):
        found, generator = [], np.random.default_rng(number)
        for place in generator.permutation(len(texts := docstrings(name))):
            pieces = tokenizer(texts[place], verbose=False, add_special_tokens=False).input_ids
            starts = generator.permutation(len(pieces) // width)[:PER_MODULE] * width
            found += [(place, [first, *pieces[s : s + width], last]) for s in starts]
            if len(found) >= per_library:
                break
        if len(found) < per_library:
            raise ValueError(f"per_library: got {per_library}; {name} has {len(found)}")
        ids += [one for _, one in found[:per_library]]
        module += [1000 * number + place for place, _ in found[:per_library]]
        library += [number] * per_library
    return Passages(np.array(ids), np.array(library), np.array(module))


def _pooled(per_library: int) -> np.ndarray:
    """Vectors of all passages, (N, width), float32."""
    states = steering.embedded(passages(per_library).ids)
    return steering.vectors(steering.run(states, 0, steering.LAYERS)).astype(np.float32)


def pooled(per_library: int = PER_LIBRARY) -> np.ndarray:
    """MiniLM's vectors of all passages, (N, width), of length one, float64; made once."""
    return steering.unit(store.made_once(_pooled, per_library=per_library).astype(float))


def split(module: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Which passages (N,) are in each part; modules are dealt at random."""
    kinds = np.unique(module)
    rank = np.random.default_rng(seed).permutation(len(kinds))[np.searchsorted(kinds, module)]
    ends = np.cumsum(list(SHARES.values())) * len(kinds)
    part = np.searchsorted(ends, rank, side="right")
    return {name: part == number for number, name in enumerate(SHARES)}


def erasers(x: np.ndarray, z: np.ndarray, seed: int) -> dict[str, erasure.Eraser]:
    """All erasers, fitted on the same vectors."""
    return {
        RANDOM: erasure.one_direction(x, np.random.default_rng(seed)),
        MEANS: erasure.mean_projection(x, z),
        ROUNDS: erasure.nullspace_rounds(x, z, 16),
        LEAST: erasure.leace(x, z),
        SHRUNK: erasure.leace(x, z, ledoit_wolf_shrinkage(x)),
    }


def score(train: np.ndarray, z: np.ndarray, test: np.ndarray, answer: np.ndarray,
          kernel: bool = False) -> float:  # fmt: skip
    """Balanced accuracy of a probe, linear or with a Gaussian kernel; a constant has one half.

    One scale for all features: to standardise each would blow up the rounding noise of those
    that hardly vary, and a probe finds the concept in it.
    """
    probe = SVC(C=10) if kernel else erasure.linear_probe(STRENGTH)
    centre, scale = train.mean(0), train.std(0).mean()
    fitted = probe.fit((train - centre) / scale, z)
    return balanced_accuracy_score(answer, fitted.predict((test - centre) / scale))


def erasure_table(seeds: Sequence[int], per_library: int = PER_LIBRARY) -> pd.DataFrame:
    """Columns seed, eraser, size, explained, gradient, cross, least, and a column per probe.

    size: mean squared change over the variance; explained, gradient and cross (largest
    cross-covariance) on the text that the eraser was fitted on; least: closed form of LEACE's
    size. Probes: balanced accuracy on the test part.
    """
    x, z, rows = pooled(per_library), passages(per_library).library, []
    for seed in seeds:
        parts = split(passages(per_library).module, seed)
        fit, probe, test = parts.values()
        found = {INTACT: lambda vectors: vectors} | erasers(x[fit], z[fit], seed)
        for name, eraser in found.items():
            known, fresh, unseen = (eraser(x[part]) for part in (fit, probe, test))
            rows.append({
                "seed": seed, "eraser": name,
                "size": eraser.size(x[fit]) if name != INTACT else 0.0,
                "explained": erasure.explained(known, z[fit]),
                "gradient": erasure.gradient_at_constant(known, z[fit]),
                "cross": np.abs(erasure.covariances(known, z[fit])[1]).max(),
                "least": erasure.least_change(x[fit], z[fit]),
                SAME: score(known, z[fit], unseen, z[test]),
                FRESH: score(fresh, z[probe], unseen, z[test]),
                KERNEL: score(known, z[fit], unseen, z[test], kernel=True),
            })  # fmt: skip
    return pd.DataFrame(rows)


def text_table(
    seeds: Sequence[int], shares: Sequence[float], per_library: int = PER_LIBRARY
) -> pd.DataFrame:
    """A fresh linear probe's accuracy by how much text the eraser was fitted on.

    Columns seed, eraser, passages (of the fit part), accuracy, size (of the change on test text).
    """
    x, z, rows = pooled(per_library), passages(per_library).library, []
    for seed in seeds:
        fit, probe, test = split(passages(per_library).module, seed).values()
        order = np.random.default_rng(seed).permutation(np.flatnonzero(fit))
        for share in shares:
            some = order[: int(share * len(order))]
            for name, make in ((LEAST, erasure.leace), (MEANS, erasure.mean_projection)):
                eraser = make(x[some], z[some])
                found = score(eraser(x[probe]), z[probe], eraser(x[test]), z[test])
                rows.append((seed, name, share, len(some), found, eraser.size(x[test])))
    return pd.DataFrame(rows, columns=["seed", "eraser", "share", "passages", "accuracy", "size"])


def depth_table(seeds: Sequence[int], layers: Sequence[int], per_library: int) -> pd.DataFrame:
    """A concept erased from all tokens as they enter a layer, and found again at the end.

    Columns seed, layer (:data:`EVERY` for an eraser at each layer), here (largest
    cross-covariance with the concept right after erasing, on the fit part's tokens),
    end (balanced accuracy of a fresh linear probe on the vectors), intact (the same without
    erasing).
    """
    texts, rows = passages(PER_LIBRARY), []
    generator = np.random.default_rng(0)
    some = np.concatenate([generator.choice(np.flatnonzero(texts.library == n), per_library, False)
                           for n in range(2)])  # fmt: skip
    texts = texts.part(some)
    intact, start = steering.unit(pooled()[some]), steering.embedded(texts.ids)
    for seed in seeds:
        fit, probe, test = split(texts.module, seed).values()

        def found(x, probe=probe, test=test):
            x, z = steering.unit(x), texts.library
            return score(x[probe], z[probe], x[test], z[test])

        for layer in (*layers, EVERY):
            states, here, at = start, 0.0, 0
            for stop in range(steering.LAYERS + 1) if layer == EVERY else [layer]:
                states, at = steering.run(states, at, stop), stop
                tokens = states[fit].flatten(0, 1).double().numpy()
                concept = np.repeat(texts.library[fit], TOKENS)
                eraser = erasure.leace(tokens, concept)
                left = erasure.covariances(eraser(tokens), concept)[1]
                here = max(here, np.abs(left).max())
                states = states.new_tensor(eraser(states.double().numpy()))
            end = found(steering.vectors(steering.run(states, at, steering.LAYERS)))
            rows.append((seed, layer, here, end, found(intact)))
    return pd.DataFrame(rows, columns=["seed", "layer", "here", "end", "intact"])


def steering_table(
    seeds: Sequence[int], layers: Sequence[int], strengths: Sequence[float], count: int
) -> pd.DataFrame:
    """Passages of scikit-learn pushed towards scikit-image, by layer and strength.

    The direction is the difference of class means of all tokens as they enter a layer, on the
    fit part; "random" is another direction of the same length. Columns seed, layer, direction,
    strength, logit (mean of a linear probe), closed (its closed form at the last layer), share
    (steered passages whose nearest neighbour is from scikit-image), kept (rank correlation of
    the similarities among them with those before).
    """
    texts, x, rows = passages(), pooled(), []
    for seed in seeds:
        fit, probe, test = split(texts.module, seed).values()
        rng = np.random.default_rng(seed)
        pairs = [
            rng.permutation(np.flatnonzero(fit & (texts.library == n)))[:count] for n in (0, 1)
        ]
        moved = rng.permutation(np.flatnonzero(test & (texts.library == 0)))[:count]
        states = steering.embedded(texts.ids[np.concatenate([*pairs, moved])])
        linear = erasure.linear_probe().fit(x[fit], texts.library[fit])
        others, at = np.flatnonzero(probe), 0
        for layer in layers:
            states, at = steering.run(states, at, layer), layer
            means = steering.vectors(states)
            push = means[count : 2 * count].mean(0) - means[:count].mean(0)
            noise = rng.standard_normal(push.shape)
            noise *= np.linalg.norm(push) / np.linalg.norm(noise)
            body, before = states[2 * count :], None
            for name, direction in (("means", push), ("random", noise)):
                for strength in strengths:
                    edit = {layer: steering.added(direction, strength)}
                    raw = steering.vectors(steering.run(body, layer, steering.LAYERS, edit))
                    now = steering.unit(raw)
                    near = texts.library[others[(now @ x[others].T).argmax(1)]]
                    alike = (now @ now.T)[np.triu_indices(count, 1)]
                    before = alike if before is None else before
                    logit = linear.decision_function(raw).mean()
                    rows.append((seed, layer, name, strength, logit, linear.coef_[0] @ direction,
                                 near.mean(), spearmanr(alike, before).statistic))  # fmt: skip
    columns = ["seed", "layer", "direction", "strength", "logit", "slope", "share", "kept"]
    return pd.DataFrame(rows, columns=columns)
