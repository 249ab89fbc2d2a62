"""The outline of an answer: its opening, its blocks by part or by entry, and its notes."""

from dataclasses import replace

import pytest
from support.corpus import practice, prose
from support.restated import LOG_LINE, ROTATE, ROTATE_LINE, restated

from assistant.answers.records import Answer, EntryRef, Gap, Origin, Part, Statement
from assistant.render.labels import words_of
from assistant.render.outline import (
    NEAREST,
    Block,
    blocks,
    footnote,
    gap_line,
    is_restated,
    lines_of,
    nearest,
    notes,
    opening,
    related_line,
)
from kb.entries import Entry, Item, Language, Marker, RiskLevel, Role, Section
from kb.index.passages import Passage

WORDS = words_of("answer", Language.ENGLISH)
ROLES = practice(
    "GENSEC05-BP01", "Narrow roles", RiskLevel.HIGH, prose("Guidance", Role.GUIDANCE, "Write narrow roles.")
)
LIMITS = practice(
    "GENSEC05-BP02", "Limits", RiskLevel.LOW, prose("Guidance", Role.GUIDANCE, "Set short limits.")
)


def said(part: Part, entry: Entry = ROLES) -> Statement:
    """A statement in the words of the first section of an entry."""
    text = entry.sections[0].text
    return Statement(part, text, (Passage(entry, 0, 0, len(text)),))


def answer(*statements: Statement, language: Language = Language.ENGLISH) -> Answer:
    return Answer("Q?", language, bool(statements), 1.0, statements, (), (), "b1")


def test_opening_has_no_heading_and_is_in_no_block() -> None:
    lead, action = said(Part.LEAD), said(Part.DO)
    assert opening(answer(lead, action)) == (lead,)
    assert [block.statements for block in blocks(answer(lead, action))] == [(action,)]
    model = Statement(Part.SAID, "Said.", (), origin=Origin.MODEL)
    assert opening(answer(model, model)) == (model, model)
    assert list(blocks(answer(model, model))) == []


def test_answer_of_one_entry_has_a_block_for_each_part() -> None:
    lead, action, fact = said(Part.LEAD), said(Part.DO), said(Part.WHY)
    assert list(blocks(answer(lead, action, action, fact))) == [
        Block("What to do", (action, action)),
        Block("Good to know", (fact,)),
    ]
    japanese = answer(lead, action, fact, language=Language.JAPANESE)
    assert [block.heading for block in blocks(japanese)] == ["実施すること", "補足"]


def test_answer_of_several_entries_has_a_block_for_each_entry() -> None:
    lead, action, fact, other = said(Part.LEAD), said(Part.DO), said(Part.WHY), said(Part.DO, LIMITS)
    assert list(blocks(answer(lead, action, fact, other))) == [
        Block("Narrow roles [GENSEC05-BP01]", (action, fact)),
        Block("Limits [GENSEC05-BP02]", (other,)),
    ]
    assert [block.heading for block in blocks(answer(lead, other))] == ["Limits [GENSEC05-BP02]"]


def test_related_entries_are_the_last_block_and_do_not_count_as_entries_of_the_answer() -> None:
    related, action = said(Part.RELATED, LIMITS), said(Part.DO)
    assert list(blocks(answer(said(Part.LEAD), related, action))) == [
        Block("What to do", (action,)),
        Block("Related", (related,)),
    ]


def test_only_steps_are_numbered() -> None:
    action, fact = said(Part.DO), said(Part.WHY)
    assert Block("", (action, fact, action)).numbers == (1, 0, 2)
    assert Block("", (fact,)).numbers == (0,)


@pytest.mark.parametrize(
    ("gap", "line"),
    [
        (None, "Not covered: the lens and the OWASP list do not answer this. Nearest topics:"),
        (Gap.NOT_COVERED, "Not covered: the lens and the OWASP list do not answer this. Nearest topics:"),
        (Gap.HIDDEN, "The filters hide the answer. Without them, these would answer:"),
        (Gap.UNKNOWN_ID, "GENSEC09, LLM08:2026: not in this build. The nearest ids:"),
        (Gap.LANGUAGE, "genlens reads English and Japanese; please ask in one of them. Nearest topics:"),
        (Gap.NOTHING_NEW, "The sources say nothing on this beyond the answers above."),
    ],
)
def test_gap_is_told_in_one_line(gap: Gap | None, line: str) -> None:
    assert gap_line(replace(answer(), gap=gap, unknown=("GENSEC09", "LLM08:2026"))) == line


