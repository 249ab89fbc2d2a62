"""The schema of the catalogue's files; the one module for YAML."""

import re
from pathlib import Path
from typing import Annotated, Self, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ingest.errors import CatalogueError
from kb.entries import RiskLevel
from kb.errors import first_problem
from kb.ids import parse_id, question_of
from kb.text import is_japanese

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Form = TypeVar("Form")
# The C loader is ten times as fast, if PyYAML was built with it.
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Design principles have no number; their id is made of source and title.
_SLUG = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")


class Record(BaseModel):
    """A part of a file; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Record):
    """The texts of an entry in one language; `in_place` are statements of workloads that follow it."""

    summary: Text
    do: tuple[Text, ...] = ()
    in_place: tuple[Text, ...] = ()
    asks: tuple[Text, ...] = ()
    terms: tuple[Text, ...] = ()


class English(Words):
    """The English texts; `signs` are symptoms of a missing practice."""

    signs: tuple[Text, ...] = ()


class Japanese(Words):
    """The Japanese texts, with the title and, for a question of the lens, the question."""

    title: Text
    question: Text | None = None

    @model_validator(mode="after")
    def _holds_japanese(self) -> Self:
        for text in (self.title, self.summary, *self.do, *self.in_place, *self.asks, self.question):
            if text is not None and not is_japanese(text):
                raise ValueError(f"{text[:40]!r} has no Japanese")
        return self


class Citable(Record):
    """Anything with an id: official title, id in the AWS Well-Architected Tool, address, and texts."""

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
    """A best practice, with its life-cycle phases from the appendix of the lens."""

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
    """The file of the design principles of a source."""

    principles: tuple[Citable, ...]


class Why(Record):
    """The reason why two entries are related, in both languages."""

    en: Text
    ja: Text


class Pair(Why):
    """Two related entries; the relation holds both ways."""

    between: tuple[Text, Text]


class Examples(Record):
    """Out-of-scope questions, by reason."""

    off_topic: tuple[Text, ...]
    tricks: tuple[Text, ...]
    near_misses: tuple[Text, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All examples, in the order of the file."""
        return (*self.off_topic, *self.tricks, *self.near_misses)


class Scope(Record):
    """The file of out-of-scope questions, by language."""

    en: Examples
    ja: Examples


class Step(Why):
    """A step of the crosswalk between editions: a new risk has no `old`, a dropped one no `new`."""

    old: Text | None = None
    new: Text | None = None


def load(path: Path, form: TypeAdapter[Form]) -> Form:
    """The record in a YAML file.

    :raises CatalogueError: it is not YAML, or not of this form; the message names file, entry and field.
    """
    try:
        record = yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    try:
        return form.validate_python(record)
    except ValidationError as error:
        problem = first_problem(error)
        entry = record.get("id") if isinstance(record, dict) else None
        place = ", ".join(str(part) for part in (path, entry, problem.field or "file") if part)
        raise CatalogueError(f"{place}: {problem.message}") from error
