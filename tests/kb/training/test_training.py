from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import MADE_AT, SOURCES, corpus, practice, prose
from support.encoder import WordEncoder

import kb.ranking.neighbours
from kb.entries import Entry, Item, Language, RiskLevel, Role, Section
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import cut
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.ranking.candidates import Candidates, CandidateSearch
from kb.ranking.coverage import CoverageModel, evidence
from kb.ranking.features import KEYWORD_FEATURES, FeatureSet
from kb.ranking.layout import Layout
from kb.ranking.neighbours import Neighbours
from kb.ranking.query import Query, read_query
from kb.ranking.ranker import Ranker
from kb.storage.builds import current_build
from kb.storage.manifest import Manifest
from kb.training.examples import ExactIndexes, Example, held_out_examples
from kb.training.lessons import FOLDS, Corpus, lessons_of, read_corpus
from kb.training.ranker import THRESHOLD, fit_coverage, fit_ranking

EN = Language.ENGLISH
MANIFEST = Manifest("b", 2, MADE_AT, "tests/words", "0" * 64, 256, {}, 0, ())
OUT_OF_SCOPE = {Language.ENGLISH: [f"soup number {n}" for n in "abcdefg"], Language.JAPANESE: ["味噌汁"]}


def questions(*texts: str) -> Section:
    return Section("Asks", Role.ASKS, tuple(Item(text) for text in texts))


def practice_with_questions(*texts: str) -> Entry:
    body = prose("Text", Role.STEPS, "one", "two")
    return practice("GENCOST01-BP01", "Note", RiskLevel.LOW, body, questions(*texts), body)


class NoNeighbours:
    def nearest(self, _query: Query) -> Neighbours | None:
        return None


def small_search() -> CandidateSearch:
    """Three entries: A with "key" and "lamp", B and C with other words."""
    entries = tuple(
        practice(entry_id, "Note", RiskLevel.LOW, prose("Text", Role.OTHER, text))
        for entry_id, text in (("A", "key lamp"), ("B", "role"), ("C", "bread"))
    )
    chunks = tuple(cut(entries, lambda _: 1))
    layout = Layout(("A", "B", "C"), chunks, entries)
    return CandidateSearch(layout, index_chunks(chunks), index_entries(entries), NoNeighbours())


def example(
    rows: list[list[float]], gold: int, typed: str = "key", allowed: tuple[bool, ...] = (True, True, True)
) -> Example:
    features = np.array(rows, dtype=np.float32)
    candidates = Candidates(FeatureSet.ENGLISH_KEYWORDS, features, np.zeros(3, dtype=np.float32), (0.0, 0.0))
    return Example(read_query(typed), candidates, np.array(allowed), gold, small_search())


def test_ranking_uses_only_features_of_the_right_entry() -> None:
    # Feature 1 is higher for the right entry, feature 2 for a wrong one, feature 3 is equal for all.
    examples = [
        example([[0.9, 0.1, 1], [0.4, 0.6, 1], [0.2, 0.3, 1]], gold=0),
        example([[0.3, 0.8, 1], [0.7, 0.2, 1], [0.5, 0.5, 1]], gold=1),
        example([[0.1, 0.9, 1], [0.5, 0.4, 1], [0.8, 0.3, 1]], gold=2),
    ]
    weights = fit_ranking(examples)
    assert weights[0] > 5
    assert weights[1] == 0
    assert weights[2] == pytest.approx(0, abs=0.05)
    assert [int((e.candidates.features @ weights).argmax()) for e in examples] == [0, 1, 2]


def test_disallowed_entries_do_not_count_for_the_ranking() -> None:
    # By feature 1 the right entry is second to a disallowed one, and the best of the allowed ones.
    first_disallowed = (False, True, True)
    weights = fit_ranking([example([[9, 0], [0.1, 0.5], [0.8, 0.2]], gold=2, allowed=first_disallowed)])
    assert weights[0] > 5
    assert weights[1] == 0


