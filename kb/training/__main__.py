"""Train on the served builds of some homes: `python -m kb.training HOME ...`."""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from kb.data import data_folder
from kb.embedding.weights import ADAPTER_FACTS_FILE, ADAPTER_FILE, Adapter, find_published_weights
from kb.files import write_atomic
from kb.ranking.coverage import EVIDENCE
from kb.ranking.features import FeatureSet
from kb.settings import DEFAULT_MODEL
from kb.training import adapter, ranker
from kb.training.examples import Example, held_out_examples
from kb.training.lessons import FOLDS, Corpus, read_corpus

log = logging.getLogger("kb.training")


def adapter_record(corpora: Sequence[Corpus], trained: Adapter) -> dict[str, object]:
    """The contents of `data/encoder/adapter.json`."""
    return {
        "trained by": "make train, on the catalogue and the pages of the builds below",
        "builds": described(corpora),
        "model": DEFAULT_MODEL,
        "weights_sha256": find_published_weights(DEFAULT_MODEL).sha256,
        "sha256": trained.sha256,
        "scale": trained.scale,
        "recipe": asdict(adapter.RECIPE),
    }


def ranker_record(corpora: Sequence[Corpus], examples: Sequence[Example]) -> dict[str, object]:
    """The contents of `data/ranker.json`."""
    modes: dict[str, object] = {}
    for features in FeatureSet:
        own = [example for example in examples if example.candidates.feature_set is features]
        inside = [example for example in own if example.gold >= 0]
        ranking = ranker.fit_ranking(inside)
        coverage, intercept = ranker.fit_coverage(own, ranking)
        log.info("%s: %d asks, %d out of scope", features, len(inside), len(own) - len(inside))
        modes[features.value] = {
            "asks": len(inside),
            "out of scope": len(own) - len(inside),
            "ranking": _named(features.names, ranking),
            "coverage": _named((*features.names, *EVIDENCE), coverage)
            | {"intercept": round(intercept, 4), "threshold": ranker.THRESHOLD},
        }
    return {
        "trained by": "make train, on the catalogue's asks, statements and examples of what is out of scope",
        "builds": described(corpora),
        "folds": FOLDS,
        "modes": modes,
    }


def described(corpora: Sequence[Corpus]) -> list[dict[str, object]]:
    """The chunks and sources of the training builds."""
    return [
        {
            "chunks": corpus.manifest.chunks,
            "sources": [
                f"{s.name} {s.edition} ({s.language}) from the {s.origin}" for s in corpus.manifest.sources
            ],
        }
        for corpus in corpora
    ]


def main() -> None:
    """Train on the builds of the given homes, and write adapter and ranker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", nargs="+", type=Path, help="homes of the training builds")
    parser.add_argument(
        "--kept", type=Path, default=Path("build/adapters"), help="folder of trained adapters"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    corpora = [read_corpus(home) for home in arguments.homes]
    record = ranker_record(
        corpora,
        list(held_out_examples(corpora, lambda fold: adapter.encoder_without(fold, corpora, arguments.kept))),
    )
    whole = adapter.adapter_of(corpora, arguments.kept)
    write_atomic(data_folder() / "encoder" / ADAPTER_FILE, whole.file.read_bytes())
    _write(data_folder() / "encoder" / ADAPTER_FACTS_FILE, adapter_record(corpora, whole))
    _write(data_folder() / "ranker.json", record)


def _write(file: Path, record: dict[str, object]) -> None:
    write_atomic(file, json.dumps(record, indent=1).encode() + b"\n")


def _named(names: Sequence[str], values: ranker.Floats) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}


if __name__ == "__main__":
    main()
