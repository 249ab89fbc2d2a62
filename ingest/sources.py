"""The sources: facts about each site, read from `data/sources/*.toml`."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingest.errors import SourceFileError
from kb.entries import Kind, Language, Role
from kb.errors import first_problem


class Reader(StrEnum):
    """The reader for the pages of a source."""

    AWS_LENS = "aws_lens"
    OWASP = "owasp"


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Facts):
    """The minimum number of entries of each kind, from an edition on.

    `sections` are numbers of entries by kind and by the role of a section they have.
    """

    since: str
    pillar: int = 0
    question: int = 0
    best_practice: int = 0
    risk: int = 0
    design_principle: int = 0
    sections: Mapping[Kind, Mapping[Role, int]] = {}

    @property
    def having(self) -> dict[tuple[Kind, Role], int]:
        """The sections by kind and role."""
        return {(kind, role): count for kind, roles in self.sections.items() for role, count in roles.items()}


class Edition(_Facts):
    """One edition of a source in one language: its start address, pages and expected counts."""

    edition: str
    language: Language
    start: str = Field(pattern=r"^https://.*/$")
    pages: tuple[str, ...] = Field(min_length=1)
    expected: tuple[Expected, ...] = Field(min_length=1)
    principles: str | None = None

    def expected_in(self, edition: str) -> Expected:
        """The expected counts for an edition found on the site: the newest ones not later than it."""
        known = sorted(self.expected, key=lambda facts: facts.since)
        return next((facts for facts in reversed(known) if facts.since <= edition), known[0])


class Source(_Facts):
    """A documentation site."""

    name: str
    title: str
    publisher: str
    licence: str
    licence_url: str
    reader: Reader
    hosts: tuple[str, ...] = Field(min_length=1)
    editions: tuple[Edition, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _starts_on_its_hosts(self) -> Self:
        for edition in self.editions:
            if urlsplit(edition.start).hostname not in self.hosts:
                raise ValueError(f"start {edition.start} is not on one of the hosts {', '.join(self.hosts)}")
        return self


def load_sources(folder: Path) -> tuple[Source, ...]:
    """The sources of a folder in order of file name.

    :raises SourceFileError: a file is not TOML, or a fact is missing; the message names file and field.
    """
    return tuple(_load(path) for path in sorted(folder.glob("*.toml")))


def _load(path: Path) -> Source:
    try:
        return Source.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceFileError(f"{path}: not a TOML file: {error}") from error
    except ValidationError as error:
        problem = first_problem(error)
        raise SourceFileError(f"{path}, {problem.field or 'file'}: {problem.message}") from error
