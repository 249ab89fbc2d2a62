"""A fake model with predictable vectors."""

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from kb.embedding.encoder import Vectors, normalised

DIM = 256


class WordEncoder:
    """Encodes each word as one dimension: the cosine of two texts grows with their shared words."""

    model = "tests/words"
    weights_sha256 = "0" * 64

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, DIM) float32, rows of length 1; the texts are recorded in `encoded`."""
        self.encoded += texts
        rows = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[crc32(word.encode()) % DIM] = 1
        return normalised(rows)

    def encode_parts(self, text: str, parts: Sequence[str]) -> Vectors:
        """(1 + n_parts, DIM) float32; each part is encoded on its own."""
        return self.encode([text, *parts])

    def count_pieces(self, text: str) -> int:
        """The number of words: one piece per word."""
        return len(text.split())
