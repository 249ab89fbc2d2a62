"""Training of the ranker: `python -m kb.train HOME [HOME ...]` writes `data/ranker.json`.

Every ask of the catalogue is a question whose answer is known. So that none finds itself, the asks are
parted into folds, and each fold is asked of an index without its own asks. What is out of scope is in
`data/catalog/scope.yaml`. The labelled questions that measure the ranking are never trained on.

Ranking: softmax over the entries, cross-entropy with the entry asked about, weights not below 0, L-BFGS-B.
Coverage: logistic regression on the best entry's features, both classes weighted alike; the threshold lets
the given share of asks be declined.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # comes with sentence-transformers

from kb.base import ANSWERING
from kb.builds import build_folder, current_id, export_folder, read_chunks, read_manifest
from kb.chunks import cut, outside_chunks
from kb.encoder import OnnxEncoder, Vectors, reads
from kb.entries import Entry, Item, Language, Role, read_entries
from kb.features import Layout
from kb.files import data_folder, write_aside
from kb.index import Found, Index
from kb.keywords import Scores, index_chunks, index_entries
from kb.query import Query, read_query
from kb.ranker import EVIDENCE, Mode
from kb.search import order
from kb.vectors import VectorStore

FOLDS = 5
RANKING_L2, COVERAGE_L2 = 1e-3, 1e-2
DECLINED_ASKS = 0.09
# Of the vectors as many are seen as `kb.index.NEIGHBOURS`, so that training and asking agree.
log = logging.getLogger("kb.train")

Floats = npt.NDArray[np.float64]
Outside = Mapping[Language, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what was found for it; `gold` is the row of its entry, -1 where it is out of scope."""

    query: Query
    found: Found
    allowed: npt.NDArray[np.bool_]
    gold: int
    index: Index


class Corpus:
    """The entries of a build, the vectors of everything in it, and its examples of what is outside."""

    def __init__(self, home: Path) -> None:
        folder = build_folder(home, current_id(home))
        manifest = read_manifest(folder)
        self.model = manifest.model
        self.described = {
            "model": manifest.model,
            "chunks": manifest.chunks,
            "sources": [f"{s.name} {s.edition} ({s.language}) from the {s.origin}" for s in manifest.sources],
        }
        self.entries = tuple(read_entries(folder / "entries.jsonl"))
        self.encoder = OnnxEncoder(export_folder(home, manifest.weights_sha256))
        with VectorStore(folder / "chroma") as store:
            self.vectors = store.by_digest()
        self.outside: dict[Language, list[str]] = {}
        for chunk in read_chunks(folder):
            if chunk.role is Role.OUTSIDE:
                self.outside.setdefault(chunk.language, []).append(chunk.text)
        newest = max(entry.edition for entry in self.entries if ":" in entry.id)
        self.answering = {
            e.id for e in self.entries if e.kind in ANSWERING and (":" not in e.id or e.edition == newest)
        }

    def index(self, entries: Sequence[Entry], outside: Outside) -> Index:
        """An index over the entries and examples as they are given, with exact cosines."""
        chunks = (*cut(entries, self.encoder.count_pieces), *outside_chunks(outside))
        ids = tuple(dict.fromkeys(entry.id for entry in entries))
        dim = self.encoder.facts.dim
        rows = np.stack([self.vectors.get(chunk.digest, np.zeros(dim, np.float32)) for chunk in chunks])
        readable = np.array([reads(self.model, chunk.language) for chunk in chunks])
        return Index(
            Layout(ids, chunks, entries),
            index_chunks(chunks),
            index_entries(entries),
            lambda query: self._cosines(query, rows, readable),
        )

    def _cosines(self, query: Query, rows: Vectors, readable: npt.NDArray[np.bool_]) -> Scores | None:
        from kb.index import NEIGHBOURS

        if not reads(self.model, query.language):
            return None
        cosines = np.maximum(rows @ self.encoder.encode([query.text])[0], 0)
        floor = np.sort(cosines[readable])[-min(NEIGHBOURS, int(readable.sum()))]
        return np.asarray(np.maximum(cosines, floor), dtype=np.float32)


def left_out(corpus: Corpus) -> Iterator[Example]:
    """Every ask and every example of what is outside, asked of an index that lacks those of its fold."""
    for fold in range(FOLDS):
        kept, asked = [], []
        for entry in corpus.entries:
            shorter, out = _without_fold(entry, fold)
            kept.append(shorter)
            asked += [(entry.id, text) for text in out if entry.id in corpus.answering]
        others = {
            language: [text for number, text in enumerate(texts) if number % FOLDS != fold]
            for language, texts in corpus.outside.items()
        }
        index = corpus.index(kept, others)
        log.info("fold %d: %d asks", fold + 1, len(asked))
        for entry_id, text in asked:
            yield from _examples(corpus, index, text, entry_id)
        for texts in corpus.outside.values():
            for text in texts[fold::FOLDS]:
                yield from _examples(corpus, index, text, None)