def test_coverage_separates_covered_from_uncovered_questions() -> None:
    rest = [0.0] * (len(KEYWORD_FEATURES) - 2)
    strong, weak = [0.9, 0.8, *rest], [0.2, 0.1, *rest]
    unrelated = [0.01] * len(KEYWORD_FEATURES)
    inside = [
        example([[*strong[:1], level, *strong[2:]], weak, unrelated], 0, "key lamp")
        for level in (0.6, 0.7, 0.8, 0.9)
    ]
    out_of_scope = [
        example([[*weak[:1], level, *weak[2:]], weak, unrelated], -1, "key soup zzz")
        for level in (0.1, 0.15, 0.2)
    ]
    ranking = np.array([1.0, 1.0, *rest])
    weights, intercept = fit_coverage([*out_of_scope, *inside], ranking)
    ranker = Ranker(tuple(ranking), CoverageModel(tuple(weights), intercept, THRESHOLD))

    def confidence(question: Example) -> float:
        scores = ranker.score(question.candidates.features)
        ranked = np.argsort(-scores, kind="stable")
        facts = evidence(question.search, question.query, question.candidates, scores, ranked)
        return ranker.coverage.confidence(facts)

    assert max(map(confidence, out_of_scope)) < 0.1
    assert min(map(confidence, inside)) > 0.9


@pytest.mark.parametrize(
    ("fold", "held_out", "remaining"),
    [(0, "adg", "bcef"), (1, "be", "acdfg"), (2, "cf", "abdeg")],
)
def test_fold_leaves_out_only_its_questions(fold: int, held_out: str, remaining: str) -> None:
    assert FOLDS == 3
    whole = Corpus(
        MANIFEST, (practice_with_questions(*"abcdefg"),), frozenset({"GENCOST01-BP01"}), {EN: tuple("tuvw")}
    )
    without, only = whole.without(fold)
    assert without.entries == (practice_with_questions(*remaining),)
    assert [text for _, text in only.questions(Role.ASKS)] == list(held_out)
    assert sorted((*without.out_of_scope[EN], *only.out_of_scope[EN])) == list("tuvw")
    assert only.out_of_scope[EN] == tuple("tuvw"[fold::3])


def test_section_without_remaining_questions_is_dropped() -> None:
    whole = Corpus(MANIFEST, (practice_with_questions("a"),), frozenset(), {})
    assert [s.role for s in whole.without(0)[0].entries[0].sections] == [Role.STEPS, Role.STEPS]
    assert whole.without(1)[0] == whole


def test_only_answering_entries_have_questions() -> None:
    assert list(Corpus(MANIFEST, (practice_with_questions("a"),), frozenset(), {}).questions(Role.ASKS)) == []


def with_questions() -> tuple[Entry, ...]:
    """The small corpus with questions of a best practice, a risk in both editions, and a page."""
    texts = {
        ("GENSEC05-BP01", "en"): ["narrow a", "narrow b", "narrow c", "narrow d", "narrow e", "narrow f"],
        ("GENSEC05-BP01", "ja"): ["権限の幅"],
        ("LLM06:2026", "en"): ["floods"],
        ("LLM06:2025", "en"): ["older"],
        ("genai-lens/definitions", "en"): ["wordlist"],
    }
    return tuple(
        replace(entry, sections=(*entry.sections, questions(*texts.get((entry.id, entry.language), []))))
        if (entry.id, entry.language) in texts
        else entry
        for entry in corpus()
    )


@pytest.fixture
def trained(home: Path, encoder: WordEncoder) -> Corpus:
    make_build(home, encoder, with_questions(), SOURCES, MADE_AT, out_of_scope=OUT_OF_SCOPE)
    return read_corpus(home)


