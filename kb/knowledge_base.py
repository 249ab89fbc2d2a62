"""The knowledge base: the one door to a build."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kb.entries import Entry, Language, read_entries
from kb.errors import DamagedIndexError, ModelError, NotFoundError, RecordError
from kb.ids import parse_id
from kb.index.bm25 import INDEX_FILES, BM25Index, read_index
from kb.index.chunker import Chunk, read_chunks
from kb.index.entry_table import EntryTable
from kb.index.passage_table import (
    ROWS_FILE,
    VECTORS_FILE,
    EntryPassages,
    PassageTable,
    cut_table,
    read_table,
)
from kb.ranking.candidates import CandidateSearch
from kb.ranking.filters import ALL, Filters
from kb.ranking.layout import Layout
from kb.ranking.neighbours import VectorSearch
from kb.ranking.query import read_query, read_question
from kb.ranking.ranker import Rankers, load_rankers
from kb.ranking.search import Hit, Retrieval, Search
from kb.settings import Settings
from kb.storage.builds import Build, Draft, current_build
from kb.storage.manifest import Manifest, check_file, read_manifest
from kb.text import squeeze

if TYPE_CHECKING:
    from kb.embedding.encoder import Encoder, Vectors


class KnowledgeBase:
    """One build, read-only. Opening it loads no model and no vector store; the first question does."""

    def __init__(
        self, build: Build | Draft, encoder: "Encoder | None" = None, rankers: Rankers | None = None
    ) -> None:
        """Open a build.

        `encoder` and `rankers` replace the exported model of the build and the bundled rankers.

        :raises DamagedIndexError: the build is damaged.
        """
        folder = build.folder
        self.manifest: Manifest = read_manifest(folder)
        try:
            self._table = EntryTable(read_entries(check_file(folder, self.manifest, "entries.jsonl")))
        except (OSError, RecordError) as error:
            raise _damaged(build, error) from error
        self._build, self._given_encoder, self._given_rankers = build, encoder, rankers

    def close(self) -> None:
        """Close the files of the build; its folder can then be renamed."""
        if vectors := self.__dict__.get("_vectors"):  # not opened just to be closed
            vectors.close()

    @property
    def build(self) -> str:
        """The id of the build."""
        return self.manifest.id

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries in all languages, in the order of the sources."""
        return self._table.entries

    @property
    def editions(self) -> tuple[str, ...]:
        """The years of the risks, newest first; an id without a year means the first."""
        return self._table.editions

    def entry(self, typed: str, language: Language = Language.ENGLISH) -> Entry:
        """The entry with an id in any spelling, in the language if it has that.

        :raises NotFoundError: the text is not an id, or the build has no such entry.
        """
        entry_id = typed if typed in self._table else parse_id(typed, self.editions[0])
        if entry_id is None:
            raise NotFoundError(
                f"{squeeze(typed)[:60]!r} is not an id such as GENSEC05-BP01 or LLM03:2026; see: genlens list"
            )
        if entry_id not in self._table:
            raise NotFoundError(f"{entry_id} is not in the served build {self.build}; see: genlens list")
        return self._table.version(entry_id, language)

    def has(self, entry_id: str) -> bool:
        """True if the build has an entry with exactly this id."""
        return entry_id in self._table

    def versions(self, entry_id: str) -> tuple[Entry, ...]:
        """An entry in each of its languages; empty for an unknown id."""
        return self._table.versions(entry_id)

    def related(self, entry: Entry) -> tuple[tuple[Entry, str], ...]:
        """The related entries of this build, each with the reason, in the language of the entry."""
        known = (other for other in entry.related if other.id in self._table)
        return tuple((self._table.version(other.id, entry.language), other.why) for other in known)

    def listed(self, language: Language = Language.ENGLISH, filters: Filters = ALL) -> tuple[Entry, ...]:
        """One version of every entry that passes the filters, in the order of the sources."""
        versions = (self._table.version(entry_id, language) for entry_id in self._table.ids)
        return tuple(entry for entry in versions if filters.admits(entry))

    def idf(self, term: str) -> float:
        """The inverse document frequency of a term over the chunks, above 0."""
        return self._candidates.chunk_index.idf_of(term)

    def passages(self, entry: Entry) -> EntryPassages:
        """The quotable passages of an entry of this build.

        :raises DamagedIndexError: the passages of the build are damaged.
        """
        try:
            return self._passages.of(entry)
        except RecordError as error:
            raise _damaged(self._build, error) from error

    def encode(self, texts: Sequence[str], language: Language) -> "Vectors":
        """(n_texts, dim) float32, rows of length 1; a language the model does not read is glossed first.

        :raises ModelError: the model of the build cannot be loaded.
        """
        return self._vectors.encode(texts, language)

    def search(self, typed: str, filters: Filters = ALL, limit: int = 10) -> tuple[Hit, ...]:
        """Entries by keyword alone, best first; no model is loaded. Phrases in double quotes must occur.

        :raises InputError: the query is blank or too long.
        """
        return self._search.by_keyword(read_query(typed), filters, limit)

    def retrieve(self, typed: str, filters: Filters = ALL, limit: int = 10) -> Retrieval:
        """The best practices and risks that answer a question, by keyword and vector together.

        :raises InputError: the question is blank or too long.
        :raises ModelError: the model of the build cannot be loaded.
        """
        return self._search.answering(read_question(typed), filters, limit)

    @cached_property
    def _chunks(self) -> tuple[Chunk, ...]:
        try:
            return read_chunks(self._file("chunks.jsonl"))
        except (OSError, RecordError) as error:
            raise _damaged(self._build, error) from error

    @cached_property
    def _passages(self) -> PassageTable:
        if not self.manifest.passages:
            return cut_table(self.entries, self.manifest.dim)
        try:
            for name in (ROWS_FILE, VECTORS_FILE):
                self._file(name)
            return read_table(self._build.folder, self.manifest.dim)
        except (OSError, RecordError) as error:
            raise _damaged(self._build, error) from error

    @cached_property
    def _vectors(self) -> VectorSearch:
        return VectorSearch(self._build, self.manifest, self._chunks, self._given_encoder)

    @cached_property
    def _candidates(self) -> CandidateSearch:
        return CandidateSearch(
            Layout(self._table.ids, self._chunks, self.entries),
            self._keywords("chunks"),
            self._keywords("entries"),
            self._vectors,
        )

    def _keywords(self, name: str) -> BM25Index:
        for file in INDEX_FILES:
            self._file(f"keywords/{name}/{file}")
        return read_index(self._build.folder / "keywords" / name)

    def _file(self, name: str) -> Path:
        """A file of the build, checked once before it is read."""
        return check_file(self._build.folder, self.manifest, name)

    @cached_property
    def _search(self) -> Search:
        return Search(self._table, self._candidates, self._given_rankers or load_rankers())


def open_served(settings: Settings) -> KnowledgeBase:
    """The knowledge base of the served build.

    :raises NoIndexError: nothing has been built yet.
    :raises DamagedIndexError: the build is damaged.
    :raises ModelError: the build was made with another model than GENLENS_MODEL.
    """
    return open_build(settings, current_build(settings.home))


def open_build(settings: Settings, build: Build) -> KnowledgeBase:
    """The knowledge base of one build.

    :raises DamagedIndexError: the build is damaged.
    :raises ModelError: the build was made with another model than GENLENS_MODEL.
    """
    base = KnowledgeBase(build)
    if base.manifest.model != settings.model:
        raise ModelError(
            f"the build was made with {base.manifest.model}, but GENLENS_MODEL is {settings.model}; "
            "set it back or run: genlens refresh"
        )
    return base


def _damaged(build: Build | Draft, error: Exception) -> DamagedIndexError:
    return DamagedIndexError(f"{build.folder} cannot be read ({error}); run: genlens refresh")
