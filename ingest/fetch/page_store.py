"""Raw pages, kept so that reading can be repeated without the network."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from kb.files import storage_errors, write_aside


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes fetched from a source; `url` is the true address after redirects, `fetched_at` ISO 8601 UTC."""

    url: str
    body: bytes
    fetched_at: str
    encoding: str = "utf-8"
    etag: str = ""
    last_modified: str = ""

    @property
    def text(self) -> str:
        """The body decoded; bytes that are not of the encoding become U+FFFD."""
        return self.body.decode(self.encoding, errors="replace")


def now() -> str:
    """The present moment, as pages and builds record it: ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def absolute(base: str, href: str) -> str:
    """The http or https address that a link on a page leads to; empty where it leads to none."""
    try:
        address = urljoin(base, href)
        return address if href and urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:  # such as a bracket that is never closed
        return ""


class PageStore:
    """A folder of pages by address: a body and its facts, each written aside and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, address: str, page: Page) -> None:
        """Keep a page under the address that was asked for.

        :raises StorageError: the folder cannot be written.
        """
        facts = asdict(page)
        body = facts.pop("body")
        facts["sha256"] = hashlib.sha256(body).hexdigest()
        write_aside(self._path(address, "body"), body)
        write_aside(self._path(address, "json"), json.dumps(facts).encode())

    def get(self, address: str) -> Page | None:
        """The page kept under an address; None where none is kept or its files are damaged.

        :raises StorageError: the folder cannot be read.
        """
        with storage_errors(self._folder):
            try:
                facts = json.loads(self._path(address, "json").read_bytes())
                body = self._path(address, "body").read_bytes()
                whole = facts.pop("sha256") == hashlib.sha256(body).hexdigest()
                return Page(body=body, **facts) if whole else None
            except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
                return None

    def _path(self, address: str, suffix: str) -> Path:
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.{suffix}"
