"""A sentence-transformers model as it is: what exports are made of, and what takes their place.

The one module that talks to sentence-transformers; only builds, and questions without an export, import it.
"""

from collections.abc import Sequence

import numpy as np
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from kb.encoder import Vectors, normalised
from kb.errors import ModelError
from kb.weights import Weights


class TransformerEncoder:
    """The model itself in the place of its export: the same vectors, at the cost of loading torch."""

    def __init__(self, weights: Weights) -> None:
        self._model = load_model(weights)
        self.model = weights.model
        self.weights_sha256 = weights.sha256

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1; long texts are cut off."""
        if not texts:
            return np.empty((0, self._model.get_sentence_embedding_dimension() or 0), dtype=np.float32)
        found = self._model.encode(list(texts), show_progress_bar=False)
        return normalised(np.asarray(found, dtype=np.float32))

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, marks left out."""
        return len(self._model.tokenizer.tokenize(text))


def load_model(weights: Weights) -> SentenceTransformer:
    """The model on the CPU, ready to encode.

    :raises ModelError: sentence-transformers cannot load it.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # of reading the weights; the command line has its own
    try:
        return SentenceTransformer(str(weights.folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{weights.folder}: sentence-transformers cannot load it: {error}") from error
