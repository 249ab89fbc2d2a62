"""Text to unit vectors with the exported model; torch is not imported here.

An export is a folder: `encoder.onnx` (word pieces to unit vectors), `tokenizer.json`, and `export.json`
that records the model, the SHA-256 of its weights and of both files.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kb.embedding.glossary import gloss
from kb.embedding.weights import find_weights
from kb.entries import Language
from kb.errors import ModelError
from kb.files import sha256_of
from kb.ranking.query import Query
from kb.settings import DEFAULT_MODEL

Vectors = npt.NDArray[np.float32]
log = logging.getLogger(__name__)

MODEL_FILE, TOKENIZER_FILE, FACTS_FILE = "encoder.onnx", "tokenizer.json", "export.json"
# Small batches of texts of like length waste least on padding.
BATCH = 16


# Models that were trained on English alone: what they make of other languages says nothing.
ENGLISH_MODELS = frozenset({DEFAULT_MODEL})


def reads(model: str, language: Language) -> bool:
    """Whether vectors that a model makes of a language can be compared."""
    return language is Language.ENGLISH or model not in ENGLISH_MODELS


@dataclass(frozen=True, slots=True)
class Wording:
    """What a model is given to read for a question, and its language."""

    text: str
    language: Language


def wording_for(model: str, query: Query) -> Wording | None:
    """The question, or its gloss in English where the model does not read its language; None without one."""
    if reads(model, query.language):
        return Wording(query.text, query.language)
    glossed = gloss(query.text)
    return Wording(glossed, Language.ENGLISH) if glossed else None


class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def model(self) -> str:
        """The name of the model."""

    @property
    def weights_sha256(self) -> str:
        """`Weights.identity` of its weights: vectors of equal weights can be compared."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1."""

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, marks left out."""


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What an export was made from (`Weights.identity`) and what its files must hash to."""

    model: str
    weights_sha256: str
    encoder_sha256: str
    tokenizer_sha256: str
    dim: int
    max_pieces: int

    def write(self, folder: Path) -> None:
        """Write the facts beside the files that they speak of."""
        (folder / FACTS_FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def read_facts(folder: Path) -> ExportFacts:
    """The facts of an export.

    :raises ModelError: there is no whole export in the folder.
    """
    try:
        return ExportFacts(**json.loads((folder / FACTS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{folder}: no exported model; make it with: genlens refresh") from error


def exported(folder: Path) -> bool:
    """Whether a folder holds an export that this version can read."""
    try:
        read_facts(folder)
    except ModelError:
        return False
    return True


class OnnxEncoder:
    """The exported model, checked against its recorded SHA-256 when opened."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.facts = read_facts(folder)
        _check(folder / MODEL_FILE, self.facts.encoder_sha256)
        _check(folder / TOKENIZER_FILE, self.facts.tokenizer_sha256)
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
        self._inputs = [place.name for place in self._session.get_inputs()]

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.facts.model

    @property
    def weights_sha256(self) -> str:
        """`Weights.identity` of the weights that the export was made from."""
        return self.facts.weights_sha256

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32 in the order of the texts, rows of length 1; long texts are cut off."""
        vectors = np.empty((len(texts), self.facts.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            vectors[rows] = self._batch([texts[row] for row in rows])
        return vectors

    def count_pieces(self, text: str) -> int:
        """The number of word pieces of a text, marks left out."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def _batch(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        arrays = {
            "input_ids": np.array([e.ids for e in encoded], dtype=np.int64),
            "attention_mask": np.array([e.attention_mask for e in encoded], dtype=np.int64),
            "token_type_ids": np.array([e.type_ids for e in encoded], dtype=np.int64),
        }
        found = self._session.run(None, {name: arrays[name] for name in self._inputs})[0]
        return normalised(np.asarray(found, dtype=np.float32))


def open_encoder(folder: Path, model: str, weights_sha256: str) -> Encoder:
    """The export in a folder, or the model itself where there is none: slower, and torch is loaded.

    :raises ModelError: neither can be had, or the model's weights are not the given ones.
    """
    if exported(folder):
        return OnnxEncoder(folder)
    weights = find_weights(model)
    if weights.identity != weights_sha256:
        raise ModelError(
            f"{folder}: no exported model, and the weights of {model} are not those that the build was "
            "made with; run: genlens refresh"
        )
    from kb.embedding.torch_encoder import TransformerEncoder  # imports torch

    log.warning("no exported model in %s; %s itself is used, which is slower", folder, model)
    return TransformerEncoder(weights)


def normalised(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _check(file: Path, expected: str) -> None:
    try:
        found = sha256_of(file)
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}; make it again with: genlens refresh") from error
    if found != expected:
        raise ModelError(
            f"{file}: SHA-256 {found}, expected {expected}; it was altered or is damaged: "
            f"remove {file.parent} and run genlens refresh"
        )
