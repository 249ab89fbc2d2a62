"""The systems that `quality.py` compares: simple ones over the sites' text, genlens, and genlens less a part.

Each is asked a question and gives ids of entries, best first, and whether it answers. The simple ones always
answer, and read what the sites say of the entries that can: best practices, and risks of the newest edition.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from llama_index.core import Document
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode

from kb.embedding.encoder import Encoder, Vectors
from kb.entries import Entry, Language, Origin
from kb.index.bm25 import BM25Index, Scores, index_chunks
from kb.index.chunker import cut
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.ranking.coverage import CoverageModel
from kb.ranking.features import FeatureSet
from kb.ranking.filters import Mask
from kb.ranking.query import read_query
from kb.ranking.ranker import Ranker, Rankers, order
from kb.storage.builds import Build
from kb.training.adapter import encoder_without
from kb.training.examples import Example, held_out_examples
from kb.training.lessons import Corpus
from kb.training.ranker import THRESHOLD, fit_coverage, fit_ranking

Ask = Callable[[str], tuple[Sequence[str], bool]]
Rank = Callable[[str], tuple[str, ...]]

GENLENS = "genlens"
NOTHING = "nothing"
# The features with the word in their names are left out.
FEATURES = ("keyword", "vector", "asks", "signs", "in place", "terms", "body", "parent", "pillar")
ADAPTER = "the adapter"
# Questions are answered in these; by keywords alone English is searched, not asked.
FEATURE_SETS = (FeatureSet.VECTORS, FeatureSet.JAPANESE_GLOSSED, FeatureSet.JAPANESE_KEYWORDS)
FUSION = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ByMeaning:
    """Passages, each of the entry in `owners`, by the cosine of their vectors with the question's."""

    owners: Sequence[str]
    vectors: Vectors
    encoder: Encoder

    def rank(self, question: str) -> tuple[str, ...]:
        """The ids of entries, best first."""
        return folded(self.vectors @ self.encoder.encode([question])[0], self.owners)


@dataclass(frozen=True, slots=True)
class ByKeyword:
    """Passages, each of the entry in `owners`, by BM25."""

    owners: Sequence[str]
    index: BM25Index

    def rank(self, question: str) -> tuple[str, ...]:
        """The ids of entries, best first; those that share no term with the question are left out."""
        return folded(self.index.score(read_query(question).weights), self.owners)


@dataclass(frozen=True, slots=True)
class Fused:
    """Rankings merged by reciprocal rank fusion.

    Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods" (2009), with its constant 60.
    """

    ranks: Sequence[Rank]

    def rank(self, question: str) -> tuple[str, ...]:
        """The ids of entries, best first."""
        scores: dict[str, float] = defaultdict(float)
        for rank in self.ranks:
            for place, entry_id in enumerate(rank(question), start=1):
                scores[entry_id] += 1 / (FUSION + place)
        return tuple(sorted(scores, key=lambda entry_id: -scores[entry_id]))


def folded(scores: Scores, owners: Sequence[str]) -> tuple[str, ...]:
    """The owners of the passages with a score above 0, by the best passage of each, best first."""
    rows = order(scores, np.ones(len(owners), dtype=np.bool_))
    return tuple(dict.fromkeys(owners[row] for row in rows))


def simple_systems(corpus: Corpus, encoder: Encoder) -> Iterator[tuple[str, Ask]]:
    """What a tutorial makes of the sites' text, and the usual searches over their sections."""
    entries = in_words_of_site(corpus)
    owners, texts = tutorial_nodes(entries)
    log.info("encoding %d nodes of the tutorial", len(texts))
    yield "LlamaIndex tutorial", always(ByMeaning(owners, encoder.encode(texts), encoder).rank)
    chunks = tuple(cut(entries, encoder.count_pieces))
    owners = [chunk.entry_id for chunk in chunks]
    log.info("encoding %d chunks of the sites", len(chunks))
    by_meaning = ByMeaning(owners, encoder.encode([chunk.embedded for chunk in chunks]), encoder).rank
    by_keyword = ByKeyword(owners, index_chunks(chunks)).rank
    yield "MiniLM over section chunks", always(by_meaning)
    yield "BM25 over section chunks", always(by_keyword)
    yield "the two fused", always(Fused((by_meaning, by_keyword)).rank)