def test_every_question_and_out_of_scope_example_is_held_out_once(
    trained: Corpus, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.training.examples.disguised", lambda text, _number: text)
    examples = [
        e
        for e in held_out_examples([trained], lambda _: encoder)
        if e.candidates.feature_set is FeatureSet.VECTORS
    ]
    pairs = sorted((e.query.text, e.search.layout.ids[e.gold] if e.gold >= 0 else "") for e in examples)
    assert pairs == [
        ("floods", "LLM06:2026"),
        ("narrow a", "GENSEC05-BP01"),
        ("narrow b", "GENSEC05-BP01"),
        ("narrow c", "GENSEC05-BP01"),
        ("narrow d", "GENSEC05-BP01"),
        ("narrow e", "GENSEC05-BP01"),
        ("narrow f", "GENSEC05-BP01"),
        *((f"soup number {n}", "") for n in "abcdefg"),
        ("味噌汁", ""),
        ("権限の幅", "GENSEC05-BP01"),
    ]
    allowed = {"GENSEC05-BP01", "GENSEC05-BP02", "GENCOST03-BP01", "LLM03:2026", "LLM06:2026"}
    for example in examples:
        ids = np.array(example.search.layout.ids)
        assert set(ids[example.allowed]) == allowed


def test_held_out_question_is_not_in_the_index(trained: Corpus, encoder: WordEncoder) -> None:
    for example in held_out_examples([trained], lambda _: encoder):
        assert example.query.text not in {chunk.text for chunk in example.search.layout.chunks}
        # The same text would have a cosine of 1.
        if example.candidates.feature_set is FeatureSet.VECTORS:
            assert example.candidates.features[:, len(KEYWORD_FEATURES) :].max() < 0.99
            assert example.candidates.out_of_scope[1] < 0.99


def test_every_question_has_an_example_with_and_without_vectors(
    trained: Corpus, encoder: WordEncoder
) -> None:
    modes = [
        example.candidates.feature_set.value for example in held_out_examples([trained], lambda _: encoder)
    ]
    assert {mode: modes.count(mode) for mode in set(modes)} == {
        "vectors": 16,
        "keywords en": 14,
        "keywords ja": 2,
    }


@pytest.mark.parametrize("typed", ["narrow roles for agents", "which soup", "権限を絞る"])
def test_training_features_equal_those_at_query_time(
    home: Path, encoder: WordEncoder, trained: Corpus, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All chunks: the order of equally near chunks at the cut-off is undefined.
    monkeypatch.setattr(kb.ranking.neighbours, "NEIGHBOURS", 1000)
    served = KnowledgeBase(current_build(home), encoder)._candidates
    query = read_query(typed)
    allowed = np.ones(len(served.layout.ids), dtype=np.bool_)
    expected = served.by_all(query, allowed)
    candidates = ExactIndexes(encoder).over(trained).by_all(query, allowed)
    assert candidates.feature_set is expected.feature_set is FeatureSet.VECTORS
    np.testing.assert_allclose(candidates.features, expected.features, atol=1e-5)
    assert candidates.out_of_scope == pytest.approx(expected.out_of_scope, abs=1e-5)


def test_lessons_are_english_questions_and_chunks_of_answering_entries(
    trained: Corpus, encoder: WordEncoder
) -> None:
    lessons = lessons_of([trained, trained], encoder.count_pieces)
    assert lessons.asked["LLM06:2026"] == ("floods",)
    assert lessons.asked["GENSEC05-BP01"][-6:] == tuple(f"narrow {letter}" for letter in "abcdef")
    assert "権限の幅" not in lessons.asked["GENSEC05-BP01"]
    assert not {"LLM06:2025", "genai-lens/definitions"} & lessons.asked.keys()
    assert lessons.out_of_scope == tuple(OUT_OF_SCOPE[EN])
    chunk_texts = [text for texts in lessons.read.values() for text in texts]
    assert chunk_texts
    assert len(set(chunk_texts)) == len(chunk_texts)
    assert not set(chunk_texts) & {text for texts in lessons.asked.values() for text in texts}
