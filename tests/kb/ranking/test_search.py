from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, practice, prose
from support.encoder import WordEncoder
from support.rankers import simple_rankers

import kb.knowledge_base
from kb.entries import Entry, RiskLevel, Role
from kb.errors import InputError, NotFoundError
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.ranking.filters import Filters
from kb.ranking.search import Hit
from kb.storage.builds import Build


@pytest.fixture(autouse=True)
def rankers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simple rankers: keyword score of the whole entry, plus ten times the cosine for questions."""
    monkeypatch.setattr(kb.knowledge_base, "load_rankers", simple_rankers)


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.entry.id for hit in hits]


def only(**values: str) -> Filters:
    return Filters(**{name: frozenset({value}) for name, value in values.items()})


def note(number: int, text: str) -> Entry:
    return practice(f"GENCOST01-BP0{number}", "Note", RiskLevel.LOW, prose("Text", Role.INTRODUCTION, text))


@pytest.fixture
def notes(home: Path, encoder: WordEncoder) -> KnowledgeBase:
    """Three entries about a harbour.

    Keyword order: BP02 (three matches), then BP01 and BP03 (one match each, shorter first). Lengths 6.2,
    11.2 and 8.2 (mean 8.5333), dampers 0.953906, 1.48125 and 1.164844. The query weight is the idf of its
    only term, so the score is 2.2 * frequency / (frequency + damper).
    Vector order: BP01, BP03, BP02, with "harbour" as one of 9, 11 and 12 different words.
    """
    entries = (
        note(1, "harbour lantern"),
        note(2, "harbour harbour harbour lantern orchard meadow willow"),
        note(3, "harbour lantern orchard meadow"),
    )
    manifest = make_build(home, encoder, entries, SOURCES, MADE_AT)
    return KnowledgeBase(Build(home, manifest.id), encoder)


def test_keyword_hits_come_best_first(notes: KnowledgeBase) -> None:
    hits = notes.search("harbour")
    assert ids(hits) == ["GENCOST01-BP02", "GENCOST01-BP01", "GENCOST01-BP03"]
    assert [hit.score for hit in hits] == pytest.approx([1.472803, 1.125949, 1.016239], abs=1e-5)
    assert ids(notes.search("harbour", limit=2)) == ["GENCOST01-BP02", "GENCOST01-BP01"]


def test_questions_are_ranked_by_keyword_and_vector_together(notes: KnowledgeBase) -> None:
    hits = notes.retrieve("harbour").hits
    assert ids(hits) == ["GENCOST01-BP01", "GENCOST01-BP02", "GENCOST01-BP03"]
    # 1.125949 + 10 / 3, 1.472803 + 10 / sqrt(12), 1.016239 + 10 / sqrt(11)
    assert [hit.score for hit in hits] == pytest.approx([4.459282, 4.359554, 4.031353], abs=1e-5)
    assert ids(notes.retrieve("harbour", limit=1).hits) == ["GENCOST01-BP01"]


def test_hit_has_all_its_chunks_best_first(base: KnowledgeBase) -> None:
    (hit,) = base.search("refunds")
    assert hit.entry.id == "GENSEC05-BP01"
    # Only the steps mention refunds; the other chunks keep their order.
    assert [chunk.id for chunk in hit.chunks] == [
        "GENSEC05-BP01.en.2.0",
        "GENSEC05-BP01.en.0.0",
        "GENSEC05-BP01.en.1.0",
        "GENSEC05-BP01.en.3.0",
    ]


def test_keyword_search_finds_every_kind_and_word_form(base: KnowledgeBase) -> None:
    assert ids(base.search("TOKENS")) == ["genai-lens/definitions", "GENCOST03-BP01"]
    assert ids(base.search("ｃａｃｈｅｓ")) == ["GENCOST03-BP01"]
    assert ids(base.search("looping")) == ["GENSEC05-BP02"]


def test_questions_are_answered_from_practices_and_risks(base: KnowledgeBase) -> None:
    assert "genai-lens/definitions" not in ids(base.retrieve("tokens").hits)
    pages = base.retrieve("tokens", only(kinds="page")).hits
    assert ids(pages) == ["genai-lens/definitions"]


def test_phrase_must_occur_in_its_order(base: KnowledgeBase) -> None:
    assert ids(base.search('"deleting records"')) == ["LLM03:2026", "GENSEC05-BP01"]
    assert ids(base.search('"narrow roles"')) == ["GENSEC05-BP01"]
    assert ids(base.search('"roles narrow"')) == []
    assert ids(base.search('"prompt caching" "stable words"')) == ["GENCOST03-BP01"]
    assert ids(base.search('"prompt caching" "narrow role"')) == []
    assert ids(base.search('"記録を消す"')) == ["GENSEC05-BP01"]
    assert ids(base.search('"cache repeated prompts" tenant')) == ["GENCOST03-BP01"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["LLM03:2026", "LLM06:2026", "GENSEC05-BP02"]),
        (only(kinds="risk"), ["LLM03:2026", "LLM06:2026"]),
        (only(kinds="best_practice"), ["GENSEC05-BP02"]),
        (only(pillars="Security"), ["GENSEC05-BP02"]),
        (only(sources="owasp-llm"), ["LLM03:2026", "LLM06:2026"]),
        (only(editions="2025"), ["LLM06:2025"]),
        (only(risk_levels="Medium"), ["GENSEC05-BP02"]),
        (only(risk_levels="High"), []),
        (only(pillars="Security", kinds="risk"), []),
    ],
)
def test_filters_apply_to_searches_and_questions(
    base: KnowledgeBase, filters: Filters, expected: list[str]
) -> None:
    assert sorted(ids(base.search("limit", filters))) == sorted(expected)
    assert sorted(ids(base.retrieve("limit", filters).hits)) == sorted(expected)


def test_filters_apply_to_named_ids(base: KnowledgeBase) -> None:
    assert ids(base.search("gensec5 bp1", only(pillars="Cost optimization"))) == []
    retrieval = base.retrieve("gensec5 bp1", only(kinds="risk"))
    assert retrieval.named == ()
    assert {hit.entry.kind for hit in retrieval.hits} <= {"risk"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("excessive extensions", ["GENSEC05", "LLM03:2026"]),
        ("excessive extensions 2025", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions in ２０２５", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions of 2025 and 2026", ["LLM06:2025", "GENSEC05", "LLM03:2026"]),
        ("excessive extensions 1999", ["GENSEC05", "LLM03:2026"]),
    ],
)
def test_risks_are_of_the_newest_edition_unless_a_year_is_named(
    base: KnowledgeBase, typed: str, expected: list[str]
) -> None:
    # GENSEC05 has no year and, being shorter, beats LLM03:2026; only LLM06:2025 has "extensions".
    assert base.editions == ("2026", "2025")
    assert ids(base.search(typed)) == expected
    answering = [entry_id for entry_id in expected if entry_id.startswith("LLM")]
    assert ids(base.retrieve(typed, only(kinds="risk")).hits)[: len(answering)] == answering


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("what is gensec5 bp2", ["GENSEC05-BP02"]),
        ("gensec 5", ["GENSEC05-BP01", "GENSEC05-BP02"]),
        ("gensec5 and gensec5 bp2", ["GENSEC05-BP01", "GENSEC05-BP02"]),
        ("GENCOST03-BP01, then llm6", ["GENCOST03-BP01", "LLM06:2026"]),
        ("llm6 2025", ["LLM06:2025"]),
        ("ＬＬＭ０６：２０２５", ["LLM06:2025"]),
    ],
)
def test_named_ids_come_first_and_are_covered(base: KnowledgeBase, typed: str, named: list[str]) -> None:
    assert ids(base.search(typed))[: len(named)] == named
    retrieval = base.retrieve(typed)
    assert retrieval.named == tuple(named)
    assert ids(retrieval.hits)[: len(named)] == named
    assert len(set(ids(retrieval.hits))) == len(retrieval.hits)
    assert (retrieval.covered, retrieval.confidence) == (True, 1.0)


def test_title_of_a_named_entry_finds_its_neighbours(base: KnowledgeBase, encoder: WordEncoder) -> None:
    # LLM06:2025 and LLM03:2026 are both called Excessive Agency.
    encoder.encoded.clear()
    assert ids(base.retrieve("LLM06:2025 or 2026").hits)[:2] == ["LLM06:2025", "LLM03:2026"]
    assert encoder.encoded == ["LLM06:2025 or 2026 Excessive Agency"]


@pytest.mark.parametrize("typed", ["GENSEC99", "gensec5 bp9", "llm9", "LLM03:2024"])
def test_unknown_id_names_no_entry(base: KnowledgeBase, typed: str) -> None:
    retrieval = base.retrieve(typed)
    assert (retrieval.named, retrieval.covered) == ((), False)
    with pytest.raises(
        NotFoundError, match=r"^(GENSEC|LLM)\S+ is not in the served build 20\d+T.*genlens list"
    ):
        base.entry(typed)


def test_japanese_question_gets_the_japanese_version_and_its_chunks(base: KnowledgeBase) -> None:
    (hit,) = base.search("記録を消す")
    assert (hit.entry.language, hit.entry.title) == ("ja", "エージェントには必要な権限だけを与える")
    assert [chunk.id for chunk in hit.chunks] == ["GENSEC05-BP01.ja.0.0", "GENSEC05-BP01.ja.1.0"]
    assert base.retrieve("記録を消す").hits[0].entry.language == "ja"


def test_entry_without_a_japanese_version_comes_in_english(base: KnowledgeBase) -> None:
    hits = base.retrieve("gensec5 とは").hits[:2]
    assert [(hit.entry.id, hit.entry.language.value) for hit in hits] == [
        ("GENSEC05-BP01", "ja"),
        ("GENSEC05-BP02", "en"),
    ]
    assert [chunk.language.value for chunk in hits[1].chunks] == ["en", "en"]


TITLES = {
    "title": ("Excessive agency", ["LLM03:2026"]),
    "other order, endings and stop words": ("the agencies that are excessive?", ["LLM03:2026"]),
    "full width": ("ＵＮＢＯＵＮＤＥＤ　consumption", ["LLM06:2026"]),
    "extra word": ("excessive agency bill", []),
    "missing word": ("agency", []),
    "title with the year of another edition": ("excessive agency 2025", []),
    "page": ("definitions", []),
    "Japanese": ("エージェントには必要な権限だけを与える", ["GENSEC05-BP01"]),
}


@pytest.mark.parametrize(("typed", "named"), TITLES.values(), ids=TITLES)
def test_terms_of_a_title_name_its_entry(base: KnowledgeBase, typed: str, named: list[str]) -> None:
    retrieval = base.retrieve(typed)
    assert retrieval.named == tuple(named)
    assert ids(retrieval.hits)[: len(named)] == named


def test_filters_apply_to_named_titles(base: KnowledgeBase) -> None:
    assert base.retrieve("excessive agency", only(editions="2025")).named == ("LLM06:2025",)
    assert base.retrieve("excessive agency", only(kinds="question")).named == ("GENSEC05",)
    assert base.retrieve("excessive agency", only(kinds="page")).named == ()
    assert ids(base.search("excessive agency"))[:2] == ["GENSEC05", "LLM03:2026"]


def test_title_does_not_match_a_phrase_in_another_order(base: KnowledgeBase) -> None:
    assert ids(base.search('"agency excessive"')) == []


@pytest.mark.parametrize("typed", ["what is it?", "これはなにですか"])
def test_stop_words_do_not_match_a_title_of_stop_words(home: Path, encoder: WordEncoder, typed: str) -> None:
    about = replace(note(1, "harbour lantern"), title="About this")
    base = KnowledgeBase(Build(home, make_build(home, encoder, (about,), SOURCES, MADE_AT).id), encoder)
    retrieval = base.retrieve(typed)
    assert (retrieval.named, retrieval.covered) == ((), False)


def test_question_is_covered_if_the_best_entries_match_enough_terms(base: KnowledgeBase) -> None:
    # idf: 2.53897 for "refund" and "quarter", both in GENSEC05-BP01; 2.59026 for "soup", in no entry.
    full = base.retrieve("refunds each quarter")
    assert (full.covered, full.confidence) == (True, pytest.approx(0.993307, abs=1e-6))
    # A matched share of 0.494997: 1 / (1 + exp(0.050003)).
    half = base.retrieve("refunds for soup")
    assert (half.covered, half.confidence) == (False, pytest.approx(0.487502, abs=1e-5))
    assert half.hits[0].entry.id == "GENSEC05-BP01"
    unmatched = base.retrieve("zzz soup")
    assert (unmatched.covered, unmatched.confidence) == (False, pytest.approx(0.006693, abs=1e-6))


def test_question_without_hits_is_not_covered_at_any_threshold(
    home: Path, base: KnowledgeBase, encoder: WordEncoder
) -> None:
    rankers = {
        features: replace(ranker, coverage=replace(ranker.coverage, threshold=0.0))
        for features, ranker in simple_rankers().items()
    }
    lax = KnowledgeBase(Build(home, base.build), encoder, rankers)
    retrieval = lax.retrieve("refunds", only(pillars="Reliability"))
    assert (retrieval.hits, retrieval.covered) == ((), False)
    assert lax.retrieve("refunds for soup").covered


@pytest.mark.parametrize("typed", ["", "?!", "a" * 20_001])
def test_invalid_question_is_refused(base: KnowledgeBase, typed: str) -> None:
    with pytest.raises(InputError):
        base.search(typed)
    with pytest.raises(InputError):
        base.retrieve(typed)
