"""The form of the catalogue's files; the one module that talks to YAML."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ingest.errors import CatalogueError
from kb.entries import RiskLevel
from kb.ids import parse_id, question_of
from kb.text import is_japanese

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
T = TypeVar("T")
# The same in C, ten times as fast, where PyYAML was built with it.
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Design principles have no number; they are named after their source and title.
_SLUG = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")


class Record(BaseModel):
    """A part of a file: no key more, none less, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Record):
    """What is written of an entry in one language; `in_place` is what a workload says that follows it."""

    summary: Text
    do: tuple[Text, ...] = ()
    in_place: tuple[Text, ...] = ()
    asks: tuple[Text, ...] = ()
    terms: tuple[Text, ...] = ()


class English(Words):
    """The English words; `signs` are symptoms that the practice is missing."""

    signs: tuple[Text, ...] = ()


class Japanese(Words):
    """The Japanese words, with the title and, for a question of the lens, its text."""

    title: Text
    question: Text | None = None

    @model_validator(mode="after")
    def _holds_japanese(self) -> Self:
        for text in (self.title, self.summary, *self.do, *self.in_place, *self.asks, self.question):
            if text is not None and not is_japanese(text):
                raise ValueError(f"{text[:40]!r} holds no Japanese")
        return self


class Citable(Record):
    """Anything with an id: official title, id in the AWS Well-Architected Tool, address, and words."""

    id: Text
    title: Text
    wa_tool: Text | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    en: English
    ja: Japanese

    @model_validator(mode="after")
    def _has_a_plain_id(self) -> Self:
        if parse_id(self.id, "") != self.id and not _SLUG.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is not an id such as GENSEC05-BP01 or LLM03:2026")
        return self


class BestPractice(Citable):
    """A best practice, with the phases of the life cycle that the lens's appendix names for it."""

    risk_level: RiskLevel
    phases: tuple[Text, ...] = ()


class Question(Citable):
    """A file of the lens: a question with its best practices."""

    question: Text
    pillar: Text
    best_practices: tuple[BestPractice, ...]

    @model_validator(mode="after")
    def _holds_its_own(self) -> Self:
        for practice in self.best_practices:
            if question_of(practice.id) != self.id:
                raise ValueError(f"best practice {practice.id} does not belong to {self.id}")
        return self


class Risk(Citable):
    """A file of the risks: one risk of one edition."""


class Principles(Record):
    """The file of a source's design principles."""

    principles: tuple[Citable, ...]


class Why(Record):
    """A few words in both languages on what two entries have to do with each other."""

    en: Text
    ja: Text


class Pair(Why):
    """Two entries that a reader of one should know of; it holds both ways."""

    between: tuple[Text, Text]


class Examples(Record):
    """Questions that the corpus does not answer, by what makes them so."""

    off_topic: tuple[Text, ...]
    tricks: tuple[Text, ...]
    near_misses: tuple[Text, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every example, in the order of the file."""
        return (*self.off_topic, *self.tricks, *self.near_misses)


class Scope(Record):
    """The file of what is out of scope, per language."""

    en: Examples
    ja: Examples


class Change(StrEnum):
    """What became of a risk from one edition to the next."""

    SAME = "same"
    RENUMBERED = "renumbered"
    RENAMED = "renamed"
    MERGED = "merged"
    NEW = "new"
    DROPPED = "dropped"


class Step(Why):
    """A step of the crosswalk: a new risk has no `old`, a dropped one no `new`."""

    old: Text | None = None
    new: Text | None = None
    changes: tuple[Change, ...] = Field(min_length=1)


def load(path: Path, form: TypeAdapter[T]) -> T:
    """What a YAML file holds, in the given form.

    :raises CatalogueError: it is not YAML or not of the form; the message names file, entry and field.
    """
    try:
        record = yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE)  # noqa: S506 - as its name says
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    try:
        return form.validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        raise CatalogueError(f"{path}, {_place(record, first['loc'])}: {first['msg']}") from error


def _place(record: object, loc: tuple[int | str, ...]) -> str:
    """The entry that an error stands in, by its id, and the field."""
    entry = record.get("id") if isinstance(record, dict) else None
    field = ".".join(str(part) for part in loc) or "file"
    return f"{entry}, {field}" if entry else field
