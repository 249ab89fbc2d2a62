"""What a build knows about its chunks: their keyword scores and their nearness to a question.

Everything is opened when it is first needed, so that a keyword search loads neither Chroma nor a model.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kb.builds import Manifest, export_folder, read_chunks
from kb.chunks import Chunk
from kb.errors import DamagedIndexError, RecordError
from kb.keywords import KeywordIndex, Scores, read_index
from kb.query import Query
from kb.search import best_of

if TYPE_CHECKING:
    from kb.encoder import Encoder
    from kb.vectors import VectorStore

NEIGHBOURS = 200  # chunks; several of one entry fold into one hit


class ChunkIndex:
    """The chunks of one build in rows, with the row of the entry id that each belongs to."""

    def __init__(
        self, home: Path, folder: Path, manifest: Manifest, ids: Sequence[str], encoder: "Encoder | None"
    ) -> None:
        self._home = home
        self._given = encoder
        self._folder = folder
        self._manifest = manifest
        self._ids = ids

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks in the order of their rows.

        :raises DamagedIndexError: they cannot be read.
        """
        try:
            return read_chunks(self._folder)
        except (OSError, RecordError) as error:
            raise DamagedIndexError(
                f"{self._folder} cannot be read ({error}); run: genlens refresh"
            ) from error

    @cached_property
    def owners(self) -> npt.NDArray[np.int32]:
        """(n_chunks,) the row of each chunk's entry id."""
        places = {entry_id: row for row, entry_id in enumerate(self._ids)}
        return np.array([places[chunk.entry_id] for chunk in self.chunks], dtype=np.int32)

    @cached_property
    def keywords(self) -> KeywordIndex:
        """The keyword index over the same rows."""
        return read_index(self._folder / "keywords")

    def by_keyword(self, query: Query) -> Scores:
        """(n_chunks,) BM25 scores, 0 where no term of the query occurs."""
        return self.keywords.score(Counter(query.terms))

    def by_vector(self, query: Query) -> Scores:
        """(n_chunks,) cosines of the nearest chunks with the query, 0 for all others.

        All are 0 where the model does not read the language of the query.
        """
        from kb.encoder import reads

        scores = np.zeros(len(self.chunks), dtype=np.float32)
        if not reads(self._manifest.model, query.language):
            return scores
        vector = self._encoder.encode([query.text])[0]
        for neighbour in self._store.nearest(vector, NEIGHBOURS):
            scores[self._rows[neighbour.chunk_id]] = max(neighbour.similarity, 0.0)
        return scores

    def to_entries(self, scores: Scores) -> Scores:
        """(n_ids,) the best score among the chunks of each entry."""
        return best_of(scores, self.owners, len(self._ids))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {chunk.id: row for row, chunk in enumerate(self.chunks)}

    @cached_property
    def _store(self) -> "VectorStore":
        from kb.vectors import VectorStore  # imports chromadb

        return VectorStore(self._folder / "chroma")

    @cached_property
    def _encoder(self) -> "Encoder":
        from kb.encoder import OnnxEncoder  # imports onnxruntime

        return self._given or OnnxEncoder(export_folder(self._home, self._manifest.weights_sha256))
