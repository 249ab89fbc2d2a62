"""The knowledge base: the only door to a build."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kb.entries import Entry, Kind, Language, read_entries
from kb.errors import DamagedIndexError, ModelError, NotFoundError, RecordError
from kb.ids import find_ids, parse_id, question_of
from kb.index.bm25 import Scores
from kb.index.chunker import Chunk
from kb.ranking.candidates import Index, open_index
from kb.ranking.features import Mask, Rows
from kb.ranking.filters import Filters, order
from kb.ranking.query import Query, read_query
from kb.ranking.ranker import Mode, Model, load_models
from kb.settings import Settings
from kb.storage.builds import Manifest, build_folder, current_id, read_manifest
from kb.text import fold, squeeze, terms

if TYPE_CHECKING:
    from kb.embedding.encoder import Encoder, Vectors

# What an answer is made of; questions, principles and pages are found by search and by id.
ANSWERING = frozenset({Kind.BEST_PRACTICE.value, Kind.RISK.value})
ALL = Filters()


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found, in the language of the question where it has one, and its chunks, best first."""

    entry: Entry
    score: float
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question: hits best first, and whether the corpus covers it.

    `named` are the ids that the question itself names; `confidence` is in [0, 1].
    """

    query: Query
    named: tuple[str, ...]
    hits: tuple[Hit, ...]
    covered: bool
    confidence: float


class KnowledgeBase:
    """One build, read-only; opening loads no model and no vector store, the first question does."""

    def __init__(
        self,
        home: Path,
        build_id: str,
        encoder: "Encoder | None" = None,
        models: Mapping[Mode, Model] | None = None,
    ) -> None:
        """Open a build; by default with the exported model that it was made with, and the shipped ranker.

        :raises DamagedIndexError: it cannot be read.
        """
        folder = build_folder(home, build_id)
        self.manifest: Manifest = read_manifest(folder)
        try:
            self.entries: tuple[Entry, ...] = tuple(read_entries(folder / "entries.jsonl"))
        except (OSError, RecordError) as error:
            raise DamagedIndexError(f"{folder} cannot be read ({error}); run: genlens refresh") from error
        self._versions: dict[str, dict[Language, Entry]] = {}
        for entry in self.entries:
            self._versions.setdefault(entry.id, {})[entry.language] = entry
        self._ids = tuple(self._versions)
        self._rows = {entry_id: row for row, entry_id in enumerate(self._ids)}
        self._home, self._folder, self._encoder, self._given = home, folder, encoder, models
        # The same few filters come with every question. The cache does not refer to the base, which is
        # then let go of, with its files, at the moment when its last reader is done.
        english = tuple(self._version(entry_id, Language.ENGLISH) for entry_id in self._ids)
        self._admitted = lru_cache(maxsize=64)(partial(_admitted, english))

    @cached_property
    def _index(self) -> Index:
        return open_index(self._home, self._folder, self.manifest, self.entries, self._encoder)

    def close(self) -> None:
        """Let go of the files of the build, so that its folder can be renamed."""
        if index := self.__dict__.get("_index"):  # not opened to be closed
            index.close()

    @property
    def _models(self) -> Mapping[Mode, Model]:
        return self._given or load_models()

    @property
    def build(self) -> str:
        """The id of the build."""
        return self.manifest.id

    @cached_property
    def editions(self) -> tuple[str, ...]:
        """The years of the risks, newest first; the first is meant when an id has none."""
        years = {entry.edition for entry in self.entries if entry.kind is Kind.RISK}
        return tuple(sorted(years, reverse=True)) or ("",)

    def entry(self, typed: str, language: Language = Language.ENGLISH) -> Entry:
        """The entry that an id, as people type it, names, in a language if it has that.

        :raises NotFoundError: it is no id, or names nothing in this build.
        """
        entry_id = typed if typed in self._versions else parse_id(typed, self.editions[0])
        if entry_id is None:
            raise NotFoundError(
                f"{squeeze(typed)[:60]!r} is not an id such as GENSEC05-BP01 or LLM03:2026; see: genlens list"
            )
        if entry_id not in self._versions:
            raise NotFoundError(f"{entry_id} is not in the served build {self.build}; see: genlens list")
        return self._version(entry_id, language)

    def has(self, entry_id: str) -> bool:
        """Whether an id, exactly as it stands, is in this build."""
        return entry_id in self._versions

    def versions(self, entry_id: str) -> tuple[Entry, ...]:
        """An entry in every language it has; empty where the id is not in this build."""
        return tuple(self._versions.get(entry_id, {}).values())

    def related(self, entry: Entry) -> tuple[tuple[Entry, str], ...]:
        """What an entry is related to, as far as this build has it, in its language, each with why."""
        known = (other for other in entry.related if other.id in self._versions)
        return tuple((self._version(other.id, entry.language), other.why) for other in known)

    def rarity(self, term: str) -> float:
        """How much a term tells: its inverse document frequency over the chunks, above 0."""
        return self._index.keywords.rarity(term)

    def encode(self, texts: Sequence[str], language: Language) -> "Vectors | None":
        """(n_texts, dim) float32, rows of length 1; None where the model does not read the language.

        :raises ModelError: the model of the build cannot be loaded.
        """
        return self._index.encode(texts, language)

    def listed(self, language: Language = Language.ENGLISH, filters: Filters = ALL) -> tuple[Entry, ...]:
        """Every entry that passes the filters, once, in the order of the sources."""
        found = (self._version(entry_id, language) for entry_id in self._ids)
        return tuple(entry for entry in found if filters.admits(entry))

    def search(self, typed: str, filters: Filters = ALL, limit: int = 10) -> tuple[Hit, ...]:
        """Entries by keyword alone, best first; no model is loaded. Phrases in double quotes must occur.

        :raises InputError: the query is blank or too long.
        """
        query = read_query(typed)
        holding = self._with_phrases(query)
        allowed = self._allowed(filters, query) & holding
        found = self._index.by_keyword(query, allowed)
        scores = self._models[found.mode].score(found.features)
        ranked = order(scores, allowed)
        named = [self._rows[i] for i in self._named(query, filters) or self._titled(query, filters)]
        rows = _first([row for row in named if holding[row]], ranked)
        return tuple(self._hits(rows[:limit], scores, found.chunk_scores, query.language))

    def retrieve(self, typed: str, filters: Filters = ALL, limit: int = 10) -> Retrieval:
        """Best practices and risks that answer a question, by keyword and vector together.

        :raises InputError: the question is blank or too long.
        :raises ModelError: the model of the build cannot be loaded.
        """
        query = read_query(typed)
        answering = replace(filters, kinds=filters.kinds or ANSWERING)
        typed_ids = self._named(query, filters)
        named = typed_ids or self._titled(query, answering)
        allowed = self._allowed(answering, query)
        found = self._index.by_all(self._spelled_out(query, typed_ids), allowed)
        model = self._models[found.mode]
        scores = model.score(found.features)
        ranked = order(scores, allowed)
        sure = 1.0 if named else model.confidence(self._index.evidence(query, found, scores, ranked))
        rows = _first([self._rows[entry_id] for entry_id in named], ranked)
        return Retrieval(
            query=query,
            named=named,
            hits=tuple(self._hits(rows[:limit], scores, found.chunk_scores, query.language)),
            covered=bool(rows) and sure >= model.threshold,
            confidence=sure,
        )

    def _spelled_out(self, query: Query, named: Sequence[str]) -> Query:
        """The query with the titles of the entries that it names: an id alone says little."""
        if not named:
            return query
        text = " ".join([query.text, *(self._version(entry_id, query.language).title for entry_id in named)])
        return replace(query, text=text, terms=tuple(terms(text)))

    def _version(self, entry_id: str, language: Language) -> Entry:
        versions = self._versions[entry_id]
        return versions.get(language) or versions.get(Language.ENGLISH) or next(iter(versions.values()))

    def _allowed(self, filters: Filters, query: Query) -> Mask:
        """Which entries pass the filters; risks only of the newest edition, unless another is asked for."""
        text = fold(query.text)
        named = frozenset(year for year in self.editions if year in text)
        return self._admitted(filters, filters.editions or named or frozenset(self.editions[:1]))

    def _with_phrases(self, query: Query) -> Mask:
        if not query.phrases:
            return np.ones(len(self._ids), dtype=np.bool_)
        holding = np.zeros(len(self._ids), dtype=np.bool_)
        for row in self._index.holding({term for phrase in query.phrases for term in phrase}):
            holding[row] = all(self._holds(self._ids[row], phrase) for phrase in query.phrases)
        return holding

    def _holds(self, entry_id: str, phrase: tuple[str, ...]) -> bool:
        for entry in self._versions[entry_id].values():
            for text in (entry.title, *(section.text for section in entry.sections)):
                words = terms(text)
                runs = (tuple(words[i : i + len(phrase)]) for i in range(len(words) - len(phrase) + 1))
                if phrase in runs:
                    return True
        return False

    def _named(self, query: Query, filters: Filters) -> tuple[str, ...]:
        """Ids that a query names and the filters admit; a question of the lens stands for its practices."""
        found: list[str] = []
        for match in find_ids(query.text, self.editions[0]):
            found += self._practices.get(match.id, [match.id])
        present = (entry_id for entry_id in dict.fromkeys(found) if entry_id in self._versions)
        return tuple(i for i in present if filters.admits(self._version(i, Language.ENGLISH)))

    @cached_property
    def _practices(self) -> dict[str, list[str]]:
        """The ids of the best practices of each question that has some."""
        practices: dict[str, list[str]] = {}
        for entry_id in self._ids:
            if (question := question_of(entry_id)) != entry_id:
                practices.setdefault(question, []).append(entry_id)
        return practices

    def _titled(self, query: Query, filters: Filters) -> tuple[str, ...]:
        """Ids of entries whose title has the very terms of the query, whatever their order and endings."""
        wanted = frozenset(query.terms)
        if not wanted:
            return ()
        allowed = self._allowed(filters, query)
        return tuple(i for i in self._titles.get(wanted, ()) if allowed[self._rows[i]])

    @cached_property
    def _titles(self) -> dict[frozenset[str], list[str]]:
        titles: dict[frozenset[str], list[str]] = {}
        for entry in self.entries:
            found = titles.setdefault(frozenset(terms(entry.title)), [])
            if entry.id not in found:
                found.append(entry.id)
        return titles

    def _hits(
        self, rows: list[int], scores: Scores, chunk_scores: Scores, language: Language
    ) -> Iterator[Hit]:
        for row in rows:
            entry = self._version(self._ids[row], language)
            own = np.asarray(self._index.layout.chunks_of(entry), dtype=np.intp)
            best = own[np.argsort(-chunk_scores[own], kind="stable")].tolist()
            yield Hit(entry, float(scores[row]), tuple(map(self._index.layout.chunks.__getitem__, best)))


def open_served(settings: Settings) -> KnowledgeBase:
    """The knowledge base of the build that is served.

    :raises NoIndexError: nothing has been built yet.
    :raises DamagedIndexError: the build cannot be read.
    :raises ModelError: the build was made with another model than the one that is set.
    """
    return open_build(settings, current_id(settings.home))


def open_build(settings: Settings, build_id: str) -> KnowledgeBase:
    """The knowledge base of one build.

    :raises DamagedIndexError: the build cannot be read.
    :raises ModelError: the build was made with another model than the one that is set.
    """
    base = KnowledgeBase(settings.home, build_id)
    if base.manifest.model != settings.model:
        raise ModelError(
            f"the build was made with {base.manifest.model}, but GENLENS_MODEL is {settings.model}; "
            "set it back or run: genlens refresh"
        )
    return base


def _admitted(entries: Sequence[Entry], filters: Filters, years: frozenset[str]) -> Mask:
    admitted = [filters.admits(e) and (e.kind is not Kind.RISK or e.edition in years) for e in entries]
    return np.array(admitted, dtype=np.bool_)


def _first(named: list[int], ranked: Rows) -> list[int]:
    """The named rows, then the ranked ones that are not among them."""
    return named + [int(row) for row in ranked if int(row) not in named]
