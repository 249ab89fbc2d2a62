"""Answer time and corpus size: a small and a large synthetic corpus, with words of the served corpus."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from zlib import crc32

import numpy as np

from assistant.generate import ask
from kb.embedding.encoder import Vectors, normalised
from kb.embedding.onnx_encoder import OnnxEncoder
from kb.entries import Entry, Item, Kind, Language, Role, Section
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

CHUNKS, TIMES = 1_000, 100
CHUNKS_PER_ENTRY, WORDS_PER_CHUNK = 20, 40
ROLES = (Role.INTRODUCTION, Role.GUIDANCE, Role.STEPS, Role.ASKS, Role.SIGNS)


class RandomEncoder:
    """A fake encoder with random but stable vectors, the hardest case for neighbour search."""

    def __init__(self, real: OnnxEncoder) -> None:
        self.model, self.weights_sha256, self._dim = real.model, real.weights_sha256, real.facts.dim

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32, rows of length 1."""
        rows = [np.random.default_rng(crc32(text.encode())).standard_normal(self._dim) for text in texts]
        return normalised(np.array(rows, dtype=np.float32))

    def count_pieces(self, text: str) -> int:
        """The number of words."""
        return len(text.split())


def growth(base: KnowledgeBase, encoder: OnnxEncoder, questions: Sequence[str]) -> float:
    """The p95 of answers with CHUNKS * TIMES chunks, relative to CHUNKS chunks."""
    english = [entry for entry in base.entries if entry.language is Language.ENGLISH]
    words = [word for entry in english for section in entry.sections for word in section.text.split()]
    small, large = (
        _p95(_synthetic(words, chunks), encoder, questions) for chunks in (CHUNKS, CHUNKS * TIMES)
    )
    return large / small


def _p95(entries: Sequence[Entry], encoder: OnnxEncoder, questions: Sequence[str]) -> float:
    with TemporaryDirectory() as home:
        manifest = make_build(Path(home), RandomEncoder(encoder), entries, (), "2026-01-01T00:00:00Z")
        grown = KnowledgeBase(Build(Path(home), manifest.id), encoder)
        for question in questions[:20]:
            ask(grown, question)
        times = []
        for question in questions:
            start = perf_counter()
            ask(grown, question)
            times.append(perf_counter() - start)
    return quantiles(times, n=20)[-1]


def _synthetic(words: Sequence[str], chunks: int) -> list[Entry]:
    """Best practices for the given number of chunks; words are drawn by their frequency in the corpus."""
    rng = random.Random(7)  # noqa: S311 - not a secret

    def draw(count: int) -> str:
        return " ".join(rng.choices(words, k=count))

    return [_entry(number, draw) for number in range(chunks // CHUNKS_PER_ENTRY)]


def _entry(number: int, draw: Callable[[int], str]) -> Entry:
    entry_id = f"GENSEC{number // 99 + 1:02}-BP{number % 99 + 1:02}"
    return Entry(
        id=entry_id,
        kind=Kind.BEST_PRACTICE,
        title=draw(6),
        source="synthetic",
        edition="1",
        url="https://synthetic.example/",
        language=Language.ENGLISH,
        sections=tuple(_sections(draw)),
        pillar="Security",
        question=draw(9),
    )


def _sections(draw: Callable[[int], str]) -> Iterator[Section]:
    for role in ROLES:
        items = (Item(draw(WORDS_PER_CHUNK)) for _ in range(CHUNKS_PER_ENTRY // len(ROLES)))
        yield Section(role.value, role, tuple(items))
