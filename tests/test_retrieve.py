from collections.abc import Sequence
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, practice, prose
from support.encoder import WordEncoder

from kb.base import Hit, KnowledgeBase
from kb.entries import Entry, RiskLevel, Role
from kb.errors import InputError, NotFoundError
from kb.make import make_build
from kb.search import Filters


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.entry.id for hit in hits]


def only(**values: str) -> Filters:
    return Filters(**{name: frozenset({value}) for name, value in values.items()})


def note(number: int, text: str) -> Entry:
    return practice(f"GENCOST01-BP0{number}", "Note", RiskLevel.LOW, prose("Text", Role.INTRODUCTION, text))


@pytest.fixture
def notes(home: Path, encoder: WordEncoder) -> KnowledgeBase:
    """Three entries about a harbour.

    By keyword BP02 is first (three times), then BP01 and BP03 (once; the shorter first). By vector
    BP01 is first, then BP03, then BP02: of 9, 11 and 12 different words one is "harbour".
    """
    entries = (
        note(1, "harbour lantern"),
        note(2, "harbour harbour harbour lantern orchard meadow willow"),
        note(3, "harbour lantern orchard meadow"),
    )
    manifest = make_build(home, encoder, entries, SOURCES, MADE_AT)
    return KnowledgeBase(home, manifest.id, encoder)


def test_keyword_hits_come_best_first(notes: KnowledgeBase) -> None:
    hits = notes.search("harbour")
    assert ids(hits) == ["GENCOST01-BP02", "GENCOST01-BP01", "GENCOST01-BP03"]
    # Lengths with titles 9.4, 4.4, 6.4 (mean 6.73), idf ln(1 + 0.5 / 3.5): see test_keywords.
    assert [hit.score for hit in hits] == pytest.approx([0.19337, 0.15556, 0.13621], abs=1e-4)
    assert ids(notes.search("harbour", limit=2)) == ["GENCOST01-BP02", "GENCOST01-BP01"]


def test_keyword_and_vector_ranks_count_alike_for_a_question(notes: KnowledgeBase) -> None:
    hits = notes.retrieve("harbour").hits
    assert ids(hits) == ["GENCOST01-BP01", "GENCOST01-BP02", "GENCOST01-BP03"]
    # 1/12 + 1/11, 1/11 + 1/13, 1/13 + 1/12
    assert [hit.score for hit in hits] == pytest.approx([0.174242, 0.167832, 0.160256], abs=1e-6)
    assert ids(notes.retrieve("harbour", limit=1).hits) == ["GENCOST01-BP01"]


def test_chunks_of_a_hit_come_best_first_and_all_of_them(base: KnowledgeBase) -> None:
    (hit,) = base.search("refunds")
    assert hit.entry.id == "GENSEC05-BP01"
    # Only the steps speak of refunds; the others follow in their order.
    assert [chunk.id for chunk in hit.chunks] == [
        "GENSEC05-BP01.en.2.0",
        "GENSEC05-BP01.en.0.0",
        "GENSEC05-BP01.en.1.0",
        "GENSEC05-BP01.en.3.0",
    ]


def test_a_keyword_search_finds_every_kind_and_the_word_in_any_form(base: KnowledgeBase) -> None:
    assert ids(base.search("TOKENS")) == ["genai-lens/definitions", "GENCOST03-BP01"]
    assert ids(base.search("ｃａｃｈｅｓ")) == ["GENCOST03-BP01"]
    assert ids(base.search("looping")) == ["GENSEC05-BP02"]


def test_a_question_is_answered_from_practices_and_risks_alone(base: KnowledgeBase) -> None:
    assert "genai-lens/definitions" not in ids(base.retrieve("tokens").hits)
    pages = base.retrieve("tokens", only(kinds="page")).hits
    assert ids(pages) == ["genai-lens/definitions"]


def test_a_phrase_must_occur_as_it_stands(base: KnowledgeBase) -> None:
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
def test_filters_hold_for_searches_and_questions(
    base: KnowledgeBase, filters: Filters, expected: list[str]
) -> None:
    assert sorted(ids(base.search("limit", filters))) == sorted(expected)
    assert sorted(ids(base.retrieve("limit", filters).hits)) == sorted(expected)


