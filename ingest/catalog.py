"""The reader of the catalogue: `data/catalog/<source>/*.yaml`, in the project's own words, to entries.

A file holds one question of the lens with its best practices, or one risk. Each entry is written in
English and in Japanese.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from ingest.errors import CatalogueError
from ingest.sources import Source
from kb.entries import Entry, Item, Kind, Language, Marker, Origin, RiskLevel, Role, Section
from kb.ids import edition_of, parse_id, question_of
from kb.text import is_japanese

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_TITLES = {
    Language.ENGLISH: {
        Role.INTRODUCTION: "Summary",
        Role.STEPS: "What to do",
        Role.SIGNS: "Signs that it is missing",
        Role.ASKS: "What people ask",
        Role.TERMS: "Terms",
    },
    Language.JAPANESE: {
        Role.INTRODUCTION: "概要",
        Role.STEPS: "実施すること",
        Role.ASKS: "よくある質問",
        Role.TERMS: "用語",
    },
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Words(_Record):
    summary: _Text
    do: tuple[_Text, ...] = ()
    asks: tuple[_Text, ...] = ()
    terms: tuple[_Text, ...] = ()


class _English(_Words):
    signs: tuple[_Text, ...] = ()


class _Japanese(_Words):
    title: _Text
    question: _Text | None = None

    @model_validator(mode="after")
    def _holds_japanese(self) -> Self:
        for text in (self.title, self.summary, *self.do, *self.asks, self.question):
            if text is not None and not is_japanese(text):
                raise ValueError(f"{text[:40]!r} holds no Japanese")
        return self


class _Citable(_Record):
    id: _Text
    title: _Text
    wa_tool: _Text | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    en: _English
    ja: _Japanese

    @model_validator(mode="after")
    def _has_a_plain_id(self) -> Self:
        if parse_id(self.id, "") != self.id:
            raise ValueError(f"{self.id!r} is not an id such as GENSEC05-BP01 or LLM03:2026")
        return self


class _BestPractice(_Citable):
    risk_level: RiskLevel
    phases: tuple[_Text, ...] = ()


class _Question(_Citable):
    question: _Text
    pillar: _Text
    best_practices: tuple[_BestPractice, ...]

    @model_validator(mode="after")
    def _holds_its_own(self) -> Self:
        for practice in self.best_practices:
            if question_of(practice.id) != self.id:
                raise ValueError(f"best practice {practice.id} does not belong to {self.id}")
        return self


class _Risk(_Citable):
    pass


def read(folder: Path, source: Source) -> tuple[Entry, ...]:
    """The catalogue's entries for a source in every edition and language, in order of file name.

    :raises CatalogueError: a file is not YAML of the expected form; the message names file, entry, field.
    """
    return tuple(
        entry
        for path in sorted((folder / source.name).glob("*.yaml"))
        for entry in _entries(_load(path), source)
    )


def _load(path: Path) -> _Question | _Risk:
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(record, dict):
        raise CatalogueError(f"{path}: found {type(record).__name__}, expected a mapping that begins with id")
    model = _Risk if edition_of(str(record.get("id"))) else _Question
    try:
        return model.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise CatalogueError(f"{path}, {record.get('id')}, {field}: {first['msg']}") from error


def _entries(record: _Question | _Risk, source: Source) -> Iterator[Entry]:
    if isinstance(record, _Risk):
        yield from _both(record, Kind.RISK, source, edition_of(record.id) or "")
        return
    edition = source.editions[0].edition
    yield from _both(record, Kind.QUESTION, source, edition, record)
    for practice in record.best_practices:
        yield from _both(practice, Kind.BEST_PRACTICE, source, edition, record)


def _both(
    record: _Citable, kind: Kind, source: Source, edition: str, question: _Question | None = None
) -> Iterator[Entry]:
    for language, words in ((Language.ENGLISH, record.en), (Language.JAPANESE, record.ja)):
        yield Entry(
            id=record.id,
            kind=kind,
            title=words.title if isinstance(words, _Japanese) else record.title,
            source=source.name,
            edition=edition,
            url=record.url,
            language=language,
            sections=tuple(_sections(words, language)),
            pillar=question.pillar if question else None,
            question=_question_text(question, language) if question else None,
            risk_level=record.risk_level if isinstance(record, _BestPractice) else None,
            phases=record.phases if isinstance(record, _BestPractice) else (),
            wa_tool=record.wa_tool,
        )


def _question_text(question: _Question, language: Language) -> str:
    return question.ja.question or question.question if language is Language.JAPANESE else question.question


def _sections(words: _Words, language: Language) -> Iterator[Section]:
    signs = words.signs if isinstance(words, _English) else ()
    for role, marker, texts in (
        (Role.INTRODUCTION, Marker.PARAGRAPH, (words.summary,)),
        (Role.STEPS, Marker.NUMBER, words.do),
        (Role.SIGNS, Marker.BULLET, signs),
        (Role.ASKS, Marker.BULLET, words.asks),
        (Role.TERMS, Marker.BULLET, words.terms),
    ):
        if texts:
            items = tuple(Item(text, marker) for text in texts)
            yield Section(_TITLES[language][role], role, items, origin=Origin.CATALOGUE)
