"""The keyword index: BM25 over documents of weighted fields.

Scores follow Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
with fields folded into one term frequency as in its section 3.6; the inverse document frequency is the
one of Lucene, which is never negative. Each posting holds its finished score, so that a query adds
up rows of numbers.
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

# Saturation of repeated terms and damping of long documents; usual ranges are 1.2 to 2.0 and 0.5 to 0.8.
K1, B = 1.2, 0.75
CONTEXT_WEIGHT, TITLE_WEIGHT = 0.6, 3.0
_VOCABULARY, _POSTINGS = "vocabulary.json", "postings.npz"

Scores = npt.NDArray[np.float32]
Document = Iterable[tuple[str, float]]
"""Fields of a document, each a text and how much its terms count."""


@dataclass(frozen=True, slots=True)
class KeywordIndex:
    """Postings in rows: term `t` has documents `rows[starts[t]:starts[t+1]]`, with scores beside them."""

    vocabulary: Mapping[str, int]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    scores: Scores
    idf: Scores
    count: int

    def score(self, query: Mapping[str, float]) -> Scores:
        """The score of every document for weighted terms: (count,) float32, 0 where no term occurs."""
        total = np.zeros(self.count, dtype=np.float32)
        for term, weight in query.items():
            if (row := self.vocabulary.get(term)) is not None:
                span = slice(self.starts[row], self.starts[row + 1])
                total[self.rows[span]] += np.float32(weight) * self.scores[span]
        return total

    def documents(self, term: str) -> npt.NDArray[np.int32]:
        """The rows of the documents that a term occurs in, in order."""
        row = self.vocabulary.get(term, -1)
        return self.rows[self.starts[row] : self.starts[row + 1]] if row >= 0 else self.rows[:0]

    def holds(self, term: str, rows: npt.NDArray[np.intp]) -> bool:
        """Whether a term occurs in one of the documents."""
        return bool(np.isin(self.documents(term), rows).any())

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term; that of a term in one document where it is unknown."""
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


def read_index(folder: Path) -> KeywordIndex:
    """The index of a folder.

    :raises DamagedIndexError: a file is missing or cannot be read.
    """
    try:
        words = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        with (folder / _POSTINGS).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return KeywordIndex(
                vocabulary=dict(zip(words, range(len(kept["idf"])), strict=True)),
                starts=kept["starts"],
                rows=kept["rows"],
                scores=kept["scores"],
                idf=kept["idf"],
                count=int(kept["count"]),
            )
    # An empty file ends too early (EOFError); a shortened one is a bad archive.
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise DamagedIndexError(
            f"{folder}: the keyword index cannot be read ({error}); make a new build with: genlens refresh"
        ) from error


def index_chunks(chunks: Iterable[Chunk]) -> KeywordIndex:
    """A keyword index whose rows are the chunks in the given order."""
    return index_documents(((chunk.context, CONTEXT_WEIGHT), (chunk.text, 1.0)) for chunk in chunks)


def index_entries(entries: Iterable[Entry]) -> KeywordIndex:
    """A keyword index whose rows are the entries in the given order, all their sections in one document."""
    return index_documents(_whole(entry) for entry in entries)


def index_documents(documents: Iterable[Document]) -> KeywordIndex:
    """A keyword index whose rows are the documents in the given order."""
    frequencies = [_frequencies(document) for document in documents]
    lengths = np.array([sum(f.values()) for f in frequencies], dtype=np.float32)
    average = float(lengths.mean()) if len(lengths) else 1.0
    postings: dict[str, list[tuple[int, float]]] = {}
    for row, counted in enumerate(frequencies):
        for term, frequency in counted.items():
            postings.setdefault(term, []).append((row, frequency))
    return _assembled(postings, K1 * (1 - B + B * lengths / max(average, 1e-9)))


def _whole(entry: Entry) -> Iterator[tuple[str, float]]:
    yield entry.title, TITLE_WEIGHT
    yield entry.question or "", CONTEXT_WEIGHT
    for section in entry.sections:
        yield section.text, 1.0


def _frequencies(document: Document) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text, weight in document:
        for term, count in _counted(text).items():
            counted[term] += weight * count  # type: ignore[assignment]  # a Counter of fractions
    return counted


@lru_cache(maxsize=4096)  # the chunks of a section share their context
def _counted(text: str) -> Counter[str]:
    return Counter(terms(text))


def _assembled(postings: dict[str, list[tuple[int, float]]], dampers: Scores) -> KeywordIndex:
    count = len(dampers)
    lists: list[Sequence[tuple[int, float]]] = [postings[term] for term in sorted(postings)]
    sizes = np.array([len(found) for found in lists], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = np.array([row for found in lists for row, _ in found], dtype=np.int32)
    frequency = np.array([tf for found in lists for _, tf in found], dtype=np.float32)
    idf = np.log1p((count - sizes + 0.5) / (sizes + 0.5)).astype(np.float32)
    saturated = frequency * (K1 + 1) / (frequency + dampers[rows]) if count else frequency
    return KeywordIndex(
        vocabulary={term: row for row, term in enumerate(sorted(postings))},
        starts=starts,
        rows=rows,
        scores=(np.repeat(idf, sizes) * saturated).astype(np.float32),
        idf=idf,
        count=count,
    )