def test_filters_hold_for_named_ids_too(base: KnowledgeBase) -> None:
    assert ids(base.search("gensec5 bp1", only(pillars="Cost optimization"))) == []
    found = base.retrieve("gensec5 bp1", only(kinds="risk"))
    assert found.named == ()
    assert {hit.entry.kind for hit in found.hits} <= {"risk"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("excessive extensions", ["LLM03:2026", "GENSEC05"]),
        ("excessive extensions 2025", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions in ２０２５", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions of 2025 and 2026", ["LLM06:2025", "LLM03:2026", "GENSEC05"]),
        ("excessive extensions 1999", ["LLM03:2026", "GENSEC05"]),
    ],
)
def test_risks_are_those_of_the_newest_edition_unless_a_year_is_named(
    base: KnowledgeBase, typed: str, expected: list[str]
) -> None:
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
    found = base.retrieve(typed)
    assert found.named == tuple(named)
    assert ids(found.hits)[: len(named)] == named
    assert len(set(ids(found.hits))) == len(found.hits)
    assert (found.covered, found.confidence) == (True, 1.0)


def test_a_named_entry_brings_its_neighbours_by_its_title(base: KnowledgeBase, encoder: WordEncoder) -> None:
    # LLM06 of 2025 is called Excessive Agency, as LLM03 of 2026 is.
    encoder.encoded.clear()
    assert ids(base.retrieve("LLM06:2025 or 2026").hits)[:2] == ["LLM06:2025", "LLM03:2026"]
    assert encoder.encoded == ["LLM06:2025 or 2026 Excessive Agency"]


@pytest.mark.parametrize("typed", ["GENSEC99", "gensec5 bp9", "llm9", "LLM03:2024"])
def test_an_id_that_is_not_in_the_build_names_nothing(base: KnowledgeBase, typed: str) -> None:
    found = base.retrieve(typed)
    assert (found.named, found.covered) == ((), False)
    with pytest.raises(
        NotFoundError, match=r"^(GENSEC|LLM)\S+ is not in the served build 20\d+T.*genlens list"
    ):
        base.entry(typed)


def test_a_japanese_question_gets_the_japanese_version_and_its_chunks(base: KnowledgeBase) -> None:
    (hit,) = base.search("記録を消す")
    assert (hit.entry.language, hit.entry.title) == ("ja", "エージェントには必要な権限だけを与える")
    assert [chunk.id for chunk in hit.chunks] == ["GENSEC05-BP01.ja.0.0", "GENSEC05-BP01.ja.1.0"]
    assert base.retrieve("記録を消す").hits[0].entry.language == "ja"


def test_an_entry_without_a_japanese_version_comes_in_english(base: KnowledgeBase) -> None:
    hits = base.retrieve("gensec5 とは").hits[:2]
    assert [(hit.entry.id, hit.entry.language.value) for hit in hits] == [
        ("GENSEC05-BP01", "ja"),
        ("GENSEC05-BP02", "en"),
    ]
    assert [chunk.language.value for chunk in hits[1].chunks] == ["en", "en"]


def test_a_question_in_the_words_of_an_entry_is_covered(base: KnowledgeBase) -> None:
    found = base.retrieve("Do agents with too many permissions do harm by deleting records?")
    assert found.hits[0].entry.id == "LLM03:2026"
    assert found.covered
    assert 0.57 < found.confidence < 1


@pytest.mark.parametrize("typed", ["Which soup goes with bread?", "パンに合うスープは？", "zzz"])
def test_a_question_about_something_else_is_not_covered(base: KnowledgeBase, typed: str) -> None:
    found = base.retrieve(typed)
    assert not found.covered
    assert found.confidence < 0.05


@pytest.mark.parametrize("typed", ["", "?!", "a" * 4001])
def test_what_is_no_question_is_refused(base: KnowledgeBase, typed: str) -> None:
    with pytest.raises(InputError):
        base.search(typed)
    with pytest.raises(InputError):
        base.retrieve(typed)
