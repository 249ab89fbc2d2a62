"""What differs between two builds: which entries came, went, moved, or say something else.

Entries are held against each other by id, all languages of an id together, and what counts is what their
source says. The catalogue's words that stand beside a site's are no part of that, or else a new version of
genlens would look like a revision of the pages; and of an entry that one build has from the site and the
other from the catalogue only the facts that both have from the source are compared. White space, markup,
links, invisible characters, and a query in an address make no difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from kb.entries import Entry, Kind, Language, Origin, Role, Section
from kb.errors import NotKeptError, ServingError
from kb.ids import question_of
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import SourceState, current_id, kept_builds, kept_id
from kb.text import clean, sentences, squeeze, wording

# The catalogue has these word for word from the site, for every entry.
_OFFICIAL = frozenset({"title", "question", "pillar", "best_practices", "risk_level"})
_URL = "url"

Texts = dict[str, list[str]]
"""What an entry says, by the name of the field."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is compared of a build: its id, where its entries came from, and the entries.

    What is not published has no id; neither has the nothing that was there before the first build.
    """

    build: str
    sources: tuple[SourceState, ...]
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The id, or what stands for it where there is none."""
        return self.build or ("a build not published" if self.entries else "nothing")

    @property
    def from_catalogue(self) -> tuple[SourceState, ...]:
        """The editions that came from the catalogue, not from their site."""
        return tuple(state for state in self.sources if state.origin == Origin.CATALOGUE)


@dataclass(frozen=True, slots=True)
class TextChange:
    """A field that differs in one language, a sentence a line; there is no line where it is missing."""

    field: str
    language: Language
    before: tuple[str, ...]
    after: tuple[str, ...]

    def diff(self, before: str, after: str) -> str:
        """A unified diff of the lines; the arguments name the two sides in its head."""
        return "\n".join(unified_diff(self.before, self.after, before, after, lineterm=""))


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry, as the newer build has it, and what differs; `languages` are those that were compared."""

    entry: Entry
    languages: tuple[Language, ...]
    texts: tuple[TextChange, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Each field that differs, once: a fact such as "title", the role of a section, or its title."""
        return tuple(dict.fromkeys(text.field for text in self.texts))

    @property
    def moved(self) -> bool:
        """Whether the address is all that differs."""
        return self.fields == (_URL,)

    def spoken_in(self, field: str) -> tuple[Language, ...]:
        """The languages that a field differs in; empty where it does in all that were compared."""
        found = tuple(text.language for text in self.texts if text.field == field)
        return () if found == self.languages else found


@dataclass(frozen=True, slots=True)
class Changes:
    """How a newer build differs from an older one; everything is in the order of the sources."""

    old: Contents
    new: Contents
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[EntryChange, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def between(home: Path, old: str | None = None, new: str | None = None) -> Changes:
    """How two kept builds differ: the last two, or the named one and the newest, or the named two.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: there is only one build, or a name is none of those kept.
    :raises DamagedIndexError: one of them cannot be read.
    """
    kept = kept_builds(home)
    if old is None and len(kept) == 1:
        raise NotKeptError(f"{kept[0]} is the only build in {home}, expected two to compare")
    older = kept[1] if old is None else kept_id(home, old)
    newer = kept[0] if new is None else kept_id(home, new)
    return compare(_contents(home, older), _contents(home, newer))


def served_contents(home: Path) -> Contents:
    """What the served build holds, whatever its model; nothing where there is none that can be read."""
    try:
        return _contents(home, current_id(home))
    except ServingError:
        return Contents("", (), ())


def compare(old: Contents, new: Contents) -> Changes:
    """How the newer contents differ from the older ones."""
    before, after = _Side(old), _Side(new)
    added = [entry_id for entry_id in after.versions if entry_id not in before.versions]
    removed = [entry_id for entry_id in before.versions if entry_id not in after.versions]
    common = [entry_id for entry_id in after.versions if entry_id in before.versions]
    changed = (_changed(before, after, entry_id) for entry_id in common)
    return Changes(
        old=old,
        new=new,
        added=tuple(map(after.entry, added)),
        removed=tuple(map(before.entry, removed)),
        changed=tuple(change for change in changed if change.texts),
    )


def _contents(home: Path, build_id: str) -> Contents:
    base = KnowledgeBase(home, build_id)
    return Contents(build_id, base.manifest.sources, base.entries)


class _Side:
    """One of two builds: what each entry says in each language, and who says it."""

    def __init__(self, contents: Contents) -> None:
        self._origins = {
            (state.name, state.edition, state.language): Origin.CATALOGUE
            if state in contents.from_catalogue
            else Origin.SITE
            for state in contents.sources
        }
        self.versions: dict[str, dict[Language, Entry]] = {}
        self._practices: dict[tuple[str, Language], list[str]] = {}
        for entry in contents.entries:
            self.versions.setdefault(entry.id, {})[entry.language] = entry
            if (question := question_of(entry.id)) != entry.id:
                self._practices.setdefault((question, entry.language), []).append(f"{entry.id} {entry.title}")

    def entry(self, entry_id: str) -> Entry:
        """An entry in English, or in the language it has."""
        versions = self.versions[entry_id]
        return versions.get(Language.ENGLISH) or next(iter(versions.values()))

    def origin(self, entry_id: str, language: Language) -> Origin | None:
        """Who stands for the source of an entry in a language; None where it has none in that language."""
        entry = self.versions[entry_id].get(language)
        return self._origins.get((entry.source, entry.edition, entry.language)) if entry else None

    def texts(self, entry_id: str, language: Language) -> Texts:
        """What the source says; nothing where it says nothing in that language."""
        origin = self.origin(entry_id, language)
        if origin is None:
            return {}
        entry = self.versions[entry_id][language]
        texts = {"title": [entry.title]}
        if entry.kind is Kind.QUESTION:  # its practices repeat the first two, which is told once
            texts["question"] = [entry.question or ""]
            texts["pillar"] = [entry.pillar or ""]
            texts["best_practices"] = self._practices.get((entry_id, language), [])
        texts["risk_level"] = [entry.risk_level or ""]
        texts[_URL] = [entry.url.partition("#")[0].partition("?")[0]]
        for section in entry.sections:
            if section.origin is origin:
                texts.setdefault(_name(section), []).extend([section.title, *(i.text for i in section.items)])
        return texts


def _name(section: Section) -> str:
    return squeeze(section.title) if section.role is Role.OTHER else section.role.value


def _changed(old: _Side, new: _Side, entry_id: str) -> EntryChange:
    texts: list[TextChange] = []
    languages: list[Language] = []
    for language in Language:
        origins = {side.origin(entry_id, language) for side in (old, new)}
        if origins != {None}:
            languages.append(language)
            only = _OFFICIAL if origins == set(Origin) else None
            before, after = old.texts(entry_id, language), new.texts(entry_id, language)
            texts += _differing(before, after, language, only)
    return EntryChange(new.entry(entry_id), tuple(languages), tuple(texts))


def _differing(
    before: Texts, after: Texts, language: Language, only: frozenset[str] | None
) -> Iterator[TextChange]:
    for field in dict.fromkeys([*after, *before]):
        said, says = before.get(field, []), after.get(field, [])
        if (only is None or field in only) and _wording(said) != _wording(says):
            yield TextChange(field, language, _lines(said), _lines(says))


def _wording(texts: Sequence[str]) -> str:
    return wording(" ".join(texts))


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    cleaned = (clean(text) for text in texts)
    return tuple(squeeze(text[start:end]) for text in cleaned for start, end in sentences(text))
