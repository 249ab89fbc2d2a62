import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.encoder import WordEncoder

from kb.data import data_folder
from kb.errors import RecordError
from kb.knowledge_base import KnowledgeBase
from kb.ranking.coverage import EVIDENCE, CoverageModel
from kb.ranking.features import KEYWORD_FEATURES, VECTOR_FEATURES, FeatureSet
from kb.ranking.ranker import Ranker, load_rankers
from kb.storage.builds import Build

Record = dict[str, Any]


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    load_rankers.cache_clear()
    yield
    load_rankers.cache_clear()


def weights(*names: str) -> dict[str, float]:
    """Weights 1, 2, 3, ... for the names, in reverse order."""
    return {name: number for number, name in reversed([*enumerate(names, start=1)])}


def record() -> Record:
    modes = {
        mode: {
            "asks": 3,
            "ranking": weights(*columns),
            "coverage": {"threshold": 0.25, "intercept": -1.5} | weights(*columns, *EVIDENCE),
        }
        for mode, columns in (
            ("vectors", KEYWORD_FEATURES + VECTOR_FEATURES),
            ("gloss ja", KEYWORD_FEATURES + VECTOR_FEATURES),
            ("keywords en", KEYWORD_FEATURES),
            ("keywords ja", KEYWORD_FEATURES),
        )
    }
    return {"trained on": "nothing", "modes": modes}


def write(folder: Path, content: Record) -> Path:
    file = folder / "hand.json"
    file.write_text(json.dumps(content))
    return file


def test_weights_are_matched_to_features_by_name(tmp_path: Path) -> None:
    rankers = load_rankers(write(tmp_path, record()))
    assert rankers.keys() == set(FeatureSet)
    with_vectors = rankers[FeatureSet.VECTORS]
    assert rankers[FeatureSet.JAPANESE_GLOSSED] == with_vectors
    count = len(KEYWORD_FEATURES) + len(VECTOR_FEATURES)
    assert with_vectors.weights == tuple(range(1, count + 1))
    assert with_vectors.coverage.weights == tuple(range(1, count + len(EVIDENCE) + 1))
    assert (with_vectors.coverage.intercept, with_vectors.coverage.threshold) == (-1.5, 0.25)
    keyword_only = rankers[FeatureSet.JAPANESE_KEYWORDS]
    assert keyword_only.weights == tuple(range(1, len(KEYWORD_FEATURES) + 1))
    assert len(keyword_only.coverage.weights) == len(KEYWORD_FEATURES) + len(EVIDENCE)


def test_score_is_the_weighted_sum_of_features() -> None:
    ranker = Ranker((2.0, 0.0, 0.5), CoverageModel((), 0, 0.5))
    scores = ranker.score(np.array([[1, 9, 1], [0, 9, 0], [0.25, 0, 4]], dtype=np.float32))
    assert (scores.tolist(), scores.dtype) == ([2.5, 0, 2.5], np.float32)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ([0, 0], 0.182426),  # 1 / (1 + e^1.5)
        ([0.5, 1], 0.182426),
        ([1, 0.5], 0.5),
        ([1, 0], 0.622459),  # 1 / (1 + e^-0.5)
        ([1e6, 0], 1.0),
        ([-1e6, 0], 0.0),
    ],
)
def test_confidence_is_the_logistic_of_weighted_evidence(evidence: list[float], expected: float) -> None:
    model = CoverageModel((2.0, -1.0), -1.5, 0.5)
    assert model.confidence(evidence) == pytest.approx(expected, abs=1e-6)


DAMAGES: dict[str, tuple[str, Callable[[Record], object]]] = {
    "no modes": ("'modes'", lambda r: r.pop("modes")),
    "missing mode": ("'keywords ja'", lambda r: r["modes"].pop("keywords ja")),
    "missing keyword feature": (
        "'keyword terms'",
        lambda r: r["modes"]["keywords en"]["ranking"].pop("keyword terms"),
    ),
    "missing vector feature": (
        "'vector body'",
        lambda r: r["modes"]["vectors"]["ranking"].pop("vector body"),
    ),
    "missing evidence": ("'lead'", lambda r: r["modes"]["vectors"]["coverage"].pop("lead")),
    "no intercept": ("'intercept'", lambda r: r["modes"]["vectors"]["coverage"].pop("intercept")),
    "no threshold": ("'threshold'", lambda r: r["modes"]["vectors"]["coverage"].pop("threshold")),
    "weight not a number": (
        "'heavy'",
        lambda r: r["modes"]["vectors"]["ranking"].update({"vector body": "heavy"}),
    ),
    "null weight": (
        "NoneType",
        lambda r: r["modes"]["vectors"]["ranking"].update({"vector body": None}),
    ),
    "list of modes": ("list", lambda r: r.update(modes=["vectors"])),
}


@pytest.mark.parametrize(("reason", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_file_with_other_features_is_refused(
    tmp_path: Path, reason: str, damage: Callable[[Record], object]
) -> None:
    content = record()
    damage(content)
    with pytest.raises(
        RecordError, match=rf"hand\.json does not fit this version .*{reason}.*install"
    ) as caught:
        load_rankers(write(tmp_path, content))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"4", b"null"])
def test_damaged_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "hand.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RecordError, match=r"hand\.json does not fit this version .*install genlens again"):
        load_rankers(file)


def test_bundled_weights_are_valid() -> None:
    rankers = load_rankers()
    assert set(rankers) == set(FeatureSet)
    for ranker in rankers.values():
        coverage = ranker.coverage
        assert np.isfinite([*ranker.weights, *coverage.weights, coverage.intercept]).all()
        assert min(ranker.weights) >= 0 < max(ranker.weights)
        assert 0 < coverage.threshold < 1


def test_bundled_file_has_exactly_the_weights_in_use() -> None:
    modes = json.loads((data_folder() / "ranker.json").read_text(encoding="utf-8"))["modes"]
    assert modes.keys() == {features.value for features in FeatureSet}
    for features in FeatureSet:
        assert tuple(modes[features]["ranking"]) == features.names
        assert tuple(modes[features]["coverage"]) == (*features.names, *EVIDENCE, "intercept", "threshold")
        assert modes[features]["asks"] > modes[features]["out of scope"] > 0


@pytest.fixture
def bundled(home: Path, base: KnowledgeBase, encoder: WordEncoder) -> KnowledgeBase:
    """The small corpus with the bundled rankers."""
    return KnowledgeBase(Build(home, base.build), encoder)


def test_bundled_rankers_find_the_matching_entry(bundled: KnowledgeBase) -> None:
    retrieval = bundled.retrieve("Do agents with too many permissions do harm by deleting records?")
    assert retrieval.hits[0].entry.id == "LLM03:2026"
    assert bundled.search("cheap cached tokens")[0].entry.id == "GENCOST03-BP01"


@pytest.mark.parametrize("typed", ["Which soup goes with bread?", "パンに合うスープは？", "zzz"])
def test_bundled_rankers_do_not_cover_other_topics(bundled: KnowledgeBase, typed: str) -> None:
    assert not bundled.retrieve(typed).covered
