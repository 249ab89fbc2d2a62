"""The one-off export of a sentence-transformers model to ONNX, checked against the model itself.

Only builds import it.
"""

import logging
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

from kb.embedding.encoder import Vectors, normalised
from kb.embedding.onnx_encoder import MODEL_FILE, PIECES, TOKENIZER_FILE, UNIT, ExportFacts, OnnxEncoder
from kb.embedding.torch_encoder import load_model
from kb.embedding.weights import Weights
from kb.errors import ExportError
from kb.files import TemporaryFolder, sha256_of, storage_errors

MIN_COSINE = 0.9999
# Short, long, mixed and empty: what an export gets wrong, it gets wrong on one of these.
PROBES = (
    "How do I keep an agent from doing more than it should?",
    "least privilege",
    "Rotate the keys that the gateway uses, log every call, and alarm on denied requests. " * 30,
    "プロンプトインジェクションを防ぐには guardrails が必要ですか",
    "",
)

# The features of sentence-transformers that become outputs.
_MADE = {UNIT: "sentence_embedding", PIECES: "token_embeddings"}

log = logging.getLogger(__name__)


class _Sentence(torch.nn.Module):
    """A whole sentence-transformers pipeline as one module of plain tensors.

    Its outputs are the unit vectors and, if asked for, (batch, pieces, dim) the vectors of the word pieces.
    """

    def __init__(self, model: SentenceTransformer, names: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names, self.outputs = tuple(names), tuple(outputs)

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features: dict[str, Any] = dict(zip(self.names, tensors, strict=True))
        made = self.model(features)
        return tuple(torch.Tensor(made[_MADE[name]]) for name in self.outputs)


def export(weights: Weights, folder: Path) -> None:
    """Write an export of the model to a folder, aside first, in one rename.

    :raises ExportError: the model cannot be exported, or its export disagrees with it.
    :raises ModelError: the model cannot be loaded.
    :raises StorageError: the folder cannot be written.
    """
    model = load_model(weights)
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFolder(folder.parent, ".export-") as aside:
            place = aside / "export"
            place.mkdir()
            _write(model, weights, place)
            _agree(model, OnnxEncoder(place))
            if folder.exists():
                shutil.rmtree(folder)
            place.rename(folder)


def _write(model: SentenceTransformer, weights: Weights, folder: Path) -> None:
    probe = model.tokenizer(list(PROBES[:2]), padding=True, truncation=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in probe]
    outputs = outputs_of(model)
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("pieces")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about names of axes
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        try:
            torch.onnx.export(
                _Sentence(model, names, outputs).eval(),
                tuple(probe[name] for name in names),
                str(folder / MODEL_FILE),
                input_names=names,
                output_names=outputs,
                dynamic_shapes=(tuple(axes for _ in names),),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise ExportError(f"{weights.model}: the export to ONNX failed: {error}") from error
    model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    ExportFacts(
        model=weights.model,
        weights_sha256=weights.identity,
        encoder_sha256=sha256_of(folder / MODEL_FILE),
        tokenizer_sha256=sha256_of(folder / TOKENIZER_FILE),
        dim=int(model.encode(list(PROBES[:1]), show_progress_bar=False).shape[1]),
        max_pieces=int(model.get_max_seq_length() or 512),
    ).write(folder)


def outputs_of(model: SentenceTransformer) -> list[str]:
    """The outputs of an export; with the word pieces if a text's vector is their mean, scaled to length 1."""
    _transformer, pooling, *rest = model
    is_mean = isinstance(pooling, Pooling) and pooling.pooling_mode == "mean"
    return [UNIT, PIECES] if is_mean and all(isinstance(one, Normalize) for one in rest) else [UNIT]


def _agree(model: SentenceTransformer, encoder: OnnxEncoder) -> None:
    expected = normalised(np.asarray(model.encode(list(PROBES), show_progress_bar=False), dtype=np.float32))
    cosines: Vectors = np.sum(expected * encoder.encode(PROBES), axis=1)
    log.info("export agrees with the model: lowest cosine %.6f", float(cosines.min()))
    if float(cosines.min()) < MIN_COSINE:
        raise ExportError(
            f"the export disagrees with the model: cosine {float(cosines.min()):.6f}, "
            f"expected at least {MIN_COSINE}"
        )
