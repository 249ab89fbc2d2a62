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
OUTSIDE = {Language.ENGLISH: [f"soup number {n}" for n in "abcdefg"], Language.JAPANESE: ["味噌汁"]}


def asks(*texts: str) -> Section:
    return Section("Asks", Role.ASKS, tuple(Item(text) for text in texts))


def asked(*texts: str) -> Entry:
    body = prose("Text", Role.STEPS, "one", "two")
    return practice("GENCOST01-BP01", "Note", RiskLevel.LOW, body, asks(*texts), body)


class NoNeighbours:
    def nearest(self, _query: Query) -> Neighbours | None:
        return None


def small() -> CandidateSearch:
    """Three entries, of which the first has the words "key" and "lamp"."""
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
    return Example(read_query(typed), candidates, np.array(allowed), gold, small())


def test_what_tells_the_right_entry_is_weighted_and_what_does_not_is_left_out() -> None:
    # The first feature is higher for the right entry, the second for a wrong one, the third for all alike.
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


def test_entries_that_may_not_be_found_do_not_count_for_the_ranking() -> None:
    # Of the entries that are allowed the right one, after a better one that is not, is best by the first.
    hidden = (False, True, True)
    weights = fit_ranking([example([[9, 0], [0.1, 0.5], [0.8, 0.2]], gold=2, allowed=hidden)])
    assert weights[0] > 5
    assert weights[1] == 0


def test_coverage_tells_questions_with_an_answer_from_those_without() -> None:
    rest = [0.0] * (len(KEYWORD_FEATURES) - 2)
    strong, weak = [0.9, 0.8, *rest], [0.2, 0.1, *rest]
    nothing = [0.01] * len(KEYWORD_FEATURES)
    inside = [
        example([[*strong[:1], level, *strong[2:]], weak, nothing], 0, "key lamp")
        for level in (0.6, 0.7, 0.8, 0.9)
    ]
    outside = [
        example([[*weak[:1], level, *weak[2:]], weak, nothing], -1, "key soup zzz")
        for level in (0.1, 0.15, 0.2)
    ]
    ranking = np.array([1.0, 1.0, *rest])
    weights, intercept = fit_coverage([*outside, *inside], ranking)
    ranker = Ranker(tuple(ranking), CoverageModel(tuple(weights), intercept, THRESHOLD))

    def sure(asked: Example) -> float:
        scores = ranker.score(asked.candidates.features)
        ranked = np.argsort(-scores, kind="stable")
        facts = evidence(asked.search, asked.query, asked.candidates, scores, ranked)
        return ranker.coverage.confidence(facts)

    assert max(map(sure, outside)) < 0.1
    assert min(map(sure, inside)) > 0.9


@pytest.mark.parametrize(
    ("fold", "out", "kept"),
    [(0, "adg", "bcef"), (1, "be", "acdfg"), (2, "cf", "abdeg")],
)
def test_a_fold_leaves_out_its_questions_and_nothing_else(fold: int, out: str, kept: str) -> None:
    assert FOLDS == 3
    whole = Corpus(MANIFEST, (asked(*"abcdefg"),), frozenset({"GENCOST01-BP01"}), {EN: tuple("tuvw")})
    without, alone = whole.without(fold)
    assert without.entries == (asked(*kept),)
    assert [text for _, text in alone.questions(Role.ASKS)] == list(out)
    assert sorted((*without.outside[EN], *alone.outside[EN])) == list("tuvw")
    assert alone.outside[EN] == tuple("tuvw"[fold::3])


def test_an_entry_all_of_whose_asks_are_left_out_has_no_section_of_asks() -> None:
    whole = Corpus(MANIFEST, (asked("a"),), frozenset(), {})
    assert [s.role for s in whole.without(0)[0].entries[0].sections] == [Role.STEPS, Role.STEPS]
    assert whole.without(1)[0] == whole


def test_entries_that_cannot_answer_are_not_asked_about() -> None:
    assert list(Corpus(MANIFEST, (asked("a"),), frozenset(), {}).questions(Role.ASKS)) == []


