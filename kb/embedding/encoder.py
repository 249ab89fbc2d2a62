"""What an encoder is: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors of length 1."""

    @property
    def model(self) -> str:
        """The name of the model."""

    @property
    def weights_sha256(self) -> str:
        """`Weights.identity`: vectors of equal identity can be compared."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1; long texts are cut off."""

    def encode_parts(self, text: str, parts: Sequence[str]) -> Vectors:
        """(1 + n_parts, dim) float32: the vector of a text, then of each part of it, rows of length 1."""

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, without the special tokens."""


def normalised(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
