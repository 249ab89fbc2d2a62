"""Errors between a source and its entries.

IngestError (a kb.errors.GenlensError)
├── SourceFileError     a file in data/sources is invalid
├── FetchError          a page could not be fetched
│   └── UnreachableError   its host cannot be reached: no network
├── PageShapeError      a page is not what its source file says
├── CountError          a source has fewer entries than expected
├── LossError           an edition lost much of its content
├── CatalogueError      a file of the catalogue is invalid
└── NoSourceError       no edition could be read
"""

from collections.abc import Sequence

from kb.errors import GenlensError

SHOWN = 3  # losses in one message


class IngestError(GenlensError):
    """Base of every error of this package: a gate failed, and the old build is still served."""

    exit_code = 1


class SourceFileError(IngestError):
    """A file in data/sources is invalid."""


class FetchError(IngestError):
    """A page could not be fetched."""


class UnreachableError(FetchError):
    """The host of a page cannot be reached."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        super().__init__(f"{host} cannot be reached: {reason}")


class PageShapeError(IngestError):
    """A page is not what its source file says."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        super().__init__(f"{url}: found {found}, expected {expected}")


class CountError(IngestError):
    """A source has fewer entries of a kind than expected."""


class LossError(IngestError):
    """An edition lost many entries, or a kind of section in many entries."""

    def __init__(self, edition: str, losses: Sequence[str]) -> None:
        more = f"; and {len(losses) - SHOWN} more losses" if len(losses) > SHOWN else ""
        super().__init__(
            f"{edition}: {'; '.join(losses[:SHOWN])}{more}; if the site means it: "
            "genlens refresh --accept-losses"
        )


class CatalogueError(IngestError):
    """A file of the catalogue is invalid."""


class NoSourceError(IngestError):
    """No edition could be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no source could be read ({reason}); nothing is published, the old build is still served; "
            "to build from the kept pages: genlens refresh --offline"
        )
