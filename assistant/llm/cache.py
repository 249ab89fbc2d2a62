"""The cache of model responses under the home: the same question to the same build is free.

A file has the model's raw words, named by a digest of model, prompt and build. The words are checked again on
every read, so an altered file can say nothing a model could not.
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

MAX_FILES = 200  # the newest are kept; each has a few kilobytes
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A complete response of a model, and its tokens."""

    text: str
    read: int
    written: int
    estimated: bool


_RESPONSE = TypeAdapter(CachedResponse)


class ResponseCache:
    """The responses in one folder; unreadable and unwritable ones are skipped with a warning."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> CachedResponse | None:
        """The response under a key, or None."""
        try:
            return _RESPONSE.validate_json(self._file(key).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("%s cannot be read and is skipped: %s", self._file(key), type(error).__name__)
            return None

    def put(self, key: str, response: CachedResponse) -> None:
        """Store a response, and remove the oldest beyond MAX_FILES."""
        file = self._file(key)
        try:
            write_atomic(file, json.dumps(asdict(response), ensure_ascii=False).encode())
            with storage_errors(file):
                file.chmod(0o600)
                self._remove_oldest(now=file.stat().st_mtime)
        except StorageError as error:
            log.warning("a response is not cached: %s", error)

    def _remove_oldest(self, now: float) -> None:
        """Keep the newest MAX_FILES; a file of the future is from before the clock went back."""
        times = {file: file.stat().st_mtime for file in self._folder.glob("*.json")}
        newest = sorted(times, key=lambda file: (times[file] <= now, times[file]), reverse=True)
        for old in newest[MAX_FILES:]:
            old.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def cache_key(model: str, prompt: Prompt, build: str) -> str:
    """A digest of model, prompt and build."""
    parts = json.dumps([model, prompt.instructions, prompt.material, build])
    return hashlib.sha256(parts.encode()).hexdigest()
