"""The rows of a build: which entry each chunk and each document belongs to.

Ids number the rows of features. A document is one language version of an entry in the keyword index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kb.entries import Entry, Language, Role
from kb.ids import edition_of, question_of
from kb.index.chunker import Chunk

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """Ids, chunks and documents of a build, and the maps between their rows.

    Cost depends on the rows requested, not on the size of the build.
    """

    ids: Sequence[str]
    chunks: Sequence[Chunk]
    entries: Sequence[Entry]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each id."""
        return {entry_id: row for row, entry_id in enumerate(self.ids)}

    def chunks_of(self, entry: Entry) -> list[int]:
        """The chunk rows of one version of an entry."""
        return self._chunks_by_version.get((entry.id, entry.language), [])

    def owners_of_chunks(self, chunks: Rows) -> Rows:
        """The ids that own some chunks, each once, in the order of their first chunk."""
        owners, first = np.unique(self._chunk_owners[chunks], return_index=True)
        owners = owners[np.argsort(first)]
        return owners[owners >= 0]

    def owners_of_documents(self, documents: Rows) -> Rows:
        """The ids that own some documents, each once, in order."""
        return np.unique(self._document_owners[documents])

    def documents_of(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """(n_documents,) True for the documents of some ids, in every language."""
        owners = np.zeros(len(self.ids), dtype=np.bool_)
        owners[rows] = True
        return owners[self._document_owners]

    def documents_in(self, language: Language) -> tuple[Rows, Rows]:
        """The documents in a language, and the ids that own them."""
        documents = self._documents_by_language[language]
        return documents, self._document_owners[documents]

    def out_of_scope_chunks(self, language: Language) -> Rows:
        """The chunks that are examples of out-of-scope questions in a language."""
        return self._outside_by_language[language]

    def chunk_table(self, language: Language, roles: frozenset[Role]) -> Rows:
        """(n_ids + 1, max_chunks) chunk rows in a language and roles, padded with n_chunks.

        The last row is empty: it stands for no entry.
        """
        if (language, roles) not in self._tables:
            owned: list[list[int]] = [[] for _ in (*self.ids, None)]
            for row, chunk in enumerate(self.chunks):
                if chunk.language is language and chunk.role in roles:
                    owned[self.rows[chunk.entry_id]].append(row)
            table = np.full((len(owned), max(map(len, owned), default=0)), len(self.chunks), dtype=np.intp)
            for line, chunks in zip(table, owned, strict=True):
                line[: len(chunks)] = chunks
            self._tables[language, roles] = table
        return self._tables[language, roles]

    @cached_property
    def parents(self) -> Rows:
        """(n_ids,) rows of the question of each best practice, and of the earlier edition of each risk.

        n_ids stands for no parent.
        """
        rows = np.full(len(self.ids), len(self.ids), dtype=np.intp)
        for entry in self.entries:
            if parent := _parent_of(entry):
                rows[self.rows[entry.id]] = self.rows.get(parent, len(self.ids))
        return rows

    @cached_property
    def pillars(self) -> Rows:
        """(n_ids,) a number for the pillar of each id, or for its source if it has no pillar."""
        names = {entry.id: entry.pillar or entry.source for entry in self.entries}
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names.values()))}
        return np.array([numbers[names[entry_id]] for entry_id in self.ids], dtype=np.intp)

    @cached_property
    def _chunks_by_version(self) -> dict[tuple[str, Language], list[int]]:
        owned: dict[tuple[str, Language], list[int]] = {}
        for row, chunk in enumerate(self.chunks):
            owned.setdefault((chunk.entry_id, chunk.language), []).append(row)
        return owned

    @cached_property
    def _documents_by_language(self) -> dict[Language, Rows]:
        languages = np.array([entry.language.value for entry in self.entries])
        return {language: np.flatnonzero(languages == language.value) for language in Language}

    @cached_property
    def _outside_by_language(self) -> dict[Language, Rows]:
        rows: dict[Language, list[int]] = {language: [] for language in Language}
        for row, chunk in enumerate(self.chunks):
            if chunk.role is Role.OUT_OF_SCOPE:
                rows[chunk.language].append(row)
        return {language: np.array(found, dtype=np.intp) for language, found in rows.items()}

    @cached_property
    def _document_owners(self) -> Rows:
        return np.array([self.rows[entry.id] for entry in self.entries], dtype=np.intp)

    @cached_property
    def _chunk_owners(self) -> Rows:
        """(n_chunks,) id rows; -1 for examples of out-of-scope questions."""
        return np.array([self.rows.get(chunk.entry_id, -1) for chunk in self.chunks], dtype=np.intp)

    @cached_property
    def _tables(self) -> dict[tuple[Language, frozenset[Role]], Rows]:
        return {}


def _parent_of(entry: Entry) -> str | None:
    if (question := question_of(entry.id)) != entry.id:
        return question
    edition = edition_of(entry.id) or ""
    return next((r.id for r in entry.related if "" < (edition_of(r.id) or "") < edition), None)
