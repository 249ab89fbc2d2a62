"""What models answered before, kept under the home: the same question of the same build costs nothing.

A file holds the model's raw words alone, named by a digest of model, prompt and build. They are checked
again each time they are read, so that a changed file can say nothing that a model could not.
"""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.llm.prompts import Prompt
from kb.errors import StorageError
from kb.files import storage_errors, write_atomic

KEPT = 200  # the newest; each has a few kilobytes
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response of a model, and the tokens it took."""

    text: str
    read: int
    written: int
    estimated: bool


_RESPONSE = TypeAdapter(Response)


class Responses:
    """The responses kept in one folder; one that cannot be read or written is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, key: str) -> Response | None:
        """The response under a key, if there is one."""
        try:
            return _RESPONSE.validate_json(self._file(key).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("%s cannot be read and is left out: %s", self._file(key), type(error).__name__)
            return None

    def keep(self, key: str, response: Response) -> None:
        """Keep a response, and let go of the oldest ones."""
        file = self._file(key)
        try:
            write_atomic(file, json.dumps(asdict(response), ensure_ascii=False).encode())
            with storage_errors(file):
                file.chmod(0o600)
                kept = sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
                for old in kept[KEPT:]:
                    old.unlink(missing_ok=True)
        except StorageError as error:
            log.warning("a response is not kept: %s", error)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def key_of(model: str, prompt: Prompt, build: str) -> str:
    """A name for a question to a model: equal names have equal model, prompt and build."""
    told = json.dumps([model, prompt.instructions, prompt.material, build])
    return hashlib.sha256(told.encode()).hexdigest()
