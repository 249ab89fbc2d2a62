"""The keyword index: BM25 over documents of weighted fields.

Scores follow Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with
fields folded into one term frequency as in its section 3.6. The inverse document frequency (idf) is Lucene's,
never negative. Each posting stores its final score, so a query only adds up rows of numbers.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from kb.entries import Entry
from kb.errors import DamagedIndexError
from kb.index.chunker import Chunk
from kb.text import terms

# Saturation of repeated terms and penalty of long documents; usual ranges are 1.2 to 2.0 and 0.5 to 0.8.
K1, B = 1.2, 0.75
CONTEXT_WEIGHT, TITLE_WEIGHT = 0.6, 3.0
_VOCABULARY, _POSTINGS = "vocabulary.json", "postings.npz"
INDEX_FILES = (_VOCABULARY, _POSTINGS)

Scores = npt.NDArray[np.float32]
Document = Iterable[tuple[str, float]]
"""The fields of a document: texts and the weights of their terms."""


@dataclass(frozen=True, slots=True)
class BM25Index:
    """Postings in rows: term `t` has documents `rows[starts[t]:starts[t+1]]`, with scores in parallel."""

    vocabulary: Mapping[str, int]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    scores: Scores
    idf: Scores
    count: int

    def score(self, query: Mapping[str, float]) -> Scores:
        """(count,) float32 scores of all documents for weighted terms; 0 for documents without them."""
        total = np.zeros(self.count, dtype=np.float32)
        for term, weight in query.items():
            if (row := self.vocabulary.get(term)) is not None:
                span = slice(self.starts[row], self.starts[row + 1])
                total[self.rows[span]] += np.float32(weight) * self.scores[span]
        return total

    def documents(self, term: str) -> npt.NDArray[np.int32]:
        """The rows of the documents with a term, in order."""
        row = self.vocabulary.get(term, -1)
        return self.rows[self.starts[row] : self.starts[row + 1]] if row >= 0 else self.rows[:0]

    def holds(self, term: str, documents: npt.NDArray[np.bool_]) -> bool:
        """True if one of the documents, (count,), has the term."""
        return bool(documents[self.documents(term)].any())

    def idf_of(self, term: str) -> float:
        """The inverse document frequency of a term, above 0; an unknown term counts as one document."""
        row = self.vocabulary.get(term)
        return float(self.idf[row]) if row is not None else float(np.log1p((self.count + 0.5) / 1.5))

    def write(self, folder: Path) -> None:
        """Write the index to a folder."""
        folder.mkdir(parents=True)
        words = json.dumps(list(self.vocabulary), ensure_ascii=False)
        (folder / _VOCABULARY).write_text(words, encoding="utf-8")
        np.savez(
            folder / _POSTINGS,
            starts=self.starts,
            rows=self.rows,
            scores=self.scores,
            idf=self.idf,
            count=np.array(self.count),
        )


def read_index(folder: Path) -> BM25Index:
    """The index stored in a folder.

    :raises DamagedIndexError: a file is missing or damaged.
    """
    try:
        words = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        with (folder / _POSTINGS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return BM25Index(
                vocabulary=dict(zip(words, range(len(stored["idf"])), strict=True)),
                starts=stored["starts"],
                rows=stored["rows"],
                scores=stored["scores"],
                idf=stored["idf"],
                count=int(stored["count"]),
            )
    # An empty file raises EOFError, a truncated one is a bad archive.
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise DamagedIndexError(
            f"{folder}: the keyword index cannot be read ({error}); make a new build with: genlens refresh"
        ) from error


def index_chunks(chunks: Iterable[Chunk]) -> BM25Index:
    """A keyword index with one row per chunk, in the given order."""
    return index_documents(((chunk.context, CONTEXT_WEIGHT), (chunk.text, 1.0)) for chunk in chunks)


def index_entries(entries: Iterable[Entry]) -> BM25Index:
    """A keyword index with one row per entry, in the given order; all its sections form one document."""
    return index_documents(_entry_fields(entry) for entry in entries)


def index_documents(documents: Iterable[Document]) -> BM25Index:
    """A keyword index with one row per document, in the given order."""
    frequencies = [_frequencies(document) for document in documents]
    lengths = np.array([sum(f.values()) for f in frequencies], dtype=np.float32)
    average = float(lengths.mean()) if len(lengths) else 1.0
    postings: dict[str, list[tuple[int, float]]] = {}
    for row, counted in enumerate(frequencies):
        for term, frequency in counted.items():
            postings.setdefault(term, []).append((row, frequency))
    return _assemble(postings, K1 * (1 - B + B * lengths / max(average, 1e-9)))


def _entry_fields(entry: Entry) -> Iterator[tuple[str, float]]:
    yield entry.title, TITLE_WEIGHT
    yield entry.question or "", CONTEXT_WEIGHT
    for section in entry.sections:
        yield section.text, 1.0


def _frequencies(document: Document) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text, weight in document:
        for term, count in _term_counts(text).items():
            counted[term] += weight * count  # type: ignore[assignment]  # a Counter of fractions
    return counted


@lru_cache(maxsize=4096)  # the chunks of a section share their context
def _term_counts(text: str) -> Counter[str]:
    return Counter(terms(text))


def _assemble(postings: dict[str, list[tuple[int, float]]], length_penalties: Scores) -> BM25Index:
    """The index of postings by term; `length_penalties` are the K1 terms of BM25, one per document."""
    count = len(length_penalties)
    lists: list[Sequence[tuple[int, float]]] = [postings[term] for term in sorted(postings)]
    sizes = np.array([len(one) for one in lists], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = np.array([row for one in lists for row, _ in one], dtype=np.int32)
    frequency = np.array([tf for one in lists for _, tf in one], dtype=np.float32)
    idf = np.log1p((count - sizes + 0.5) / (sizes + 0.5)).astype(np.float32)
    saturated = frequency * (K1 + 1) / (frequency + length_penalties[rows]) if count else frequency
    return BM25Index(
        vocabulary={term: row for row, term in enumerate(sorted(postings))},
        starts=starts,
        rows=rows,
        scores=(np.repeat(idf, sizes) * saturated).astype(np.float32),
        idf=idf,
        count=count,
    )
