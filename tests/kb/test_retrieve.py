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
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """By keyword the words of the whole entry rank alone; for a question cosines count ten times more."""
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

    By keyword BP02 is first (three times), then BP01 and BP03 (once; the shorter first): lengths 6.2,
    11.2 and 8.2 (mean 8.5333), dampers 0.953906, 1.48125 and 1.164844. The query's weight is the rarity
    of its only term, so that 2.2 * frequency / (frequency + damper) is left of the score.
    By vector BP01 is first, then BP03, then BP02: of 9, 11 and 12 different words one is "harbour".
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


def test_a_question_is_ranked_by_keyword_and_vector_together(notes: KnowledgeBase) -> None:
    hits = notes.retrieve("harbour").hits
    assert ids(hits) == ["GENCOST01-BP01", "GENCOST01-BP02", "GENCOST01-BP03"]
    # 1.125949 + 10 / 3, 1.472803 + 10 / sqrt(12), 1.016239 + 10 / sqrt(11)
    assert [hit.score for hit in hits] == pytest.approx([4.459282, 4.359554, 4.031353], abs=1e-5)
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
        ("excessive extensions", ["GENSEC05", "LLM03:2026"]),
        ("excessive extensions 2025", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions in ２０２５", ["LLM06:2025", "GENSEC05"]),
        ("excessive extensions of 2025 and 2026", ["LLM06:2025", "GENSEC05", "LLM03:2026"]),
        ("excessive extensions 1999", ["GENSEC05", "LLM03:2026"]),
    ],
)
def test_risks_are_those_of_the_newest_edition_unless_a_year_is_named(
    base: KnowledgeBase, typed: str, expected: list[str]
) -> None:
    # GENSEC05, as excessive as LLM03 and shorter, is of no year; only LLM06 of 2025 has "extensions".
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


TITLES = {
    "a title": ("Excessive agency", ["LLM03:2026"]),
    "other order, endings and stop words": ("the agencies that are excessive?", ["LLM03:2026"]),
    "full width": ("ＵＮＢＯＵＮＤＥＤ　consumption", ["LLM06:2026"]),
    "a word more": ("excessive agency bill", []),
    "a word less": ("agency", []),
    "a title of another edition's year": ("excessive agency 2025", []),
    "a page": ("definitions", []),
    "Japanese": ("エージェントには必要な権限だけを与える", ["GENSEC05-BP01"]),
}


@pytest.mark.parametrize(("typed", "named"), TITLES.values(), ids=TITLES)
def test_the_terms_of_a_title_name_its_entry(base: KnowledgeBase, typed: str, named: list[str]) -> None:
    found = base.retrieve(typed)
    assert found.named == tuple(named)
    assert ids(found.hits)[: len(named)] == named


def test_titles_are_those_of_entries_that_the_filters_admit(base: KnowledgeBase) -> None:
    assert base.retrieve("excessive agency", only(editions="2025")).named == ("LLM06:2025",)
    assert base.retrieve("excessive agency", only(kinds="question")).named == ("GENSEC05",)
    assert base.retrieve("excessive agency", only(kinds="page")).named == ()
    assert ids(base.search("excessive agency"))[:2] == ["GENSEC05", "LLM03:2026"]


def test_a_title_does_not_stand_for_a_phrase_that_must_occur(base: KnowledgeBase) -> None:
    assert ids(base.search('"agency excessive"')) == []


@pytest.mark.parametrize("typed", ["what is it?", "これはなにですか"])
def test_a_question_without_terms_names_no_entry_without_terms(
    home: Path, encoder: WordEncoder, typed: str
) -> None:
    about = replace(note(1, "harbour lantern"), title="About this")
    base = KnowledgeBase(Build(home, make_build(home, encoder, (about,), SOURCES, MADE_AT).id), encoder)
    found = base.retrieve(typed)
    assert (found.named, found.covered) == ((), False)


def test_a_question_is_covered_where_the_best_entries_hold_enough_of_its_terms(base: KnowledgeBase) -> None:
    # Rarities of "refund" and "quarter", both in GENSEC05-BP01, 2.53897; of "soup", nowhere, 2.59026.
    whole = base.retrieve("refunds each quarter")
    assert (whole.covered, whole.confidence) == (True, pytest.approx(0.993307, abs=1e-6))
    # 0.494997 of the rarity: 1 / (1 + exp(0.050003)).
    half = base.retrieve("refunds for soup")
    assert (half.covered, half.confidence) == (False, pytest.approx(0.487502, abs=1e-5))
    assert half.hits[0].entry.id == "GENSEC05-BP01"
    none = base.retrieve("zzz soup")
    assert (none.covered, none.confidence) == (False, pytest.approx(0.006693, abs=1e-6))


def test_nothing_found_is_not_covered_however_low_the_threshold(
    home: Path, base: KnowledgeBase, encoder: WordEncoder
) -> None:
    rankers = {
        features: replace(ranker, coverage=replace(ranker.coverage, threshold=0.0))
        for features, ranker in simple_rankers().items()
    }
    lax = KnowledgeBase(Build(home, base.build), encoder, rankers)
    found = lax.retrieve("refunds", only(pillars="Reliability"))
    assert (found.hits, found.covered) == ((), False)
    assert lax.retrieve("refunds for soup").covered


@pytest.mark.parametrize("typed", ["", "?!", "a" * 4001])
def test_what_is_no_question_is_refused(base: KnowledgeBase, typed: str) -> None:
    with pytest.raises(InputError):
        base.search(typed)
    with pytest.raises(InputError):
        base.retrieve(typed)
