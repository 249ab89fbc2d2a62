"""The knowledge base: the only door to a build."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from kb.builds import (
    Manifest,
    build_folder,
    current_id,
    export_folder,
    read_chunks,
    read_manifest,
)
from kb.chunks import Chunk
from kb.coverage import Evidence, is_covered
from kb.entries import Entry, Kind, Language, read_entries
from kb.errors import DamagedIndexError, InputError, ModelError, RecordError
from kb.ids import edition_of, find_ids, parse_id, question_of
from kb.keywords import KeywordIndex, Scores, read_index, weights
from kb.search import Filters, best_of, fuse, order
from kb.settings import DEFAULT_MODEL, Settings
from kb.text import clean, is_japanese, squeeze, terms

if TYPE_CHECKING:
    from kb.encoder import OnnxEncoder
    from kb.vectors import VectorStore

MAX_QUESTION = 4000  # characters; longer ones are refused
NEIGHBOURS = 200  # chunks; several of one entry fold into one hit
KEYWORD_WEIGHT, VECTOR_WEIGHT = 1.0, 1.0
# Models that read no Japanese: their vectors say nothing about a Japanese question.
ENGLISH_MODELS = frozenset({DEFAULT_MODEL})
# What an answer is made of; questions and pages are found by search and by id.
ANSWERING = frozenset({Kind.BEST_PRACTICE.value, Kind.RISK.value})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found, in the language of the question where it has one, and its chunks, best first."""

    entry: Entry
    score: float
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question: hits best first, and whether the corpus covers it."""

    question: str
    language: Language
    named: tuple[str, ...]
    hits: tuple[Hit, ...]
    covered: bool
    evidence: Evidence


class KnowledgeBase:
    """One build, read-only; opening loads no model and no vector store, the first question does."""

    def __init__(self, home: Path, build_id: str) -> None:
        """Open a build.

        :raises DamagedIndexError: it cannot be read.
        """
        self._home = home
        self._folder = build_folder(home, build_id)
        self.manifest: Manifest = read_manifest(self._folder)
        self.entries: tuple[Entry, ...] = self._read(lambda: tuple(read_entries(self._folder / "entries.jsonl")))
        self._versions: dict[str, dict[Language, Entry]] = {}
        for entry in self.entries:
            self._versions.setdefault(entry.id, {})[entry.language] = entry
        self._ids = tuple(self._versions)

    @property
    def build(self) -> str:
        """The id of the build."""
        return self.manifest.id

    @cached_property
    def newest_edition(self) -> str:
        """The newest year of the risks; the one meant when an id has none."""
        return max((entry.edition for entry in self.entries if entry.kind is Kind.RISK), default="")

    def entry(self, typed: str, language: Language = Language.ENGLISH) -> Entry:
        """The entry that an id, as people type it, names, in a language if it has that.

        :raises InputError: it is no id, or names nothing in this build.
        """
        entry_id = typed if typed in self._versions else parse_id(typed, self.newest_edition)
        if entry_id is None:
            raise InputError(f"{squeeze(typed)[:60]!r} is not an id such as GENSEC05-BP01 or LLM03:2026; see: genlens list")
        if entry_id not in self._versions:
            raise InputError(f"{entry_id} is not in the served build {self.build}; see: genlens list")
        return self._version(entry_id, language)

    def practices_of(self, question_id: str) -> tuple[str, ...]:
        """The ids of the best practices of a question, in order."""
        return tuple(
            i for i in self._ids if question_of(i) == question_id and i != question_id
        )

    def search(self, query: str, filters: Filters = Filters(), limit: int = 10) -> tuple[Hit, ...]:
        """Entries by keyword alone, best first; no model is loaded. Phrases in double quotes must occur.

        :raises InputError: the query is blank or too long.
        """
        text = checked(query)
        allowed = self._allowed(filters, text) & self._with_phrases(text)
        scores = self._keyword_entries(self._index.score(weights(terms(text))))
        named = self._named(text)
        language = _language(text)
        return tuple(self._hits(self._routed(named, order(scores, allowed)), scores, scores, language, limit))

    def retrieve(self, question: str, filters: Filters = Filters(), limit: int = 10) -> Retrieval:
        """Best practices and risks that answer a question, by keyword and vector ranks together.

        :raises InputError: the question is blank or too long.
        :raises ModelError: the model of the build cannot be loaded.
        """
        text = checked(question)
        language = _language(text)
        asked = Filters(kinds=filters.kinds or ANSWERING, **_rest(filters))
        allowed = self._allowed(asked, text)
        by_keyword = self._index.score(weights(terms(text)))
        keyword = self._keyword_entries(by_keyword)
        by_vector = self._similarities(text, language)
        vector = best_of(by_vector, self._owners, len(self._ids))
        fused = fuse(
            [(KEYWORD_WEIGHT, order(keyword, allowed)), (VECTOR_WEIGHT, order(vector, allowed))], len(self._ids)
        )
        named = self._named(text)
        ranked = self._routed(named, order(fused, allowed))
        evidence = self._evidence(text, ranked, vector, keyword)
        strength = fuse([(1.0, order(by_keyword, by_keyword > 0)), (1.0, order(by_vector, by_vector > 0))], len(self._chunks))
        return Retrieval(
            question=text,
            language=language,
            named=named,
            hits=tuple(self._hits(ranked, fused, strength, language, limit)),
            covered=bool(named) or is_covered(evidence, language),
            evidence=evidence,
        )

    @cached_property
    def _chunks(self) -> tuple[Chunk, ...]:
        return self._read(lambda: read_chunks(self._folder))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {chunk.id: row for row, chunk in enumerate(self._chunks)}

    @cached_property
    def _owners(self) -> npt.NDArray[np.int32]:
        places = {entry_id: row for row, entry_id in enumerate(self._ids)}
        return np.array([places[chunk.entry_id] for chunk in self._chunks], dtype=np.int32)

    @cached_property
    def _index(self) -> KeywordIndex:
        return read_index(self._folder / "keywords")

    @cached_property
    def _store(self) -> "VectorStore":
        from kb.vectors import VectorStore  # imports chromadb

        return VectorStore(self._folder / "chroma")

    @cached_property
    def _encoder(self) -> "OnnxEncoder":
        from kb.encoder import OnnxEncoder  # imports onnxruntime

        return OnnxEncoder(export_folder(self._home, self.manifest.weights_sha256))

    def _read(self, reading: Callable[[], T]) -> T:
        try:
            return reading()
        except (OSError, RecordError) as error:
            raise DamagedIndexError(f"{self._folder} cannot be read ({error}); run: genlens refresh") from error

    def _version(self, entry_id: str, language: Language) -> Entry:
        versions = self._versions[entry_id]
        return versions.get(language) or versions.get(Language.ENGLISH) or next(iter(versions.values()))

    def _keyword_entries(self, scores: Scores) -> Scores:
        return best_of(scores, self._owners, len(self._ids))

    def _similarities(self, text: str, language: Language) -> Scores:
        """The cosine of each chunk with the question where it is among the nearest, else 0."""
        found = np.zeros(len(self._chunks), dtype=np.float32)
        if language is Language.JAPANESE and self.manifest.model in ENGLISH_MODELS:
            return found
        vector = self._encoder.encode([text])[0]
        for neighbour in self._store.nearest(vector, min(NEIGHBOURS, len(self._chunks))):
            found[self._rows[neighbour.chunk_id]] = max(neighbour.similarity, 0.0)
        return found

    def _allowed(self, filters: Filters, text: str) -> npt.NDArray[np.bool_]:
        """Which entries may be found: those that pass the filters, of the newest edition unless another is named."""
        editions = filters.editions or {match for match in self._editions if match in text} or {self.newest_edition}
        return np.array(
            [
                filters.admits(entry) and (entry.kind is not Kind.RISK or entry.edition in editions)
                for entry in (self._version(entry_id, Language.ENGLISH) for entry_id in self._ids)
            ],
            dtype=np.bool_,
        )

    @cached_property
    def _editions(self) -> frozenset[str]:
        return frozenset(entry.edition for entry in self.entries if entry.kind is Kind.RISK)

    def _with_phrases(self, text: str) -> npt.NDArray[np.bool_]:
        wanted = [terms(part) for part in text.split('"')[1::2] if terms(part)]
        if not wanted:
            return np.ones(len(self._ids), dtype=np.bool_)
        return np.array([all(self._holds(i, phrase) for phrase in wanted) for i in self._ids], dtype=np.bool_)

    def _holds(self, entry_id: str, phrase: list[str]) -> bool:
        texts = (f"{e.title}\n{s.text}" for e in self._versions[entry_id].values() for s in e.sections)
        return any(_runs(terms(text), phrase) for text in texts)

    def _named(self, text: str) -> tuple[str, ...]:
        """Ids of this build that a text names; a question of the lens stands for its best practices."""
        found: list[str] = []
        for match in find_ids(text, self.newest_edition):
            found += self.practices_of(match.id) or [match.id]
        return tuple(dict.fromkeys(i for i in found if i in self._versions))

    def _routed(self, named: Iterable[str], rows: npt.NDArray[np.intp]) -> list[int]:
        places = {entry_id: row for row, entry_id in enumerate(self._ids)}
        first = [places[entry_id] for entry_id in named]
        return first + [int(row) for row in rows if int(row) not in set(first)]

    def _hits(
        self, ranked: list[int], scores: Scores, strength: Scores, language: Language, limit: int
    ) -> Iterable[Hit]:
        for row in ranked[:limit]:
            entry = self._version(self._ids[row], language)
            own = [c for c in np.flatnonzero(self._owners == row) if self._chunks[c].language is entry.language]
            if len(strength) == len(self._chunks):
                own.sort(key=lambda c: -float(strength[c]))
            yield Hit(entry, float(scores[row]), tuple(self._chunks[c] for c in own))

    def _evidence(self, text: str, ranked: list[int], vector: Scores, keyword: Scores) -> Evidence:
        found = set(terms(text))
        mass = sum(self._index.rarity(term) for term in found)
        top = ranked[:3]
        held = {
            term
            for row in top
            for entry in self._versions[self._ids[row]].values()
            for term in self._vocabulary_of(entry)
        }
        matched = sum(self._index.rarity(term) for term in found & held)
        return Evidence(
            similarity=float(max((vector[row] for row in top), default=0.0)),
            keyword=float(max((keyword[row] for row in top), default=0.0)),
            matched=matched / mass if mass else 0.0,
        )

    def _vocabulary_of(self, entry: Entry) -> frozenset[str]:
        key = (entry.id, entry.language)
        if key not in self._vocabularies:
            texts = [entry.title, entry.question or "", *(section.text for section in entry.sections)]
            self._vocabularies[key] = frozenset(term for text in texts for term in terms(text))
        return self._vocabularies[key]

    @cached_property
    def _vocabularies(self) -> dict[tuple[str, Language], frozenset[str]]:
        return {}


def open_served(settings: Settings) -> KnowledgeBase:
    """The knowledge base of the build that is served.

    :raises NoIndexError: nothing has been built yet.
    :raises DamagedIndexError: the build cannot be read.
    :raises ModelError: the build was made with another model than the one that is set.
    """
    base = KnowledgeBase(settings.home, current_id(settings.home))
    if base.manifest.model != settings.model:
        raise ModelError(
            f"the build was made with {base.manifest.model}, but GENLENS_MODEL is {settings.model}; "
            "set it back or run: genlens refresh"
        )
    return base


def checked(question: str) -> str:
    """A question as it is used: cleaned, white space squeezed.

    :raises InputError: nothing is left, or it is longer than MAX_QUESTION characters.
    """
    if len(question) > MAX_QUESTION:
        raise InputError(
            f"the question has {len(question):,} characters, expected at most {MAX_QUESTION:,}; "
            "ask about one thing at a time"
        )
    text = squeeze(clean(question))
    if not any(character.isalnum() for character in text):
        raise InputError("the question is empty, expected a few words or an id; for example: genlens ask 'prompt caching'")
    return text


def _language(text: str) -> Language:
    return Language.JAPANESE if is_japanese(text) else Language.ENGLISH


def _rest(filters: Filters) -> dict[str, frozenset[str]]:
    return {
        "pillars": filters.pillars,
        "sources": filters.sources,
        "editions": filters.editions,
        "risk_levels": filters.risk_levels,
    }


def _runs(words: list[str], phrase: list[str]) -> bool:
    return any(words[i : i + len(phrase)] == phrase for i in range(len(words) - len(phrase) + 1))


__all__ = ["Hit", "KnowledgeBase", "Retrieval", "checked", "edition_of", "open_served"]
