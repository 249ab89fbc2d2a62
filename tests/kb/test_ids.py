import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.ids import edition_of, find_ids, parse_id, question_of
from kb.text import fold

SPELLINGS = {
    "GENSEC05-BP01": "GENSEC05-BP01",
    "gensec5 bp1": "GENSEC05-BP01",
    "gensec5bp1": "GENSEC05-BP01",
    "Gen Sec 05 BP 01": "GENSEC05-BP01",
    "gen-sec-5-bp-1": "GENSEC05-BP01",
    "GENSEC05_BP01": "GENSEC05-BP01",
    "gensec05.bp01": "GENSEC05-BP01",
    "GENSEC05/BP01": "GENSEC05-BP01",
    "GENSEC05: BP1": "GENSEC05-BP01",
    "  what is (gensec5 bp1)?": "GENSEC05-BP01",
    "gensec5ーbp1": "GENSEC05-BP01",
    "GEN\u200bSEC05\u00ad-BP01": "GENSEC05-BP01",
    "ＧＥＮＳＥＣ０５－ＢＰ０１": "GENSEC05-BP01",
    "ｇｅｎｓｅｃ５ーｂｐ１": "GENSEC05-BP01",
    "ＧＥＮＳＥＣ５\u3000ＢＰ１": "GENSEC05-BP01",
    "権限はGENSEC05-BP01です": "GENSEC05-BP01",
    "GENOPS4": "GENOPS04",
    "gen cost 10": "GENCOST10",
    "gen rel 3": "GENREL03",
    "gensus01": "GENSUS01",
    "genperf 2": "GENPERF02",
    "GENPER02-BP03": "GENPERF02-BP03",
    "gensec 99": "GENSEC99",
    "AGENTSEC03-BP03": "AGENTSEC03-BP03",
    "agent sec 3 bp 3": "AGENTSEC03-BP03",
    "agentper4": "AGENTPERF04",
    "SEC01-BP01": "SEC01-BP01",
    "ops 11 bp 2": "OPS11-BP02",
    "perf1.bp3": "PERF01-BP03",
    "RAIUC01-BP02": "RAIUC01-BP02",
    "raiuc 1 bp 2": "RAIUC01-BP02",
    "raibr02": "RAIBR02",
    "LLM03:2025": "LLM03:2025",
    "llm6 2025": "LLM06:2025",
    "llm 6 (2025)": "LLM06:2025",
    "LLM06/2025": "LLM06:2025",
    "LLM06.2025": "LLM06:2025",
    "llm_06_2025": "LLM06:2025",
    "ＬＬＭ０３：２０２５": "LLM03:2025",
    "LLM03": "LLM03:2026",
    "llm-3": "LLM03:2026",
    "llm10": "LLM10:2026",
    "LLM 9?": "LLM09:2026",
    "what does llm 03 say": "LLM03:2026",
    "OWASP LLM 4 in plain words": "LLM04:2026",
    "llm06 costs 20250 a day": "LLM06:2026",
}


@pytest.mark.parametrize(("typed", "expected"), SPELLINGS.items(), ids=SPELLINGS)
def test_id_is_parsed_in_any_spelling(typed: str, expected: str) -> None:
    assert parse_id(typed, "2026") == expected


@pytest.mark.parametrize("hyphen", "-‐‑‒–—―−﹘﹣－⁻", ids=lambda hyphen: f"U+{ord(hyphen):04X}")
def test_any_hyphen_or_dash_separates_question_and_practice(hyphen: str) -> None:
    assert parse_id(f"GENSEC05{hyphen}BP01", "2026") == "GENSEC05-BP01"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "?",
        "we call the LLM 3 times",
        "the LLM 10 minutes later",
        "llm 70b",
        "LLM7b",
        "llm4all",
        "LLM 3.5",
        "LLM 2.20 release",
        "LLM3.5",
        "LLM1,000",
        "LLM5%",
        "LLM 1,000 requests",
        "LLM 5% of the time",
        "LLM11",
        "LLM0",
        "llm 123",
        "sec 5",
        "cost 2",
        "SEC05",
        "ops 24/7",
        "raise 3 tickets",
        "RAID 5 disks",
        "a rail 10 times",
        "GENSEC",
        "GENSEC005",
        "gensec 123",
        "BP01",
        "mygensec5",
        "2GENSEC5",
        "HTTPSEC01-BP01",
        "gpt4llm06",
        "generations 4",
    ],
)
def test_other_words_with_numbers_are_not_ids(typed: str) -> None:
    assert find_ids(typed, "2026") == ()


def test_several_ids_are_found_once_each_in_order() -> None:
    text = "Compare llm3 2025 with GENSEC05-BP01, GENSEC05 and gensec5 bp1 again."
    matches = [(match.id, match.start) for match in find_ids(text, "2026")]
    assert matches == [("LLM03:2025", 8), ("GENSEC05-BP01", 23), ("GENSEC05", 38)]
    assert parse_id(text, "2026") is None
    assert parse_id("LLM03:2026, that is llm 03", "2026") == "LLM03:2026"


def test_risk_id_without_a_year_gets_the_newest_edition() -> None:
    assert [match.id for match in find_ids("LLM06:2025 became LLM03", "2026")] == ["LLM06:2025", "LLM03:2026"]
    assert parse_id("LLM03", "2025") == "LLM03:2025"


def test_offsets_refer_to_the_folded_text() -> None:
    # Folded: "Straße: GENOPS4, then LLM03:2025." The sharp s would become two letters in capitals.
    matches = find_ids("Straße:\u200b ＧＥＮＯＰＳ４, then LLM03:2025.", "2026")
    assert [(match.start, match.end) for match in matches] == [(8, 15), (22, 32)]


def test_edition_and_question_come_from_the_id() -> None:
    assert edition_of("LLM03:2025") == "2025"
    assert edition_of("GENSEC05-BP01") is None
    assert question_of("GENSEC05-BP01") == "GENSEC05"
    assert question_of("GENSEC05") == "GENSEC05"
    assert question_of("LLM03:2025") == "LLM03:2025"


WORDS = [
    "GEN",
    "agent",
    "SEC",
    "perf",
    "RAI",
    "uc",
    "LLM",
    "owasp",
    "bp",
    "5",
    "01",
    "10",
    "2025",
    "０３",
    "٣",
]
MARKS = [" ", "-", "ー", "—", "_", ".", ":", "(", ")", "\u200b", "\u3000", "ß", "ŉ", "ﬁ", "İ", "権限", "\n"]
PIECES = st.sampled_from(WORDS) | st.sampled_from(MARKS)


@settings(deadline=None, database=None, derandomize=True, max_examples=400)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60))
def test_ids_in_any_text_stand_at_their_offsets(text: str) -> None:
    folded = fold(text)
    matches = find_ids(text, "2026")
    assert len({match.id for match in matches}) == len(matches)
    for match in matches:
        assert 0 <= match.start < match.end <= len(folded)
        assert parse_id(folded[match.start : match.end], "2026") == match.id
