"""The changes between two builds: entries added, removed, moved, or with other text.

Entries are compared by id, all languages of an id together, and only in the words of their source. Catalogue
sections next to a site's are ignored: otherwise a new version of genlens would look like a revision of the
pages. If one build has an entry from the site and the other from the catalogue, only the facts both take from
the source are compared. White space, markup, links, invisible characters and the query of an address make no
difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from kb.entries import Entry, Kind, Language, Origin, Role, Section
from kb.errors import NotKeptError
from kb.ids import question_of
from kb.index.entry_table import EntryTable
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import Build, kept_build, kept_builds
from kb.storage.manifest import SourceState
from kb.text import clean, comparable, sentences, squeeze

# Fields the catalogue copies word for word from the site.
_OFFICIAL = frozenset({"title", "question", "pillar", "best_practices", "risk_level"})
_URL = "url"

Texts = dict[str, list[str]]
"""The texts of an entry by field."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The compared contents of a build; the id is empty for an unpublished build, and before the first."""

    build: str
    sources: tuple[SourceState, ...]
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The id, or a description without one."""
        return self.build or ("an unpublished build" if self.entries else "nothing")

    @property
    def from_catalogue(self) -> tuple[SourceState, ...]:
        """The editions that came from the catalogue, not from their site."""
        return tuple(state for state in self.sources if state.origin == Origin.CATALOGUE)


@dataclass(frozen=True, slots=True)
class TextChange:
    """A field that differs in one language, one sentence per line; no lines if it is missing."""

    field: str
    language: Language
    before: tuple[str, ...]
    after: tuple[str, ...]

    def diff(self, before: str, after: str) -> str:
        """A unified diff of the lines; the arguments name the two sides in its header."""
        return "\n".join(unified_diff(self.before, self.after, before, after, lineterm=""))


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry of the newer build and its changed texts; `languages` were compared."""

    entry: Entry
    languages: tuple[Language, ...]
    texts: tuple[TextChange, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Each changed field once: a fact such as "title", the role of a section, or its title."""
        return tuple(dict.fromkeys(text.field for text in self.texts))

    @property
    def moved(self) -> bool:
        """True if only the address differs."""
        return self.fields == (_URL,)

    def only_in(self, field: str) -> tuple[Language, ...]:
        """The languages a field differs in; empty if it differs in all compared languages."""
        changed = tuple(text.language for text in self.texts if text.field == field)
        return () if changed == self.languages else changed


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes from an older build to a newer one, in the order of the sources."""

    old: Contents
    new: Contents
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[EntryChange, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def between(home: Path, old: str | None = None, new: str | None = None) -> Changes:
    """The changes between two kept builds: the last two, the named one and the newest, or the named two.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: only one build is kept, or no kept build has this id.
    :raises DamagedIndexError: one of the builds is damaged.
    """
    kept = kept_builds(home)
    if old is None and len(kept) == 1:
        raise NotKeptError(f"{kept[0]} is the only build in {home}, expected two to compare")
    older = Build(home, kept[1]) if old is None else kept_build(home, old)
    newer = Build(home, kept[0]) if new is None else kept_build(home, new)
    return compare(contents_of(KnowledgeBase(older)), contents_of(KnowledgeBase(newer)))


def contents_of(base: KnowledgeBase | None) -> Contents:
    """The contents of a build; empty for None."""
    return Contents(base.build, base.manifest.sources, base.entries) if base else Contents("", (), ())


def compare(old: Contents, new: Contents) -> Changes:
    """The changes from older to newer contents."""
    before, after = _Side(old), _Side(new)
    changes = (
        _entry_change(before, after, entry_id) for entry_id in after.table.ids if entry_id in before.table
    )
    return Changes(
        old=old,
        new=new,
        added=tuple(entry for entry in after.table.english if entry.id not in before.table),
        removed=tuple(entry for entry in before.table.english if entry.id not in after.table),
        changed=tuple(change for change in changes if change.texts),
    )


class _Side:
    """One of two builds: the texts of each entry in each language, and their origin."""

    def __init__(self, contents: Contents) -> None:
        self.table = EntryTable(contents.entries)
        self._origins = {
            (state.name, state.edition, state.language): Origin.CATALOGUE
            if state in contents.from_catalogue
            else Origin.SITE
            for state in contents.sources
        }
        self._practices: dict[tuple[str, Language], list[str]] = {}
        for entry in contents.entries:
            if (question := question_of(entry.id)) != entry.id:
                self._practices.setdefault((question, entry.language), []).append(f"{entry.id} {entry.title}")

    def origin(self, entry_id: str, language: Language) -> Origin | None:
        """The origin of an entry in a language; None if it has no source in that language."""
        entry = self.table.in_language(entry_id, language)
        return self._origins.get((entry.source, entry.edition, entry.language)) if entry else None

    def texts(self, entry_id: str, language: Language) -> Texts:
        """The texts of the source by field; empty if it has none in that language."""
        origin, entry = self.origin(entry_id, language), self.table.in_language(entry_id, language)
        if origin is None or entry is None:
            return {}
        texts = {"title": [entry.title]}
        if entry.kind is Kind.QUESTION:  # its practices repeat these: report them once
            texts["question"] = [entry.question or ""]
            texts["pillar"] = [entry.pillar or ""]
            texts["best_practices"] = self._practices.get((entry_id, language), [])
        texts["risk_level"] = [entry.risk_level or ""]
        texts[_URL] = [entry.url.partition("#")[0].partition("?")[0]]
        for section in entry.sections:
            if section.origin is origin:
                items = (item.text for item in section.items)
                texts.setdefault(_field_of(section), []).extend([section.title, *items])
        return texts


def _field_of(section: Section) -> str:
    return squeeze(section.title) if section.role is Role.OTHER else section.role.value


def _entry_change(old: _Side, new: _Side, entry_id: str) -> EntryChange:
    texts: list[TextChange] = []
    languages: list[Language] = []
    for language in Language:
        origins = {side.origin(entry_id, language) for side in (old, new)}
        if origins != {None}:
            languages.append(language)
            only = _OFFICIAL if origins == set(Origin) else None
            before, after = old.texts(entry_id, language), new.texts(entry_id, language)
            texts += _text_changes(before, after, language, only)
    return EntryChange(new.table.version(entry_id, Language.ENGLISH), tuple(languages), tuple(texts))


def _text_changes(
    before: Texts, after: Texts, language: Language, only: frozenset[str] | None
) -> Iterator[TextChange]:
    """The changed fields; with `only`, other fields are ignored."""
    for field in dict.fromkeys([*after, *before]):
        old, new = before.get(field, []), after.get(field, [])
        if (only is None or field in only) and _joined(old) != _joined(new):
            yield TextChange(field, language, _lines(old), _lines(new))


def _joined(texts: Sequence[str]) -> str:
    return comparable(" ".join(texts))


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    cleaned = (clean(text) for text in texts)
    return tuple(squeeze(text[start:end]) for text in cleaned for start, end in sentences(text))
