"""The shape of an edition, and the notes on its differences: small entries in, exact notes out."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from support.corpus import practice, prose, question, risk

from ingest.shape import Note, compare, shape_of
from kb.entries import Entry, Item, Kind, Language, Link, Marker, RiskLevel, Role, Section

LONG = "Agents act for people, and people decide what they may do."


def practices(count: int, *roles: Role, first: int = 1) -> list[Entry]:
    """Best practices with an introduction and a section of each role."""
    sections = [prose(role.value, role, LONG) for role in (Role.INTRODUCTION, *roles)]
    return [
        practice(f"GENSEC05-BP{number:02}", "Title", RiskLevel.LOW, *sections)
        for number in range(first, first + count)
    ]


def risks(count: int, *roles: Role, language: Language = Language.ENGLISH) -> list[Entry]:
    """Risks with a section of each role, titled by it."""
    sections = [prose(role.value, role, LONG) for role in roles]
    return [
        replace(risk(number + 1, "2025", "Title", *sections), language=language) for number in range(count)
    ]


def page(title: str, *sections: Section) -> Entry:
    """A plain page."""
    name = title.lower().replace(" ", "-")
    return replace(question(), id=f"lens/{name}", kind=Kind.PAGE, title=title, sections=sections)


def questions(count: int, pillar: str, first: int = 1) -> list[Entry]:
    """Questions of one pillar."""
    numbers = range(first, first + count)
    return [replace(question(), id=f"GENSEC{number:02}", pillar=pillar) for number in numbers]


def notes(now: Iterable[Entry], served: Iterable[Entry]) -> list[tuple[str, bool]]:
    """The notes on entries compared with served ones: their text, and True for a large loss."""
    return [(note.text, note.large) for note in compare(shape_of(now), shape_of(served))]


def mapped(entries: Iterable[Entry], change: Callable[[Section], Section | None], count: int) -> list[Entry]:
    """The entries, the first ones with changed sections; None drops a section."""
    changed = []
    for number, entry in enumerate(entries):
        sections = [change(section) if number < count else section for section in entry.sections]
        changed.append(replace(entry, sections=tuple(section for section in sections if section)))
    return changed


def test_equal_shapes_have_no_notes() -> None:
    entries = [*practices(4, Role.OUTCOME), *questions(3, "Security"), *risks(3, Role.STEPS)]
    assert notes(entries, entries) == []
    assert shape_of(entries) == shape_of(reversed(entries))


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.OUTCOME, "a desired outcome"),
        (Role.BENEFITS, "benefits"),
        (Role.ANTI_PATTERNS, "common anti-patterns"),
        (Role.GUIDANCE, "implementation guidance"),
        (Role.STEPS, "steps"),
        (Role.EXAMPLES, "examples"),
        (Role.RESOURCES, "resources"),
    ],
)
def test_kind_of_section_that_nothing_has_any_more_is_a_large_loss(role: Role, words: str) -> None:
    assert notes(practices(9), practices(9, role))[-1] == (
        f"no best practice has {words} any more; 9 had",
        True,
    )


@pytest.mark.parametrize(("lost", "large"), [(1, False), (2, False), (3, True), (8, True)])
def test_loss_on_a_few_pages_is_told_and_on_more_than_a_quarter_is_large(lost: int, large: bool) -> None:
    served = practices(9, Role.STEPS)
    now = mapped(served, lambda section: None if section.role is Role.STEPS else section, lost)
    text, is_large = notes(now, served)[-1]
    left = "1 best practice has" if lost == 8 else f"{9 - lost} best practices have"
    assert (text, is_large) == (f"{left} steps; 9 had", large)


def test_quarter_is_not_large() -> None:
    served = practices(12, Role.STEPS)
    now = mapped(served, lambda section: None if section.role is Role.STEPS else section, 3)
    assert notes(now, served) == [("9 best practices have steps; 12 had", False)]


def test_japanese_risks_that_lose_a_section_are_a_large_loss_and_its_new_title_is_named() -> None:
    served = risks(10, Role.INTRODUCTION, Role.STEPS, language=Language.JAPANESE)
    now = mapped(
        served, lambda s: replace(s, role=Role.OTHER, title="守り方") if s.role is Role.STEPS else s, 10
    )
    assert notes(now, served) == [
        ("many risks have sections of no known kind: 守り方", False),
        ("no risk has steps any more; 10 had", True),
    ]


def test_links_and_lists_that_are_gone_are_large_losses() -> None:
    link = Link("Page", "https://example.org/")
    served = mapped(practices(5), lambda s: replace(s, links=(link,), items=(Item(LONG, Marker.BULLET),)), 5)
    assert notes(practices(5), served) == [
        ("no best practice has links any more; 5 had", True),
        ("no best practice has a list any more; 5 had", True),
    ]


@pytest.mark.parametrize(
    ("field", "words"),
    [("risk_level", "a level of risk"), ("question", "a question"), ("pillar", "a pillar")],
)
def test_facts_that_are_gone_are_large_losses(field: str, words: str) -> None:
    now = [replace(entry, **{field: None}) for entry in practices(5)]
    assert notes(now, practices(5)) == [(f"no best practice has {words} any more; 5 had", True)]


def test_text_that_shrinks_on_many_pages_is_a_large_loss() -> None:
    served = practices(4, Role.GUIDANCE)
    now = mapped(served, lambda section: replace(section, items=(Item("More soon."),)), 3)
    assert notes(now, served) == [
        (
            "3 of 4 best practices have less than half of their text: "
            "GENSEC05-BP01, GENSEC05-BP02, GENSEC05-BP03",
            True,
        )
    ]


def test_other_ids_for_the_same_pages_are_a_large_loss() -> None:
    assert notes(practices(5, first=11), practices(5)) == [
        ("5 of 5 best practices are gone: GENSEC05-BP01, GENSEC05-BP02, GENSEC05-BP03 and 2 more", True)
    ]


def test_removed_practice_is_left_to_the_list_of_changes() -> None:
    assert notes(practices(7, Role.OUTCOME), practices(8, Role.OUTCOME)) == []


def test_twice_as_many_questions_are_told() -> None:
    assert notes(questions(8, "Security"), questions(4, "Security")) == [("8 questions; 4 before", False)]
    assert notes(questions(5, "Security"), questions(4, "Security")) == []


def test_pillar_that_vanished_is_a_large_loss() -> None:
    served = [*questions(9, "Security"), *questions(1, "Sustainability", first=20)]
    assert notes(questions(9, "Security"), served) == [
        ("the pillar 'Sustainability' is gone, with 1 question", True)
    ]


def test_renamed_pillar_is_told() -> None:
    assert notes(questions(3, "Safety"), questions(3, "Security")) == [
        ("the questions of the pillar 'Security' are now under Safety", False)
    ]


def test_losses_of_plain_pages_are_never_large() -> None:
    served = [page(f"Page {number}", prose("Introduction", Role.INTRODUCTION, LONG)) for number in range(8)]
    text, large = notes(served[:1], served)[0]
    assert (text, large) == ("7 of 8 pages are gone: lens/page-1, lens/page-2, lens/page-3 and 4 more", False)


NEW_PRACTICE = (prose("Desired outcome", Role.OUTCOME, LONG), prose("Guidance", Role.GUIDANCE, LONG))
STRANGE = {
    "roles": (page("Fair results", *NEW_PRACTICE), "1 page looks like a best practice but has no known id"),
    "title": (
        page("GENRAI01-BP02 Fair results", prose("", Role.INTRODUCTION, LONG)),
        "1 page looks like a best practice but has no known id",
    ),
    "question": (
        page("Fairness", prose("", Role.INTRODUCTION, LONG, "GENRAI01: How do you stay fair?")),
        "1 page looks like a question but has no known id",
    ),
}


@pytest.mark.parametrize(("entry", "text"), STRANGE.values(), ids=STRANGE)
def test_page_that_looks_like_another_kind_is_told(entry: Entry, text: str) -> None:
    assert compare(shape_of([entry]), None) == (Note(f"{text}: {entry.title}"),)


@pytest.mark.parametrize(
    "sections",
    [
        (prose("", Role.INTRODUCTION, "GENSEC01: How ...?", "GENSEC02: How ...?"),),
        (prose("", Role.INTRODUCTION, "AGENTOPS01: Define roles."),),
        (prose("Resources", Role.RESOURCES, LONG), prose("", Role.GUIDANCE, LONG)),
    ],
    ids=["list of questions", "no question", "one section"],
)
def test_plain_page_is_not_told(sections: tuple[Section, ...]) -> None:
    assert compare(shape_of([page("Overview", *sections)]), None) == ()


def test_many_strange_pages_are_counted() -> None:
    pages = [page(f"GENRAI01-BP{number:02} Fair", *NEW_PRACTICE) for number in range(1, 13)]
    assert compare(shape_of(pages), None) == (
        Note(
            "12 pages look like best practices but have no known id: "
            "GENRAI01-BP01 Fair, GENRAI01-BP02 Fair, GENRAI01-BP03 Fair and 9 more"
        ),
    )


@pytest.mark.parametrize(
    ("having", "text", "large"),
    [
        (0, "no best practice has a desired outcome any more; expected 8", True),
        (5, "5 best practices have a desired outcome; expected 8", True),
        (6, "6 best practices have a desired outcome; expected 8", False),
        (8, "", False),
    ],
)
def test_first_build_is_compared_with_the_source_file(having: int, text: str, large: bool) -> None:
    entries = [*practices(having, Role.OUTCOME), *practices(8 - having, first=having + 1)]
    found = compare(shape_of(entries), None, {(Kind.BEST_PRACTICE, Role.OUTCOME): 8})
    assert found == ((Note(text, large),) if text else ())


def test_slow_erosion_is_stopped_by_the_source_file() -> None:
    served = [*practices(7, Role.OUTCOME), *practices(3, first=8)]
    now = [*practices(6, Role.OUTCOME), *practices(4, first=7)]
    expected = {(Kind.BEST_PRACTICE, Role.OUTCOME): 10}
    assert compare(shape_of(now), shape_of(served)) == (
        Note("6 best practices have a desired outcome; 7 had"),
    )
    assert compare(shape_of(now), shape_of(served), expected) == (
        Note("6 best practices have a desired outcome; expected 10", large=True),
    )
