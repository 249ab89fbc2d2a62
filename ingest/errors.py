"""What can go wrong between a source and its entries.

IngestError (a kb.errors.GenlensError)
├── SourceFileError     a file in data/sources cannot be used
├── FetchError          a page could not be fetched
│   └── UnreachableError   its host cannot be reached at all: no network
├── PageShapeError      a page is there, but not what the source says it should be
├── CountError          a source has fewer entries than expected
├── CatalogueError      a file of the catalogue does not have the expected form
└── NoSourceError       not one edition could be read
"""

from kb.errors import GenlensError


class IngestError(GenlensError):
    """Base of every error of this package: a gate failed, and what was served still is."""

    exit_code = 1


class SourceFileError(IngestError):
    """A file in data/sources cannot be used."""


class FetchError(IngestError):
    """A page could not be fetched."""


class UnreachableError(FetchError):
    """The host of a page cannot be reached at all."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        super().__init__(f"{host} cannot be reached: {reason}")


class PageShapeError(IngestError):
    """A page is there, but not what the source says it should be."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        super().__init__(f"{url}: found {found}, expected {expected}")


class CountError(IngestError):
    """A source has fewer entries of a kind than expected."""


class CatalogueError(IngestError):
    """A file of the catalogue does not have the expected form."""


class NoSourceError(IngestError):
    """Not one edition could be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no source could be read ({reason}); nothing is published: what was served still is; "
            "to build from the pages kept from last time: genlens refresh --offline"
        )
