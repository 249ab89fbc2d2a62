"""Fetched pages, and the store that keeps them so reading can be repeated without the network."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pydantic import ConfigDict, TypeAdapter, with_config

from kb.files import storage_errors, write_atomic


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes fetched from a source; `url` is the address after redirects, `fetched_at` ISO 8601 UTC."""

    url: str
    body: bytes
    fetched_at: str
    encoding: str = "utf-8"
    etag: str = ""
    last_modified: str = ""

    @property
    def text(self) -> str:
        """The decoded body; invalid bytes become U+FFFD."""
        return self.body.decode(self.encoding, errors="replace")


@with_config(ConfigDict(strict=True, extra="forbid"))
@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts kept beside a body."""

    sha256: str
    url: str
    fetched_at: str
    encoding: str
    etag: str
    last_modified: str


_FACTS = TypeAdapter(_Facts)


def link_target(base: str, href: str) -> str:
    """The http or https address of a link on a page; empty for any other link."""
    try:
        address = urljoin(base, href)
        return address if href and urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:  # such as an unclosed bracket
        return ""


class PageStore:
    """A folder of pages by address; body and facts are written atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, address: str, page: Page) -> None:
        """Keep a page under the requested address.

        :raises StorageError: the folder is not writable.
        """
        facts = asdict(page)
        body = facts.pop("body")
        facts["sha256"] = hashlib.sha256(body).hexdigest()
        write_atomic(self._path(address, "body"), body)
        write_atomic(self._path(address, "json"), json.dumps(facts).encode())

    def get(self, address: str) -> Page | None:
        """The page kept under an address; None if there is none, or what is kept cannot be used.

        :raises StorageError: the folder cannot be read.
        """
        with storage_errors(self._folder):
            try:
                facts = _FACTS.validate_json(self._path(address, "json").read_bytes())
                body = self._path(address, "body").read_bytes()
                body.decode(facts.encoding, errors="replace")
            except (FileNotFoundError, ValueError, LookupError):  # damaged, or of another version
                return None
        if facts.sha256 != hashlib.sha256(body).hexdigest():
            return None
        return Page(facts.url, body, facts.fetched_at, facts.encoding, facts.etag, facts.last_modified)

    def _path(self, address: str, suffix: str) -> Path:
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.{suffix}"