def _without_fold(entry: Entry, fold: int) -> tuple[Entry, list[str]]:
    out: list[str] = []
    sections = []
    for section in entry.sections:
        kept: list[Item] = []
        for number, item in enumerate(section.items):
            if section.role is Role.ASKS and number % FOLDS == fold:
                out.append(item.text)
            else:
                kept.append(item)
        sections.append(replace(section, items=tuple(kept)))
    return replace(entry, sections=tuple(s for s in sections if s.items)), out


def _examples(corpus: Corpus, index: Index, text: str, entry_id: str | None) -> Iterator[Example]:
    """The question with every kind of features that it has: with vectors, and by keyword alone."""
    query = read_query(text)
    allowed = np.array([i in corpus.answering for i in index.layout.ids])
    gold = index.layout.places[entry_id] if entry_id else -1
    found = index.by_all(query)
    yield Example(query, found, allowed, gold, index)
    if found.mode is Mode.VECTORS:
        yield Example(query, index.by_keyword(query), allowed, gold, index)


def fit_ranking(examples: Sequence[Example]) -> Floats:
    """Weights of the features, not below 0, that put the entries asked about first."""
    rows = [(e.found.features[e.allowed].astype(float), int(e.allowed[: e.gold].sum())) for e in examples]
    width = rows[0][0].shape[1]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(width)
        for features, gold in rows:
            scores = features @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            total -= float(np.log(likely[gold] + 1e-12))
            slope += features.T @ likely - features[gold]
        penalty = RANKING_L2 * float(weights @ weights) / 2
        return total / len(rows) + penalty, slope / len(rows) + RANKING_L2 * weights

    return np.asarray(
        minimize(loss, np.ones(width), jac=True, method="L-BFGS-B", bounds=[(0, None)] * width).x
    )


def fit_coverage(examples: Sequence[Example], ranking: Floats) -> tuple[Floats, float, float]:
    """Weights of the evidence, intercept, and the confidence under which a question is declined."""
    evidence = np.array([_evidence(example, ranking) for example in examples])
    inside = np.array([example.gold >= 0 for example in examples])
    middle, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    scaled = (evidence - middle) / spread
    balance = np.where(inside, 0.5 / inside.sum(), 0.5 / (~inside).sum())

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = scaled @ parameters[1:] + parameters[0]
        wrong = np.where(inside, -logits, logits)
        slope = balance * np.where(inside, -1, 1) / (1 + np.exp(-wrong))
        penalty = COVERAGE_L2 * float(parameters[1:] @ parameters[1:]) / 2
        gradient = np.concatenate([[slope.sum()], slope @ scaled + COVERAGE_L2 * parameters[1:]])
        return float((balance * np.logaddexp(0, wrong)).sum()) + penalty, gradient

    best = minimize(loss, np.zeros(evidence.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = best[1:] / spread
    intercept = float(best[0] - (weights * middle).sum())
    sure = 1 / (1 + np.exp(-(evidence @ weights + intercept)))
    log.info(
        "out of scope declined: %.3f",
        float((sure[~inside] < np.quantile(sure[inside], DECLINED_ASKS)).mean()),
    )
    return weights, intercept, float(np.quantile(sure[inside], DECLINED_ASKS))


def _evidence(example: Example, ranking: Floats) -> list[float]:
    scores = (example.found.features @ ranking).astype(np.float32)
    ranked = order(scores, example.allowed)
    return example.index.evidence(example.query, example.found, scores, ranked)


def train(homes: Sequence[Path]) -> dict[str, object]:
    """The record of `data/ranker.json` for the served builds of some homes."""
    corpora = [Corpus(home) for home in homes]
    examples = [example for corpus in corpora for example in left_out(corpus)]
    modes: dict[str, object] = {}
    for mode in Mode:
        own = [example for example in examples if example.found.mode is mode]
        inside = [example for example in own if example.gold >= 0]
        ranking = fit_ranking(inside)
        coverage, intercept, threshold = fit_coverage(own, ranking)
        log.info("%s: %d asks, %d out of scope", mode, len(inside), len(own) - len(inside))
        modes[mode.value] = {
            "asks": len(inside),
            "out of scope": len(own) - len(inside),
            "ranking": _named(mode.features, ranking),
            "coverage": _named((*mode.features, *EVIDENCE), coverage)
            | {"intercept": round(intercept, 4), "threshold": round(threshold, 4)},
        }
    return {
        "trained by": "make train, on the catalogue's asks and examples of what is out of scope",
        "builds": [corpus.described for corpus in corpora],
        "folds": FOLDS,
        "modes": modes,
    }


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}


def main() -> None:
    """Train on the builds of the given homes and write the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("homes", nargs="+", type=Path, help="homes whose served builds are trained on")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = train(arguments.homes)
    write_aside(data_folder() / "ranker.json", json.dumps(record, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