def with_asks() -> tuple[Entry, ...]:
    """The small corpus with asks: of a best practice, of a risk in both editions, and of a page."""
    texts = {
        ("GENSEC05-BP01", "en"): ["narrow a", "narrow b", "narrow c", "narrow d", "narrow e", "narrow f"],
        ("GENSEC05-BP01", "ja"): ["権限の幅"],
        ("LLM06:2026", "en"): ["floods"],
        ("LLM06:2025", "en"): ["older"],
        ("genai-lens/definitions", "en"): ["wordlist"],
    }
    return tuple(
        replace(entry, sections=(*entry.sections, asks(*texts.get((entry.id, entry.language), []))))
        if (entry.id, entry.language) in texts
        else entry
        for entry in corpus()
    )


@pytest.fixture
def trained(home: Path, encoder: WordEncoder) -> Corpus:
    make_build(home, encoder, with_asks(), SOURCES, MADE_AT, outside=OUTSIDE)
    return read_corpus(home)


def test_every_ask_of_what_answers_and_every_example_outside_is_asked_once(
    trained: Corpus, encoder: WordEncoder
) -> None:
    examples = [
        e
        for e in held_out_examples([trained], lambda _: encoder)
        if e.candidates.feature_set is FeatureSet.VECTORS
    ]
    told = sorted((e.query.text, e.search.layout.ids[e.gold] if e.gold >= 0 else "") for e in examples)
    assert told == [
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
    for asked_of in examples:
        ids = np.array(asked_of.search.layout.ids)
        assert set(ids[asked_of.allowed]) == allowed


def test_nothing_asked_is_found_as_it_stands(trained: Corpus, encoder: WordEncoder) -> None:
    for example in held_out_examples([trained], lambda _: encoder):
        assert example.query.text not in {chunk.text for chunk in example.search.layout.chunks}
        # By vector it would be as near as can be.
        if example.candidates.feature_set is FeatureSet.VECTORS:
            assert example.candidates.features[:, len(KEYWORD_FEATURES) :].max() < 0.99
            assert example.candidates.outside[1] < 0.99


def test_each_is_asked_with_vectors_and_by_keyword_alone(trained: Corpus, encoder: WordEncoder) -> None:
    modes = [
        example.candidates.feature_set.value for example in held_out_examples([trained], lambda _: encoder)
    ]
    assert {mode: modes.count(mode) for mode in set(modes)} == {
        "vectors": 16,
        "keywords en": 14,
        "keywords ja": 2,
    }


@pytest.mark.parametrize("typed", ["narrow roles for agents", "which soup", "権限を絞る"])
def test_training_sees_what_a_question_to_the_build_sees(
    home: Path, encoder: WordEncoder, trained: Corpus, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All of them: of equally near chunks the last that is told could be one or the other.
    monkeypatch.setattr(kb.ranking.neighbours, "NEIGHBOURS", 1000)
    served = KnowledgeBase(current_build(home), encoder)._candidates
    query = read_query(typed)
    every = np.ones(len(served.layout.ids), dtype=np.bool_)
    expected = served.by_all(query, every)
    found = ExactIndexes(encoder).over(trained).by_all(query, every)
    assert found.feature_set is expected.feature_set is FeatureSet.VECTORS
    np.testing.assert_allclose(found.features, expected.features, atol=1e-5)
    assert found.outside == pytest.approx(expected.outside, abs=1e-5)


def test_lessons_are_what_is_asked_and_read_of_each_entry_in_english(
    trained: Corpus, encoder: WordEncoder
) -> None:
    found = lessons_of([trained, trained], encoder.count_pieces)
    assert found.asked["LLM06:2026"] == ("floods",)
    assert found.asked["GENSEC05-BP01"][-6:] == tuple(f"narrow {letter}" for letter in "abcdef")
    assert "権限の幅" not in found.asked["GENSEC05-BP01"]
    assert not {"LLM06:2025", "genai-lens/definitions"} & found.asked.keys()
    assert found.outside == tuple(OUTSIDE[EN])
    passages = [text for texts in found.read.values() for text in texts]
    assert passages
    assert len(set(passages)) == len(passages)
    assert not set(passages) & {text for texts in found.asked.values() for text in texts}
