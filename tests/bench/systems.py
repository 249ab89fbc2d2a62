"""The systems compared by `quality.py`: simple systems, genlens, and genlens without one of its parts.

From a question, each returns the ids of entries, best first, and True if the question is covered. The simple
systems cover every question. They read the sites' text of best practices and of risks of the newest edition.
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
COMPLETE = "(complete)"
# Each word removes the features with this word in their names.
FEATURES = ("keyword", "vector", "asks", "signs", "in place", "terms", "body", "parent", "pillar")
ADAPTER = "adapter"
# The feature sets for answers; English with keywords only is for searches.
FEATURE_SETS = (FeatureSet.VECTORS, FeatureSet.JAPANESE_GLOSSED, FeatureSet.JAPANESE_KEYWORDS)
FUSION = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ByMeaning:
    """Ranking by the cosine of question and text; `owners` has the entry of each text."""

    owners: Sequence[str]
    vectors: Vectors
    encoder: Encoder

    def rank(self, question: str) -> tuple[str, ...]:
        """The ids of entries, best first."""
        return folded(self.vectors @ self.encoder.encode([question])[0], self.owners)


@dataclass(frozen=True, slots=True)
class ByKeyword:
    """Ranking by BM25; `owners` has the entry of each text."""

    owners: Sequence[str]
    index: BM25Index

    def rank(self, question: str) -> tuple[str, ...]:
        """The ids of entries that share a term with the question, best first."""
        return folded(self.index.score(read_query(question).weights), self.owners)


@dataclass(frozen=True, slots=True)
class Fused:
    """Ranking by reciprocal rank fusion of other rankings.

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
    """The entries of texts with a score above 0, best first; each entry has the rank of its best text."""
    rows = order(scores, np.ones(len(owners), dtype=np.bool_))
    return tuple(dict.fromkeys(owners[row] for row in rows))


def simple_systems(corpus: Corpus, encoder: Encoder) -> Iterator[tuple[str, Ask]]:
    """The LlamaIndex tutorial, and the usual searches over section chunks, on the sites' text."""
    entries = site_entries(corpus)
    owners, texts = tutorial_nodes(entries)
    log.info("encoding %d nodes of the tutorial", len(texts))
    yield "LlamaIndex tutorial", covering(ByMeaning(owners, encoder.encode(texts), encoder).rank)
    chunks = tuple(cut(entries, encoder.count_pieces))
    owners = [chunk.entry_id for chunk in chunks]
    log.info("encoding %d chunks of the sites", len(chunks))
    by_meaning = ByMeaning(owners, encoder.encode([chunk.embedded for chunk in chunks]), encoder).rank
    by_keyword = ByKeyword(owners, index_chunks(chunks)).rank
    yield "MiniLM over section chunks", covering(by_meaning)
    yield "BM25 over section chunks", covering(by_keyword)
    yield "MiniLM and BM25 fused", covering(Fused((by_meaning, by_keyword)).rank)


def site_entries(corpus: Corpus) -> tuple[Entry, ...]:
    """The answering entries, with only the sections from the sites."""
    return tuple(
        replace(entry, sections=tuple(s for s in entry.sections if s.origin is Origin.SITE))
        for entry in corpus.entries
        if entry.id in corpus.answering
    )


def tutorial_nodes(entries: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """The entry and the embedded text of each node that `tutorial.py` makes of English pages."""
    documents = [
        Document(text=page_text(entry), metadata={"id": entry.id})
        for entry in entries
        if entry.language is Language.ENGLISH
    ]
    nodes = SentenceSplitter(chunk_size=256).get_nodes_from_documents(documents)
    return [node.metadata["id"] for node in nodes], [node.get_content(MetadataMode.EMBED) for node in nodes]


def page_text(entry: Entry) -> str:
    """The text of an entry's page, with its headings."""
    parts = [entry.title, *(part for section in entry.sections for part in (section.title, section.text))]
    return "\n".join(part for part in parts if part)


def genlens(base: KnowledgeBase) -> Ask:
    """The retrieval of a knowledge base."""

    def ask(question: str) -> tuple[Sequence[str], bool]:
        retrieval = base.retrieve(question)
        return [hit.entry.id for hit in retrieval.hits], retrieval.covered

    return ask


def covering(rank: Rank) -> Ask:
    """A ranking that covers every question."""
    return lambda question: (rank(question), True)


def without_a_part(
    home: Path, corpora: Sequence[Corpus], adapters: Path, plain: Encoder
) -> Iterator[tuple[str, Ask]]:
    """genlens complete, without some features, and without the adapter, each with a newly trained ranker.

    The first corpus is the served build of the home; rankers are trained on it, and it answers the questions.
    Adapters of its folds are trained on all corpora and saved in a folder; `plain` has no adapter.
    """
    corpus, build = corpora[0], corpora[0].manifest.id
    examples = list(held_out_examples([corpus], partial(encoder_without, corpora=corpora, kept=adapters)))
    for part in (COMPLETE, *FEATURES):
        yield part, genlens(KnowledgeBase(Build(home, build), rankers=trained(examples, part)))
    examples = list(held_out_examples([corpus], lambda _fold: plain))
    with TemporaryDirectory() as folder:
        yield ADAPTER, genlens(plain_base(Path(folder), corpus, plain, trained(examples, COMPLETE)))


def plain_base(home: Path, corpus: Corpus, plain: Encoder, rankers: Rankers) -> KnowledgeBase:
    """A new build of the same entries with another encoder, in another home."""
    old = corpus.manifest
    new = make_build(home, plain, corpus.entries, old.sources, old.made_at, out_of_scope=corpus.out_of_scope)
    return KnowledgeBase(Build(home, new.id), plain, rankers)


def trained(examples: Sequence[Example], part: str) -> Rankers:
    """Rankers trained without the features of a part."""
    log.info("training a ranker: %s", part)
    return {
        features: ranker(
            [e for e in examples if e.candidates.feature_set is features], features_to_keep(features, part)
        )
        for features in FEATURE_SETS
    }


def features_to_keep(features: FeatureSet, part: str) -> Mask:
    """(n_features,) True for features to keep; all True if the part has every feature."""
    keep = np.array([part not in name for name in features.names])
    return keep if keep.any() else ~keep


def ranker(examples: Sequence[Example], keep: Mask) -> Ranker:
    """A ranker with weights only for the features to keep."""
    masked = [
        replace(e, candidates=replace(e.candidates, features=e.candidates.features * keep)) for e in examples
    ]
    ranking = fit_ranking([example for example in masked if example.gold >= 0]) * keep
    coverage, intercept = fit_coverage(masked, ranking)
    coverage[: len(keep)] *= keep  # the other weights are for evidence beyond the features
    return Ranker(tuple(ranking.tolist()), CoverageModel(tuple(coverage.tolist()), intercept, THRESHOLD))
