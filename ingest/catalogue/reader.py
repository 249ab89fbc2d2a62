"""The reader of the catalogue: `data/catalog/<source>/*.yaml`, written for genlens, to entries.

A file has one question of the lens with its best practices, or one risk, in English and Japanese.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ingest.catalogue.relations import Relations, read_relations
from ingest.catalogue.schema import (
    BestPractice,
    Citable,
    English,
    Japanese,
    Principles,
    Question,
    Risk,
    Scope,
    Words,
    load,
)
from ingest.sources import Source
from kb.entries import Entry, Item, Kind, Language, Marker, Origin, Role, Section
from kb.ids import edition_of

_TITLES = {
    Language.ENGLISH: {
        Role.INTRODUCTION: "Summary",
        Role.STEPS: "What to do",
        Role.SIGNS: "Signs that it is missing",
        Role.IN_PLACE: "Signs that it is in place",
        Role.ASKS: "What people ask",
        Role.TERMS: "Terms",
    },
    Language.JAPANESE: {
        Role.INTRODUCTION: "概要",
        Role.STEPS: "実施すること",
        Role.IN_PLACE: "実施できている状態",
        Role.ASKS: "よくある質問",
        Role.TERMS: "用語",
    },
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue: entries by source in every edition and language, relations, out-of-scope questions."""

    entries: Mapping[str, tuple[Entry, ...]]
    relations: Relations
    out_of_scope: Mapping[Language, tuple[str, ...]]

    @property
    def all_entries(self) -> Iterator[Entry]:
        """The entries of all sources."""
        return (entry for entries in self.entries.values() for entry in entries)


def read_catalogue(folder: Path, sources: tuple[Source, ...]) -> Catalogue:
    """The catalogue for some sources.

    :raises CatalogueError: a file is invalid; the message names file, entry and field.
    """
    return Catalogue(
        {source.name: read_source(folder, source) for source in sources},
        read_relations(folder),
        read_scope(folder),
    )


def read_source(folder: Path, source: Source) -> tuple[Entry, ...]:
    """The catalogue entries for a source in every edition and language, in order of file name.

    :raises CatalogueError: a file is invalid; the message names file, entry and field.
    """
    return tuple(
        entry
        for path in sorted((folder / source.name).glob("*.yaml"))
        for entry in _entries(load(path, _form(path)), source)
    )


def read_scope(folder: Path) -> dict[Language, tuple[str, ...]]:
    """Examples of out-of-scope questions, by language.

    :raises CatalogueError: the file is missing or invalid.
    """
    scope = load(folder / "scope.yaml", TypeAdapter(Scope))
    return {Language.ENGLISH: scope.en.all, Language.JAPANESE: scope.ja.all}


def _form(path: Path) -> TypeAdapter[Question | Risk | Principles]:
    """The form of a file by its name: `GENSEC05.yaml`, `LLM03-2026.yaml`, `principles.yaml`."""
    form: type[Question | Risk | Principles] = Risk if path.stem.startswith("LLM") else Question
    return TypeAdapter(Principles if path.stem == "principles" else form)


def _entries(record: Question | Risk | Principles, source: Source) -> Iterator[Entry]:
    edition = source.editions[0].edition
    if isinstance(record, Principles):
        for principle in record.principles:
            yield from _both(principle, Kind.PRINCIPLE, source, edition)
        return
    if isinstance(record, Risk):
        yield from _both(record, Kind.RISK, source, edition_of(record.id) or "")
        return
    yield from _both(record, Kind.QUESTION, source, edition, record)
    for practice in record.best_practices:
        yield from _both(practice, Kind.BEST_PRACTICE, source, edition, record)


def _both(
    record: Citable, kind: Kind, source: Source, edition: str, question: Question | None = None
) -> Iterator[Entry]:
    for language, words in ((Language.ENGLISH, record.en), (Language.JAPANESE, record.ja)):
        yield Entry(
            id=record.id,
            kind=kind,
            title=words.title if isinstance(words, Japanese) else record.title,
            source=source.name,
            edition=edition,
            url=record.url,
            language=language,
            sections=tuple(_sections(words, language)),
            pillar=question.pillar if question else None,
            question=_question_text(question, language) if question else None,
            risk_level=record.risk_level if isinstance(record, BestPractice) else None,
            phases=record.phases if isinstance(record, BestPractice) else (),
            wa_tool=record.wa_tool,
        )


def _question_text(question: Question, language: Language) -> str:
    return question.ja.question or question.question if language is Language.JAPANESE else question.question


def _sections(words: Words, language: Language) -> Iterator[Section]:
    signs = words.signs if isinstance(words, English) else ()
    for role, marker, texts in (
        (Role.INTRODUCTION, Marker.PARAGRAPH, (words.summary,)),
        (Role.STEPS, Marker.NUMBER, words.do),
        (Role.SIGNS, Marker.BULLET, signs),
        (Role.IN_PLACE, Marker.BULLET, words.in_place),
        (Role.ASKS, Marker.BULLET, words.asks),
        (Role.TERMS, Marker.BULLET, words.terms),
    ):
        if texts:
            items = tuple(Item(text, marker) for text in texts)
            yield Section(_TITLES[language][role], role, items, origin=Origin.CATALOGUE)
