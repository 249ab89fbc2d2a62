"""Text to unit vectors with the exported model; torch is not imported here.

An export is a folder: `encoder.onnx` (word pieces to unit vectors and, of a model that takes the mean of its
word pieces, to the vectors of these), `tokenizer.json`, and `export.json` with
the model, the identity of its weights, and the SHA-256 of both files.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from kb.embedding.encoder import Vectors, normalised
from kb.errors import ModelError
from kb.files import sha256_of

MODEL_FILE, TOKENIZER_FILE, FACTS_FILE = "encoder.onnx", "tokenizer.json", "export.json"
UNIT, PIECES = "unit_vector", "piece_vectors"  # the outputs
# A part's pieces have read the whole text; this share of the vector of the whole is taken off again.
WHOLE = 0.5
# Small batches of texts of similar length waste the least on padding.
BATCH = 16


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """The weights an export was made from (`Weights.identity`) and the digests of its files."""

    model: str
    weights_sha256: str
    encoder_sha256: str
    tokenizer_sha256: str
    dim: int
    max_pieces: int

    def write(self, folder: Path) -> None:
        """Write the facts next to the files they describe."""
        (folder / FACTS_FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def read_facts(folder: Path) -> ExportFacts:
    """The facts of an export.

    :raises ModelError: the folder has no complete export.
    """
    try:
        return ExportFacts(**json.loads((folder / FACTS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{folder}: no exported model; make it with: genlens refresh") from error


def has_export(folder: Path) -> bool:
    """True if the folder has an export of the form this version reads."""
    try:
        read_facts(folder)
    except ModelError:
        return False
    return True


class OnnxEncoder:
    """The exported model; opening it checks the SHA-256 of its files."""

    def __init__(self, folder: Path) -> None:
        """Open an export.

        :raises ModelError: the export is missing or altered.
        """
        self.facts = read_facts(folder)
        _check_digest(folder / MODEL_FILE, self.facts.encoder_sha256)
        _check_digest(folder / TOKENIZER_FILE, self.facts.tokenizer_sha256)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._counter = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer.enable_truncation(self.facts.max_pieces)
        self._tokenizer.enable_padding(pad_id=self._tokenizer.token_to_id("[PAD]") or 0)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._has_pieces = any(one.name == PIECES for one in self._session.get_outputs())

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.facts.model

    @property
    def weights_sha256(self) -> str:
        """`Weights.identity` of the weights the export was made from."""
        return self.facts.weights_sha256

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1; long texts are cut off."""
        vectors = np.empty((len(texts), self.facts.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            vectors[rows] = self._encode_batch([texts[row] for row in rows])
        return vectors

    def encode_parts(self, text: str, parts: Sequence[str]) -> Vectors:
        """(1 + n_parts, dim) float32: the vector of a text, then of each part of it, rows of length 1.

        One pass over the text serves all parts of it: the vector of a part is the mean of its word pieces
        (late chunking: Günther et al., "Contextual Chunk Embeddings Using Long-Context Embedding Models",
        2024). What is no part of the text, or beyond its cut, is encoded on its own.
        """
        if not (parts and self._has_pieces):
            return self.encode([text, *parts])
        encoded = self._tokenizer.encode(text)
        whole, pieces = self._run([encoded], UNIT, PIECES)
        vectors = [whole[0]]
        for part in parts:
            rows = _pieces_of(part, text, encoded.offsets)
            own = normalised(pieces[0][rows].mean(axis=0, keepdims=True)) if rows else None
            vectors.append(self.encode([part])[0] if own is None else own[0] - WHOLE * whole[0])
        return normalised(np.stack(vectors))

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, without the special tokens."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def _encode_batch(self, texts: list[str]) -> Vectors:
        (vectors,) = self._run(self._tokenizer.encode_batch(texts), UNIT)
        return normalised(vectors)

    def _run(self, encoded: Sequence[Encoding], *outputs: str) -> list[Vectors]:
        """Some outputs of the model for tokenized texts of equal length."""
        arrays = {
            "input_ids": np.array([e.ids for e in encoded], dtype=np.int64),
            "attention_mask": np.array([e.attention_mask for e in encoded], dtype=np.int64),
            "token_type_ids": np.array([e.type_ids for e in encoded], dtype=np.int64),
        }
        found = self._session.run(list(outputs), {name: arrays[name] for name in self._inputs})
        return [np.asarray(vectors, dtype=np.float32) for vectors in found]


def _pieces_of(part: str, text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The numbers of the word pieces in a part of a text; `offsets` are the characters of each piece."""
    start = text.find(part)
    if start < 0:
        return []
    end = start + len(part)
    return [number for number, (first, last) in enumerate(offsets) if start <= first < last <= end]


def _check_digest(file: Path, expected: str) -> None:
    try:
        digest = sha256_of(file)
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}; make it again with: genlens refresh") from error
    if digest != expected:
        raise ModelError(
            f"{file}: SHA-256 {digest}, expected {expected}; it was altered or is damaged: "
            f"remove {file.parent} and run genlens refresh"
        )
