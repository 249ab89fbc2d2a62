"""Fetched pages, and the store that keeps them so reading can be repeated without the network."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin, urlsplit

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from kb.files import Time, storage_errors, write_atomic


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
    url: Annotated[str, Field(pattern=r"^https://")]
    fetched_at: Time
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
        """Keep a page under the requested address; a folder in the place of a file is removed.

        :raises StorageError: the folder is not writable.
        """
        facts = asdict(page)
        body = facts.pop("body")
        facts["sha256"] = hashlib.sha256(body).hexdigest()
        for suffix, content in (("body", body), ("json", json.dumps(facts).encode())):
            path = self._path(address, suffix)
            if path.is_dir():
                with storage_errors(path):
                    shutil.rmtree(path)
            write_atomic(path, content)

    def get(self, address: str) -> Page | None:
        """The page kept under an address; None if there is none, or what is kept cannot be used.

        :raises StorageError: the folder cannot be read.
        """
        with storage_errors(self._folder):
            try:
                facts = _FACTS.validate_json(_content(self._path(address, "json")))
                body = _content(self._path(address, "body"))
                body.decode(facts.encoding, errors="replace")
            except (FileNotFoundError, ValueError, LookupError):  # damaged, or of another version
                return None
        if facts.sha256 != hashlib.sha256(body).hexdigest():
            return None
        return Page(facts.url, body, facts.fetched_at, facts.encoding, facts.etag, facts.last_modified)

    def _path(self, address: str, suffix: str) -> Path:
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.{suffix}"


def _content(path: Path) -> bytes:
    """The bytes of a file; a folder or a pipe in its place is no file, and reading a pipe would not end."""
    if path.exists() and not path.is_file():
        raise FileNotFoundError(path)
    return path.read_bytes()
