"""A sentence-transformers model run by PyTorch: the source of every export, and the fallback without one.

The one module for sentence-transformers; only builds, and questions without an export, import it.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from kb.embedding.encoder import Vectors, normalised
from kb.embedding.weights import Adapter, Weights
from kb.errors import ModelError


class TorchEncoder:
    """The model itself: the same vectors as its export, at the cost of loading torch."""

    def __init__(self, weights: Weights) -> None:
        """Load the model.

        :raises ModelError: sentence-transformers cannot load it, or the adapter does not fit it.
        """
        self._model = load_model(weights)
        self.model = weights.model
        self.weights_sha256 = weights.identity

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1; long texts are cut off."""
        if not texts:
            return np.empty((0, self._model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = self._model.encode(list(texts), show_progress_bar=False)
        return normalised(np.asarray(vectors, dtype=np.float32))

    def encode_parts(self, text: str, parts: Sequence[str]) -> Vectors:
        """(1 + n_parts, dim) float32: the vector of a text, then of each part of it, rows of length 1."""
        return self.encode([text, *parts])

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, without the special tokens."""
        return len(self._model.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def load_model(weights: Weights) -> SentenceTransformer:
    """The model on the CPU, with the adapter added to its weights.

    :raises ModelError: sentence-transformers cannot load it, or the adapter does not fit it.
    """
    # The command line has a progress bar of its own.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(weights.folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{weights.folder}: sentence-transformers cannot load it: {error}") from error
    if weights.adapter is not None:
        add_adapter(model, weights.adapter)
    return model


def add_adapter(model: SentenceTransformer, adapter: Adapter) -> None:
    """Add scale * B A to each weight that has matrices in the adapter.

    :raises ModelError: the adapter does not fit the model.
    """
    try:
        matrices = load_file(adapter.file)
        layers = cast(torch.nn.Module, model[0].auto_model)
        with torch.no_grad():
            for name in sorted(key.removesuffix(".A") for key in matrices if key.endswith(".A")):
                added = matrices[f"{name}.B"].float() @ matrices[f"{name}.A"].float()
                layers.get_parameter(f"{name}.weight").add_(added, alpha=adapter.scale)
    except (OSError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"{adapter.file}: does not fit the model ({error}); install genlens again"
        ) from error
