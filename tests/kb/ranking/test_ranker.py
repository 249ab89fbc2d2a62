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
def fresh() -> Iterator[None]:
    load_rankers.cache_clear()
    yield
    load_rankers.cache_clear()


def weights(*names: str) -> dict[str, float]:
    """1 for the first name, 2 for the second, and so on; written last name first."""
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


def written(folder: Path, content: Record) -> Path:
    file = folder / "hand.json"
    file.write_text(json.dumps(content))
    return file


def test_weights_are_put_to_columns_by_name(tmp_path: Path) -> None:
    rankers = load_rankers(written(tmp_path, record()))
    assert rankers.keys() == set(FeatureSet)
    both = rankers[FeatureSet.VECTORS]
    assert rankers[FeatureSet.JAPANESE_GLOSSED] == both
    count = len(KEYWORD_FEATURES) + len(VECTOR_FEATURES)
    assert both.weights == tuple(range(1, count + 1))
    assert both.coverage.weights == tuple(range(1, count + len(EVIDENCE) + 1))
    assert (both.coverage.intercept, both.coverage.threshold) == (-1.5, 0.25)
    alone = rankers[FeatureSet.JAPANESE_KEYWORDS]
    assert alone.weights == tuple(range(1, len(KEYWORD_FEATURES) + 1))
    assert len(alone.coverage.weights) == len(KEYWORD_FEATURES) + len(EVIDENCE)


def test_a_score_is_the_weighted_sum_of_a_row() -> None:
    ranker = Ranker((2.0, 0.0, 0.5), CoverageModel((), 0, 0.5))
    found = ranker.score(np.array([[1, 9, 1], [0, 9, 0], [0.25, 0, 4]], dtype=np.float32))
    assert (found.tolist(), found.dtype) == ([2.5, 0, 2.5], np.float32)


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
def test_confidence_is_the_logistic_of_the_weighted_evidence(evidence: list[float], expected: float) -> None:
    model = CoverageModel((2.0, -1.0), -1.5, 0.5)
    assert model.confidence(evidence) == pytest.approx(expected, abs=1e-6)


MISFITS: dict[str, tuple[str, Callable[[Record], object]]] = {
    "no modes": ("'modes'", lambda r: r.pop("modes")),
    "a mode missing": ("'keywords ja'", lambda r: r["modes"].pop("keywords ja")),
    "a keyword feature missing": (
        "'keyword terms'",
        lambda r: r["modes"]["keywords en"]["ranking"].pop("keyword terms"),
    ),
    "a vector feature missing": (
        "'vector body'",
        lambda r: r["modes"]["vectors"]["ranking"].pop("vector body"),
    ),
    "evidence missing": ("'lead'", lambda r: r["modes"]["vectors"]["coverage"].pop("lead")),
    "no intercept": ("'intercept'", lambda r: r["modes"]["vectors"]["coverage"].pop("intercept")),
    "no threshold": ("'threshold'", lambda r: r["modes"]["vectors"]["coverage"].pop("threshold")),
    "a weight that is no number": (
        "'heavy'",
        lambda r: r["modes"]["vectors"]["ranking"].update({"vector body": "heavy"}),
    ),
    "a weight that is null": (
        "NoneType",
        lambda r: r["modes"]["vectors"]["ranking"].update({"vector body": None}),
    ),
    "modes that are a list": ("list", lambda r: r.update(modes=["vectors"])),
}


@pytest.mark.parametrize(("told", "misfit"), MISFITS.values(), ids=MISFITS)
def test_a_file_that_does_not_fit_the_features_is_refused(
    tmp_path: Path, told: str, misfit: Callable[[Record], object]
) -> None:
    content = record()
    misfit(content)
    with pytest.raises(
        RecordError, match=rf"hand\.json does not fit this version .*{told}.*install"
    ) as caught:
        load_rankers(written(tmp_path, content))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"4", b"null"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "hand.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RecordError, match=r"hand\.json does not fit this version .*install genlens again"):
        load_rankers(file)


def test_the_shipped_weights_load_and_are_sane() -> None:
    rankers = load_rankers()
    assert set(rankers) == set(FeatureSet)
    for ranker in rankers.values():
        coverage = ranker.coverage
        assert np.isfinite([*ranker.weights, *coverage.weights, coverage.intercept]).all()
        assert min(ranker.weights) >= 0 < max(ranker.weights)
        assert 0 < coverage.threshold < 1


def test_the_shipped_file_holds_no_weight_that_is_not_used() -> None:
    modes = json.loads((data_folder() / "ranker.json").read_text(encoding="utf-8"))["modes"]
    assert modes.keys() == {features.value for features in FeatureSet}
    for features in FeatureSet:
        assert tuple(modes[features]["ranking"]) == features.names
        assert tuple(modes[features]["coverage"]) == (*features.names, *EVIDENCE, "intercept", "threshold")
        assert modes[features]["asks"] > modes[features]["out of scope"] > 0


@pytest.fixture
def shipped(home: Path, base: KnowledgeBase, encoder: WordEncoder) -> KnowledgeBase:
    """The small corpus with the shipped ranker."""
    return KnowledgeBase(Build(home, base.build), encoder)


def test_the_shipped_weights_rank_by_what_the_words_say(shipped: KnowledgeBase) -> None:
    found = shipped.retrieve("Do agents with too many permissions do harm by deleting records?")
    assert found.hits[0].entry.id == "LLM03:2026"
    assert shipped.search("cheap cached tokens")[0].entry.id == "GENCOST03-BP01"


@pytest.mark.parametrize("typed", ["Which soup goes with bread?", "パンに合うスープは？", "zzz"])
def test_the_shipped_weights_do_not_cover_something_else(shipped: KnowledgeBase, typed: str) -> None:
    assert not shipped.retrieve(typed).covered
