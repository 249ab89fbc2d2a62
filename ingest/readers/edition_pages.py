"""The interface of a reader: the pages of one edition, and the entries in them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ingest.fetch.page_store import Page
from kb.entries import Entry

Pages = Callable[[str], Page]
"""Returns the page at an address."""


@dataclass(frozen=True, slots=True)
class EditionEntries:
    """The edition found on the site (a year or ISO date) and its entries, in the order of the source."""

    edition: str
    entries: tuple[Entry, ...]


class EditionPages(Protocol):
    """One edition of a source, opened for reading."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of all its pages."""

    def read(self, pages: Pages) -> EditionEntries:
        """The entries in the pages.

        :raises PageShapeError: a page is not what its source file says.
        """