def test_every_gap_has_words_in_both_languages() -> None:
    for language in Language:
        assert set(Gap) <= words_of("answer", language).keys()


def test_nearest_topics_are_few_and_not_told_after_an_answer() -> None:
    hits = tuple(EntryRef(f"e{number}", "Title") for number in range(NEAREST + 3))
    assert nearest(replace(answer(), hits=hits)) == hits[:NEAREST]
    assert nearest(replace(answer(), hits=hits, gap=Gap.NOTHING_NEW)) == ()


def test_unknown_ids_are_a_note_unless_they_are_the_gap() -> None:
    unknown = replace(answer(said(Part.LEAD)), unknown=("GENSEC09", "GENSEC10"))
    assert notes(unknown) == ["GENSEC09, GENSEC10: not in this build."]
    assert notes(replace(unknown, note="No model.")) == [
        "No model.",
        "GENSEC09, GENSEC10: not in this build.",
    ]
    assert notes(replace(unknown, gap=Gap.UNKNOWN_ID)) == []
    assert notes(answer(said(Part.LEAD))) == []


def line_of_catalogue(*passages: Passage) -> Statement:
    return Statement(Part.DO, ROTATE_LINE, passages, origin=Origin.GENLENS)


def test_words_of_genlens_have_a_footnote() -> None:
    keys = restated()
    source, own = Passage(keys, 0, 0, len(ROTATE)), Passage(keys, 1, 0, len(ROTATE_LINE))
    with_source, without = line_of_catalogue(source), line_of_catalogue(own)
    assert footnote([said(Part.LEAD)], WORDS) == ""
    assert footnote([said(Part.LEAD), with_source], WORDS) == WORDS["restated"]
    assert footnote([with_source, without], WORDS) == WORDS["own_words"]


def test_reason_of_a_relation_and_other_origins_are_not_restated() -> None:
    passage = Passage(restated(), 0, 0, len(ROTATE))
    assert is_restated(line_of_catalogue(passage))
    assert not is_restated(replace(line_of_catalogue(passage), part=Part.RELATED))
    assert not is_restated(replace(line_of_catalogue(passage), origin=Origin.SOURCE))
    assert not is_restated(replace(line_of_catalogue(passage), origin=Origin.MODEL))


def test_related_line_has_the_title_and_the_reason() -> None:
    assert related_line(replace(said(Part.RELATED, LIMITS), text="It costs less.")) == (
        "Limits: It costs less."
    )


def statement_of(*items: Item, start: int = 0) -> Statement:
    entry = practice("GENSEC05-BP01", "Title", RiskLevel.HIGH, Section("Steps", Role.STEPS, items))
    text = entry.sections[0].text[start:]
    return Statement(Part.DO, text, (Passage(entry, 0, start, start + len(text)),))


def test_statement_is_shown_in_lines() -> None:
    first, one, two = Item("Monitor:", Marker.NUMBER), Item("Calls.", Marker.BULLET, 1), Item("Bursts.")
    assert lines_of(statement_of(first)) == ["Monitor:"]
    assert lines_of(statement_of(first, one, two)) == ["Monitor:", "Calls.", "Bursts."]


def test_minor_heading_stands_before_its_sentence_without_its_number() -> None:
    heading, sentence = Item("1. Limit tools", Marker.HEADING), Item("Offer only a few.")
    assert lines_of(statement_of(heading, sentence)) == ["Limit tools: Offer only a few."]
    later = statement_of(Item("Before."), heading, sentence, start=len("Before. "))
    assert lines_of(later) == ["Limit tools: Offer only a few."]
    assert lines_of(statement_of(heading, sentence, start=len("1. Limit tools "))) == ["Offer only a few."]


def test_statement_without_a_passage_is_shown_as_it_is() -> None:
    assert lines_of(Statement(Part.SAID, "One.\nTwo.", (), origin=Origin.MODEL)) == ["One.", "Two."]


def test_line_of_the_catalogue_is_not_shown_below_the_heading_it_restates() -> None:
    entry = statement_of(Item("Limit tools", Marker.HEADING), Item("Offer few.")).passages[0].entry
    restating = Statement(Part.DO, LOG_LINE, (Passage(entry, 0, 0, 22),), origin=Origin.GENLENS)
    assert lines_of(restating) == [LOG_LINE]