def in_words_of_site(corpus: Corpus) -> tuple[Entry, ...]:
    """The entries that can answer, with the sections that are in the words of the sites alone."""
    return tuple(
        replace(entry, sections=tuple(s for s in entry.sections if s.origin is Origin.SITE))
        for entry in corpus.entries
        if entry.id in corpus.answering
    )


def tutorial_nodes(entries: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """The entry of each node that `tutorial.py` makes of English pages, and the text that it embeds."""
    documents = [
        Document(text=page_text(entry), metadata={"id": entry.id})
        for entry in entries
        if entry.language is Language.ENGLISH
    ]
    nodes = SentenceSplitter(chunk_size=256).get_nodes_from_documents(documents)
    return [node.metadata["id"] for node in nodes], [node.get_content(MetadataMode.EMBED) for node in nodes]


def page_text(entry: Entry) -> str:
    """An entry as the text of its page, with the headings that a reader sees."""
    parts = [entry.title, *(part for section in entry.sections for part in (section.title, section.text))]
    return "\n".join(part for part in parts if part)


def genlens(base: KnowledgeBase) -> Ask:
    """What a knowledge base finds, and whether it takes the question for covered."""

    def ask(question: str) -> tuple[Sequence[str], bool]:
        found = base.retrieve(question)
        return [hit.entry.id for hit in found.hits], found.covered

    return ask


def always(rank: Rank) -> Ask:
    """A ranking that answers every question."""
    return lambda question: (rank(question), True)


def less_a_part(
    home: Path, corpora: Sequence[Corpus], adapters: Path, plain: Encoder
) -> Iterator[tuple[str, Ask]]:
    """genlens less nothing, less some features, and less the adapter, each with a ranker trained for it.

    The first of the corpora is the served build of the home, which is trained on and asked. Adapters for its
    folds are trained on all of the corpora and kept in a folder; `plain` is the encoder without an adapter.
    """
    corpus, build = corpora[0], corpora[0].manifest.id
    examples = list(held_out_examples([corpus], partial(encoder_without, corpora=corpora, kept=adapters)))
    for part in (NOTHING, *FEATURES):
        yield part, genlens(KnowledgeBase(Build(home, build), rankers=trained(examples, part)))
    examples = list(held_out_examples([corpus], lambda _fold: plain))
    with TemporaryDirectory() as folder:
        yield ADAPTER, genlens(plain_base(Path(folder), corpus, plain, trained(examples, NOTHING)))


def plain_base(home: Path, corpus: Corpus, plain: Encoder, rankers: Rankers) -> KnowledgeBase:
    """A build of the same entries and examples with another encoder, in a home of its own."""
    of = corpus.manifest
    made = make_build(home, plain, corpus.entries, of.sources, of.made_at, outside=corpus.outside)
    return KnowledgeBase(Build(home, made.id), plain, rankers)


def trained(examples: Sequence[Example], part: str) -> Rankers:
    """Rankers trained without the features with a word in their names."""
    log.info("training without %s", part)
    return {
        features: ranker([e for e in examples if e.candidates.feature_set is features], kept(features, part))
        for features in FEATURE_SETS
    }


def kept(features: FeatureSet, part: str) -> Mask:
    """(n_features,) True for features that stay; all of them if none would be left."""
    stay = np.array([part not in name for name in features.names])
    return stay if stay.any() else ~stay


def ranker(examples: Sequence[Example], stay: Mask) -> Ranker:
    """A ranker with weights for the given features only."""
    seen = [
        replace(e, candidates=replace(e.candidates, features=e.candidates.features * stay)) for e in examples
    ]
    ranking = fit_ranking([example for example in seen if example.gold >= 0]) * stay
    coverage, intercept = fit_coverage(seen, ranking)
    coverage[: len(stay)] *= stay  # behind them is the evidence that is no feature
    return Ranker(tuple(ranking.tolist()), CoverageModel(tuple(coverage.tolist()), intercept, THRESHOLD))
