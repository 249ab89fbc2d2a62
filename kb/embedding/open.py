"""The encoder of a model: its ONNX export, made on first use, or PyTorch if the export fails."""

import logging
from pathlib import Path

from kb.embedding.encoder import Encoder
from kb.embedding.onnx_encoder import OnnxEncoder, has_export
from kb.embedding.weights import find_weights
from kb.errors import ExportError, ModelError

log = logging.getLogger(__name__)


def export_folder(home: Path, weights_sha256: str) -> Path:
    """The folder of the model exported from the given weights; builds share it."""
    return home / "exports" / weights_sha256[:16]


def prepare_encoder(home: Path, model: str) -> Encoder:
    """The encoder of a model; the first call exports the model to the home.

    :raises ModelError: the model is missing or fails to run, or its export was altered.
    :raises StorageError: the home is not writable, or the disk is full.
    """
    weights = find_weights(model)
    folder = export_folder(home, weights.identity)
    if not has_export(folder):
        from kb.embedding.onnx_export import export  # imports torch

        log.info("exporting %s once to %s", model, folder)
        try:
            export(weights, folder)
        except ExportError as error:
            log.warning("%s; questions will be encoded by PyTorch, which is slower", error)
    return open_encoder(home, model, weights.identity)


def open_encoder(home: Path, model: str, weights_sha256: str) -> Encoder:
    """The export made from the given weights, or PyTorch if there is none: slower, and torch is loaded.

    :raises ModelError: the export is altered, or missing while the model's weights are other ones.
    """
    folder = export_folder(home, weights_sha256)
    if has_export(folder):
        return OnnxEncoder(folder)
    weights = find_weights(model)
    if weights.identity != weights_sha256:
        raise ModelError(
            f"{folder}: no exported model, and the build was made with other weights of {model}; "
            "run: genlens refresh"
        )
    from kb.embedding.torch_encoder import TorchEncoder  # imports torch

    log.warning("no exported model in %s; PyTorch encodes, which is slower", folder)
    return TorchEncoder(weights)
