"""The entries of a build as lessons: questions with a known entry, split into folds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kb.entries import Entry, Language, Role, Section, read_entries
from kb.index.chunker import CountPieces, cut, read_chunks
from kb.ranking.search import ANSWERING
from kb.storage.builds import current_build
from kb.storage.manifest import Manifest, read_manifest

FOLDS = 3
# Sections people would type to find the entry; the other sections are passages.
ASKED = frozenset({Role.ASKS, Role.IN_PLACE})
_NOT_READ = ASKED | {Role.SIGNS, Role.TERMS, Role.RESOURCES}


@dataclass(frozen=True, slots=True)
class Corpus:
    """The entries of a build, the ids that can answer, and out-of-scope examples by language."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    answering: frozenset[str]
    out_of_scope: dict[Language, tuple[str, ...]]

    def without(self, fold: int) -> tuple["Corpus", "Corpus"]:
        """The corpus without the questions of a fold, and one with these questions only."""
        split = [_split(entry, fold) for entry in self.entries]
        out_of_scope = {language: list(enumerate(texts)) for language, texts in self.out_of_scope.items()}
        kept = {at: tuple(t for n, t in texts if n % FOLDS != fold) for at, texts in out_of_scope.items()}
        held_out = {at: tuple(t for n, t in texts if n % FOLDS == fold) for at, texts in out_of_scope.items()}
        return (
            replace(self, entries=tuple(entry for entry, _ in split), out_of_scope=kept),
            replace(self, entries=tuple(entry for _, entry in split), out_of_scope=held_out),
        )

    def questions(self, *roles: Role) -> Iterator[tuple[str, str]]:
        """Entry id and text of each item in sections with these roles, for entries that can answer."""
        for entry in self.entries:
            if entry.id in self.answering:
                for section in entry.sections:
                    if section.role in roles:
                        yield from ((entry.id, item.text) for item in section.items)


def read_corpus(home: Path) -> Corpus:
    """The served build of a home as a corpus.

    :raises ServingError: there is no build, or it is damaged.
    :raises RecordError: one of its files is damaged.
    """
    folder = current_build(home).folder
    entries = tuple(read_entries(folder / "entries.jsonl"))
    newest = max((entry.edition for entry in entries if ":" in entry.id), default="")
    out_of_scope: dict[Language, tuple[str, ...]] = {}
    for chunk in read_chunks(folder / "chunks.jsonl"):
        if chunk.role is Role.OUT_OF_SCOPE:
            out_of_scope[chunk.language] = (*out_of_scope.get(chunk.language, ()), chunk.text)
    answering = {e.id for e in entries if e.kind in ANSWERING and (":" not in e.id or e.edition == newest)}
    return Corpus(read_manifest(folder), entries, frozenset(answering), out_of_scope)


@dataclass(frozen=True, slots=True)
class Lessons:
    """The training texts of the encoder, in English: questions and passages by id, out-of-scope examples."""

    asked: dict[str, tuple[str, ...]]
    read: dict[str, tuple[str, ...]]
    out_of_scope: tuple[str, ...]


def lessons_of(corpora: Sequence[Corpus], count_pieces: CountPieces) -> Lessons:
    """The lessons of some corpora; each text of an id once."""
    asked: dict[str, dict[str, None]] = {}
    read: dict[str, dict[str, None]] = {}
    out_of_scope: dict[str, None] = {}
    for corpus in corpora:
        english = replace(corpus, entries=tuple(e for e in corpus.entries if e.language is Language.ENGLISH))
        for entry_id, text in english.questions(Role.SIGNS, *ASKED):
            asked.setdefault(entry_id, {})[text] = None
        for chunk in cut(english.entries, count_pieces):
            if chunk.role not in _NOT_READ and chunk.entry_id in asked:
                read.setdefault(chunk.entry_id, {})[chunk.embedded] = None
        out_of_scope |= dict.fromkeys(corpus.out_of_scope.get(Language.ENGLISH, ()))
    return Lessons(_texts(asked), _texts(read), tuple(out_of_scope))


def _texts(texts: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {entry_id: tuple(own) for entry_id, own in texts.items()}


def _split(entry: Entry, fold: int) -> tuple[Entry, Entry]:
    """An entry without the questions of a fold, and one with these questions only."""
    kept: list[Section] = []
    held_out: list[Section] = []
    for section in entry.sections:
        if section.role not in ASKED:
            kept.append(section)
            continue
        for sections, wanted in ((kept, False), (held_out, True)):
            items = tuple(
                item for number, item in enumerate(section.items) if (number % FOLDS == fold) is wanted
            )
            if items:
                sections.append(replace(section, items=items))
    return replace(entry, sections=tuple(kept)), replace(entry, sections=tuple(held_out))
