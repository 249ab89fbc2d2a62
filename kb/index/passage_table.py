"""The quotable passages of a build with their vectors, and the support of the catalogue's lines."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from kb.embedding.encoder import Vectors
from kb.embedding.glossary import gloss, reads
from kb.entries import Entry, Language, Origin
from kb.errors import RecordError
from kb.files import read_records
from kb.index.chunker import digest_of
from kb.index.passages import Passage, quotable
from kb.index.support import Support, supports
from kb.text import terms

ROWS_FILE, VECTORS_FILE = "passages.jsonl", "passages.npy"


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage of an entry as stored; `support` has section, start and end of each supporting span.

    `digest` identifies the embedded text: passages with equal digests have equal vectors.
    """

    entry_id: str
    language: Language
    section: int
    start: int
    end: int
    digest: str
    support: tuple[tuple[int, int, int], ...] = ()


_ROW = TypeAdapter(PassageRow)


@dataclass(frozen=True)
class EntryPassages:
    """The quotable passages of one entry, in order; all fields have one item or row for each.

    `supports` are the spans of the page that support the catalogue's lines; `vectors` are (n, dim), rows of
    length 1, or of zeros without a vector; `terms` are the stemmed words of each.
    """

    passages: tuple[Passage, ...]
    supports: tuple[Support, ...]
    vectors: Vectors
    terms: tuple[frozenset[str], ...] = field(repr=False)

    @cached_property
    def from_page(self) -> bool:
        """True if the build has words of the page in this language."""
        return any(passage.origin is Origin.SITE for passage in self.passages)

    def sayable(self, *, verbatim: bool = False) -> list[int]:
        """The numbers of the passages that may be said: of the page, and lines of the catalogue it supports.

        Without words of the page the lines stand alone; `verbatim` leaves all of them out.
        """
        pairs = enumerate(zip(self.passages, self.supports, strict=True))
        return [
            number
            for number, (passage, support) in pairs
            if passage.origin is Origin.SITE or (not verbatim and (support or not self.from_page))
        ]


class PassageTable:
    """The passages of all entries of a build."""

    def __init__(self, rows: Sequence[PassageRow], vectors: Vectors) -> None:
        """Row i of the vectors, (n_rows, dim), belongs to row i of the table."""
        self.rows, self.vectors = rows, vectors
        self._spans: dict[tuple[str, Language], range] = {}
        for key, numbers in groupby(range(len(rows)), lambda n: (rows[n].entry_id, rows[n].language)):
            first, *rest = numbers
            self._spans[key] = range(first, (rest or [first])[-1] + 1)
        self._known: dict[tuple[str, Language], EntryPassages] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, entry: Entry) -> EntryPassages:
        """The passages of an entry.

        :raises RecordError: a row does not fit the entry.
        """
        key = (entry.id, entry.language)
        if key not in self._known:
            self._known[key] = self._read(entry, self._spans.get(key, range(0)))
        return self._known[key]

    def by_digest(self) -> dict[str, Vectors]:
        """All vectors by digest, for reuse by the next build."""
        return {row.digest: self.vectors[number] for number, row in enumerate(self.rows)}

    def _read(self, entry: Entry, span: range) -> EntryPassages:
        rows = [self.rows[number] for number in span]
        passages = tuple(_placed(entry, row.section, row.start, row.end) for row in rows)
        supports = tuple(tuple(_placed(entry, *span) for span in row.support) for row in rows)
        vectors = self.vectors[span.start : span.stop].astype(np.float32)
        return EntryPassages(passages, supports, vectors, tuple(frozenset(terms(p.text)) for p in passages))


def embedded_texts(entries: Iterable[Entry], model: str) -> Iterator[str]:
    """The texts to embed for the passages of some entries; a language the model does not read is glossed."""
    texts = (_readable(passage, model) for entry in entries for passage in quotable(entry))
    return (text for text in texts if text)


def make_table(
    entries: Iterable[Entry], model: str, vectors: Mapping[str, Vectors], idf: Callable[[str], float]
) -> PassageTable:
    """The table of some entries; `vectors` has those of `embedded_texts` by digest, `idf` weighs terms."""
    dim = len(next(iter(vectors.values())))
    rows: list[PassageRow] = []
    blocks = [np.zeros((0, dim), dtype=np.float32)]
    for entry in entries:
        passages = list(quotable(entry))
        digests = [digest_of(_readable(passage, model)) for passage in passages]
        block = np.zeros((len(passages), dim), dtype=np.float32)
        for number, digest in enumerate(digests):
            block[number] = vectors.get(digest, 0)
        blocks.append(block)
        found = supports(passages, block, idf)
        rows += map(_row, passages, digests, found)
    return PassageTable(tuple(rows), np.concatenate(blocks).astype(np.float16))


def cut_table(entries: Iterable[Entry], dim: int) -> PassageTable:
    """The table of a build that was made without one: no vectors, and no support."""
    passages = [passage for entry in entries for passage in quotable(entry)]
    rows = tuple(_row(passage, "", ()) for passage in passages)
    return PassageTable(rows, np.zeros((len(rows), dim), dtype=np.float32))


def read_table(folder: Path, dim: int) -> PassageTable:
    """The table in a folder, with vectors of `dim` numbers.

    :raises RecordError: the files are damaged, or do not fit each other.
    """
    rows = tuple(read_records(folder / ROWS_FILE, _ROW))
    file = folder / VECTORS_FILE
    try:
        with file.open("rb") as opened:
            vectors = np.lib.format.read_array(opened, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RecordError(f"{file} cannot be read: {error}") from error
    if vectors.shape != (len(rows), dim) or vectors.dtype != np.float16:
        found = f"{vectors.shape} of {vectors.dtype}"
        raise RecordError(f"{file} has shape {found}, expected {(len(rows), dim)} of float16")
    return PassageTable(rows, vectors)


def write_table(folder: Path, table: PassageTable) -> None:
    """Write one row per line as JSON in UTF-8, and the vectors as an array of NumPy."""
    with (folder / ROWS_FILE).open("wb") as file:
        for row in table.rows:
            file.write(_ROW.dump_json(row) + b"\n")
    np.save(folder / VECTORS_FILE, table.vectors, allow_pickle=False)


def _readable(passage: Passage, model: str) -> str:
    """The text that stands for a passage in the language of the model; empty if no word is known."""
    return passage.text if reads(model, passage.entry.language) else gloss(passage.text)


def _placed(entry: Entry, section: int, start: int, end: int) -> Passage:
    """A span of an entry.

    :raises RecordError: the entry has no such span.
    """
    if not (0 <= section < len(entry.sections) and 0 <= start < end <= len(entry.sections[section].text)):
        raise RecordError(f"{entry.id} has no text at {start} to {end} of section {section}")
    return Passage(entry, section, start, end)


def _row(passage: Passage, digest: str, support: Support) -> PassageRow:
    spans = tuple((span.section_index, span.start, span.end) for span in support)
    entry = passage.entry
    return PassageRow(
        entry.id, entry.language, passage.section_index, passage.start, passage.end, digest, spans
    )
