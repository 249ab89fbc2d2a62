"""The support of the catalogue's lines by their page; a line that its page does not say is never said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import MADE_AT, SOURCES, corpus, practice, prose
from support.encoder import WordEncoder
from support.hits import even
from support.rankers import simple_rankers
from support.restated import (
    LINES,
    LOG,
    LOG_LINE,
    OTHER_NUMBER,
    OTHER_SUBJECT,
    ROTATE,
    ROTATE_LINE,
    catalogue_steps,
    restated,
)

from assistant.answers.records import Answer, Origin
from assistant.generate import ask
from kb.entries import Entry, RiskLevel, Role, Section
from kb.index.passages import Passage, quotable
from kb.index.support import THRESHOLDS, WINDOW, longest_run, names, numbers, supports
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

KEYS = "How do I rotate the secret keys of agents?"


def supported(entry: Entry) -> dict[str, list[str]]:
    """Each passage of an entry, and the texts of the spans that support it."""
    passages = list(quotable(entry))
    found = supports(passages, WordEncoder().encode([passage.text for passage in passages]), even)
    return {p.text: [span.text for span in spans] for p, spans in zip(passages, found, strict=True)}


def spans_of(line: str, *page: str) -> list[str]:
    """The words of the page that support one line."""
    return supported(restated(page, (line,)))[line]


def spans_in_sections(line: str, *sections: Section) -> list[str]:
    """The words of a page of several sections that support one line."""
    entry = practice("GENSEC01-BP01", "Rotate keys", RiskLevel.HIGH, *sections, catalogue_steps(line))
    return supported(entry)[line]


def test_line_is_supported_by_the_span_it_restates() -> None:
    entry = restated()
    passages = list(quotable(entry))
    vectors = WordEncoder().encode([passage.text for passage in passages])
    rotate = Passage(entry, 0, 0, len(ROTATE))
    log = Passage(entry, 0, len(ROTATE) + 1, len(ROTATE) + 1 + len(LOG))
    assert [passage.text for passage in passages] == [ROTATE, LOG, *LINES]
    assert supports(passages, vectors, even) == ((), (), (rotate,), (log,), (), ())


def test_line_with_another_number_is_not_supported() -> None:
    assert spans_of(ROTATE_LINE, ROTATE) == [ROTATE]
    assert spans_of(OTHER_NUMBER, ROTATE) == []


def test_small_number_is_the_same_in_words() -> None:
    three = ROTATE.replace("30", "three")
    assert spans_of(ROTATE_LINE.replace("30", "3"), three) == [three]
    assert spans_of(ROTATE_LINE.replace("30", "4"), three) == []


def test_number_counts_only_in_a_passage_on_the_same_thing() -> None:
    paint = "The price list of paint has 90 pages of many colours and prices."
    assert spans_of(OTHER_NUMBER, ROTATE, paint) == []
    assert spans_of(OTHER_NUMBER, paint, ROTATE) == []
    assert spans_of(OTHER_NUMBER, ROTATE, "Rotate the secret keys of an admin each 90 days.") != []


def test_line_with_a_name_that_the_page_lacks_is_not_supported() -> None:
    line = "Rotate the secret keys of every Bedrock agent."
    named = "Rotate the secret keys of every Bedrock model."
    assert spans_of(line.replace("Bedrock ", ""), ROTATE) == [ROTATE]
    assert spans_of(line, ROTATE) == []
    assert spans_of(line, named) == [named]


def test_line_of_another_subject_is_not_supported() -> None:
    assert spans_of(OTHER_SUBJECT, ROTATE, LOG) == []


def test_line_with_a_clause_of_its_own_is_not_supported() -> None:
    more = "and paint office walls green yearly"
    assert len(more.split()) - 1 > THRESHOLDS.run
    assert spans_of(f"{ROTATE[:-1]} {more}.", ROTATE) == []


def test_line_on_the_page_of_another_entry_is_not_supported() -> None:
    assert spans_of(ROTATE_LINE, "Paint dries in the sun within a day or so.") == []


def test_line_of_an_entry_without_its_page_has_no_support() -> None:
    assert supported(restated(())) == {line: [] for line in LINES}


FIRST, SECOND = "Rotate the secret keys every month.", "Delete keys that no agent needs."
BOTH = "Rotate the secret keys every month and delete keys that no agent needs."


def test_passages_in_a_row_support_a_line_together() -> None:
    assert spans_of(BOTH, FIRST, SECOND) == [f"{FIRST}\n{SECOND}"]


def test_passages_of_two_sections_support_a_line_as_two_spans() -> None:
    second = "Delete unused tokens that no agent needs today."
    line = f"{FIRST[:-1]} and {second[0].lower()}{second[1:]}"
    guidance, benefits = prose("Guidance", Role.GUIDANCE, FIRST), prose("Benefits", Role.BENEFITS, second)
    assert sorted(spans_in_sections(line, guidance, benefits)) == [second, FIRST]
    assert spans_in_sections(line, guidance) == []


def test_few_passages_in_a_row_support_a_line() -> None:
    parts = ["cut red apples into halves", "mix old butter with flour", "heat big ovens for hours"]
    page = [f"{part.capitalize()}, please." for part in (*parts, "serve warm cakes after lunch")]
    line = f"Please {', '.join(parts)}, and serve lunch."
    assert WINDOW == 3
    assert spans_of(line, *page) == ["\n".join(page[:3]), page[3]]


def test_sentence_with_words_that_the_spans_lack_is_added() -> None:
    line = f"{ROTATE_LINE[:-1]}, and keep them in a vault."
    first, vault = f"{ROTATE} This is cheap.", "It keeps the keys of agents in a sealed vault."
    assert spans_of(line, first, "Paint dries within a day.", vault) == [first, vault]
    assert [p.text for p in quotable(restated((vault,), ()))] == []  # leans on a sentence before it
    assert spans_of(ROTATE_LINE, first, vault) == [first]  # nothing is lacking
    assert spans_of(line, first, "The bank has a vault.") == [first]  # about something else


TERMS = [
    "keys",
    "agents",
    "months",
    "owners",
    "vaults",
    "audits",
    "alarms",
    "tokens",
    "models",
    "prompts",
    "images",
    "videos",
    "tables",
    "graphs",
    "regions",
    "tenants",
    "budgets",
    "quotas",
    "labels",
    "traces",
]
MANY, FEW = int(THRESHOLDS.words * 20) + 1, int(THRESHOLDS.words * 20) - 1


@pytest.mark.parametrize(
    ("cosine", "shared", "is_supported"),
    [
        (THRESHOLDS.cosine + 0.01, MANY, True),
        (THRESHOLDS.cosine + 0.01, FEW, False),
        (THRESHOLDS.cosine - 0.01, 20, False),
        (THRESHOLDS.cosine_alone - 0.01, FEW, False),
        (THRESHOLDS.cosine_alone + 0.01, FEW, True),
        (THRESHOLDS.cosine_alone + 0.01, 0, False),
    ],
)
def test_line_needs_a_near_span_with_its_words_or_a_very_near_one(
    cosine: float, shared: int, is_supported: bool
) -> None:
    common = [TERMS[round(place * 20 / shared)] for place in range(shared)]  # evenly spread over the line
    said = f"{' '.join([*common, 'paint', 'dries'])} in the summer sun."
    passages = list(quotable(restated((said,), (f"{' '.join(TERMS)}.",))))
    assert len(passages) == 2
    vectors = np.array([[1, 0], [cosine, (1 - cosine**2) ** 0.5]], dtype=np.float32)
    assert bool(supports(passages, vectors, even)[1]) is is_supported


def test_passages_without_a_vector_support_nothing() -> None:
    passages = list(quotable(restated()))
    assert supports(passages, np.zeros((len(passages), 4), dtype=np.float32), even) == ((),) * 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Keep 30 of the 1,000 logs for 2.5 days.", {"30", "1,000", "2.5"}),
        ("Ask two people, or Ten.", {"2", "10"}),
        ("Half of a hundred, often someone.", {"hundred"}),
        ("８０ percent", {"80"}),
        ("No number, and a tent.", set()),
    ],
)
def test_numbers_of_a_text(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use Amazon Bedrock with KMS keys.", {"amazon", "bedrock", "kms"}),
        ("Keys open doors. Doors close.", set()),
        ("An LLM and an AI call an API.", set()),
        ("IAM roles", {"iam"}),
    ],
)
def test_names_of_a_text(text: str, expected: set[str]) -> None:
    assert names(text) == expected


def test_longest_run_of_terms_that_are_not_held() -> None:
    assert longest_run("abcdefg", "adeg") == 2
    assert longest_run("abc", "abc") == 0
    assert longest_run("", "abc") == 0
    assert longest_run("abc", "") == 3


def built(home: Path, entry: Entry) -> KnowledgeBase:
    manifest = make_build(home, WordEncoder(), (*corpus(), entry), SOURCES, MADE_AT)
    return KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())


def said(answer: Answer, origin: Origin) -> list[tuple[str, str]]:
    """The statements of an origin with the words of the source that support them."""
    assert answer.covered
    return sorted((s.text, s.quote) for s in answer.statements if s.origin is origin)


def test_line_that_the_page_no_longer_says_is_no_longer_said(home: Path) -> None:
    before = ask(built(home, restated()), KEYS)
    assert said(before, Origin.GENLENS) == [(LOG_LINE, LOG), (ROTATE_LINE, ROTATE)]

    changed = "Rotate the secret keys of every agent each 60 days."
    entry = restated()
    section = prose("Implementation guidance", Role.GUIDANCE, changed, LOG, anchor="guidance")
    after = ask(built(home, replace(entry, sections=(section, entry.sections[1]))), KEYS)
    assert said(after, Origin.GENLENS) == [(LOG_LINE, LOG)]
    assert (changed, changed) in said(after, Origin.SOURCE)

    gone = ask(built(home, restated((changed,))), KEYS)
    assert said(gone, Origin.GENLENS) == []
    assert said(gone, Origin.SOURCE) == [(changed, changed)]
