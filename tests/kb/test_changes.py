from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clock import Clock
from support.corpus import LENS, MADE_AT, SOURCES, corpus, numbered, practice, prose, question
from support.encoder import WordEncoder

import kb.storage.builds
from kb.changes import Changes, Contents, between, compare
from kb.entries import Entry, Item, Language, Link, Marker, Origin, RiskLevel, Role, Section
from kb.errors import DamagedIndexError, NoIndexError, NotKeptError
from kb.make import make_build
from kb.storage.manifest import SourceState

SITE = tuple(replace(state, origin="site") for state in SOURCES)
CATALOGUE = tuple(replace(state, origin="catalogue") for state in SOURCES)
JAPANESE = SourceState("genai-lens", "2025-11-19", "ja", 1, MADE_AT, "site")


def contents(
    entries: Sequence[Entry] = corpus(), sources: tuple[SourceState, ...] = SITE, build: str = "a"
) -> Contents:
    return Contents(build, sources, tuple(entries))


def edited(
    entry_id: str, change: Callable[[Entry], Entry], language: Language = Language.ENGLISH
) -> tuple[Entry, ...]:
    """The corpus with one entry changed."""
    entries = [
        change(entry) if (entry.id, entry.language) == (entry_id, language) else entry for entry in corpus()
    ]
    assert tuple(entries) != corpus()
    return tuple(entries)


def with_section(entry: Entry, number: int, *texts: str) -> Entry:
    """The entry with new paragraphs in one section."""
    sections = list(entry.sections)
    sections[number] = replace(sections[number], items=tuple(Item(text) for text in texts))
    return replace(entry, sections=tuple(sections))


def as_catalogue(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same entries with all sections from the catalogue."""
    return tuple(
        replace(entry, sections=tuple(replace(s, origin=Origin.CATALOGUE) for s in entry.sections))
        for entry in entries
    )


def fields(changes: Changes) -> dict[str, tuple[str, ...]]:
    return {change.entry.id: change.fields for change in changes.changed}


def test_builds_of_the_same_entries_have_no_changes() -> None:
    changes = compare(contents(), contents(build="b"))
    assert (bool(changes), changes.added, changes.removed, changes.changed) == (False, (), (), ())
    assert (changes.old.build, changes.new.build) == ("a", "b")


def test_added_and_removed_entries_follow_source_order() -> None:
    early, late = corpus()[:6], corpus()[3:]
    changes = compare(contents(early), contents(late))
    assert changes
    assert [entry.id for entry in changes.added] == ["LLM03:2026", "LLM06:2026", "LLM06:2025"]
    assert [entry.id for entry in changes.removed] == ["GENSEC05", "GENSEC05-BP01"]
    assert changes.changed == ()


def test_removed_entry_is_shown_in_english_if_possible() -> None:
    japanese_first = (corpus()[2], corpus()[1])
    (removed,) = compare(contents(japanese_first), contents(())).removed
    (japanese,) = compare(contents(japanese_first[:1]), contents(())).removed
    assert (removed.language, japanese.language) == (Language.ENGLISH, Language.JAPANESE)


PRACTICE = "GENSEC05-BP01"
INTRODUCTION = (
    "A narrow role keeps an agent from deleting records. Broad roles invite damage that nobody asked for."
)


@pytest.mark.parametrize(
    ("entry_id", "change", "expected"),
    [
        (PRACTICE, lambda e: replace(e, risk_level=RiskLevel.LOW), ("risk_level",)),
        (PRACTICE, lambda e: with_section(e, 0, "Other."), ("introduction",)),
        (PRACTICE, lambda e: with_section(e, 2, "Write one.", "Ask."), ("steps",)),
        (PRACTICE, lambda e: replace(e, sections=e.sections[::2]), ("outcome", "resources")),
        (PRACTICE, lambda e: replace(e, url=f"{LENS}/moved.html"), ("url",)),
        (
            PRACTICE,
            lambda e: replace(e, url=f"{LENS}/moved.html", risk_level=RiskLevel.LOW),
            ("risk_level", "url"),
        ),
        ("GENSEC05", lambda e: replace(e, question="How are agents bound?"), ("question",)),
        ("GENSEC05", lambda e: replace(e, pillar="Safety"), ("pillar",)),
        ("LLM03:2026", lambda e: replace(e, title="Agency"), ("title",)),
        (
            "genai-lens/definitions",
            lambda e: replace(e, sections=(*e.sections, prose("Units ", Role.OTHER, "A token."))),
            ("Units",),
        ),
        (
            PRACTICE,
            lambda e: replace(e, sections=(*e.sections, prose("Related tools", Role.RESOURCES, "A saw."))),
            ("resources",),
        ),
    ],
)
def test_changed_fields_are_named(
    entry_id: str, change: Callable[[Entry], Entry], expected: tuple[str, ...]
) -> None:
    assert fields(compare(contents(), contents(edited(entry_id, change)))) == {entry_id: expected}


def test_diff_has_one_sentence_per_line() -> None:
    paragraphs = [INTRODUCTION.replace("nobody asked", "few asked"), "Roles are cheap."]
    changes = compare(contents(), contents(edited(PRACTICE, lambda e: with_section(e, 0, *paragraphs))))
    (text,) = changes.changed[0].texts
    assert text.diff("old", "new") == (
        "--- old\n"
        "+++ new\n"
        "@@ -1,3 +1,4 @@\n"
        " Introduction\n"
        " A narrow role keeps an agent from deleting records.\n"
        "-Broad roles invite damage that nobody asked for.\n"
        "+Broad roles invite damage that few asked for.\n"
        "+Roles are cheap."
    )


def test_new_section_has_no_old_text() -> None:
    benefits = prose("Benefits", Role.BENEFITS, "Calm.")
    changes = compare(
        contents(), contents(edited(PRACTICE, lambda e: replace(e, sections=(*e.sections, benefits))))
    )
    (text,) = changes.changed[0].texts
    assert (text.field, text.before, text.after) == ("benefits", (), ("Benefits", "Calm."))


def test_entry_has_moved_if_only_its_address_differs() -> None:
    new = edited(PRACTICE, lambda e: replace(e, url=f"{LENS}/moved.html"))
    (change,) = compare(contents(), contents(new)).changed
    assert change.moved
    assert change.texts[0].diff("old", "new").splitlines()[3:] == [
        f"-{LENS}/gensec05-bp01.html",
        f"+{LENS}/moved.html",
    ]
    renamed = tuple(replace(entry, title="Other") if entry.id == PRACTICE else entry for entry in new)
    listed, change = compare(contents(), contents(renamed)).changed
    assert (change.fields, change.moved) == (("title", "url"), False)
    assert (listed.fields, listed.moved) == (("best_practices",), False)


COSMETIC: dict[str, Callable[[Entry], Entry]] = {
    "white space": lambda e: with_section(e, 0, INTRODUCTION.replace(" ", "\u00a0\n  ")),
    "paragraphs": lambda e: with_section(e, 0, *INTRODUCTION.replace(". ", ".|").split("|")),
    "invisible characters": lambda e: with_section(e, 0, INTRODUCTION.replace("role", "ro\u200ble\u00ad")),
    "markers": lambda e: replace(
        e,
        sections=tuple(
            replace(s, items=tuple(Item(i.text, Marker.BULLET, 1) for i in s.items), anchor="x")
            for s in e.sections
        ),
    ),
    "links": lambda e: replace(
        e,
        sections=tuple(
            replace(s, links=(Link("x", "https://docs.aws.amazon.com/x?t=1"),)) for s in e.sections
        ),
    ),
    "tracking": lambda e: replace(e, url=f"{e.url}?ref=mail#top"),
    "title": lambda e: replace(e, title=f" {e.title}\u200b"),
    "facts of the catalogue": lambda e: replace(e, phases=("Scoping",), wa_tool="x"),
}


@pytest.mark.parametrize("change", COSMETIC.values(), ids=COSMETIC)
def test_cosmetic_difference_is_not_a_change(change: Callable[[Entry], Entry]) -> None:
    entries = tuple(change(entry) if entry.id == PRACTICE else entry for entry in corpus())
    assert not compare(contents(), contents(entries))
    assert not compare(contents(entries), contents())


def test_spaces_beside_japanese_characters_are_ignored() -> None:
    spaced = "権限を絞ると、AWS のエージェントが勝手に\n記録を消すことを防げます。 次に試す。"
    compact = "権限を絞ると、AWSのエージェントが勝手に記録を消すことを防げます。次に試す。"
    old, new = (
        edited(PRACTICE, lambda e, text=text: with_section(e, 0, text), Language.JAPANESE)  # type: ignore[misc]
        for text in (spaced, compact)
    )
    sources = (*SITE, JAPANESE)
    assert not compare(contents(old, sources), contents(new, sources))
    assert compare(contents(corpus(), sources), contents(new, sources))


def test_change_in_one_language_is_marked_with_the_language() -> None:
    sources = (*SITE, JAPANESE)
    new = edited(PRACTICE, lambda e: with_section(e, 1, "役割を分ける。"), Language.JAPANESE)
    (change,) = compare(contents(corpus(), sources), contents(new, sources)).changed
    assert (change.fields, change.only_in("steps")) == (("steps",), ("ja",))
    assert change.entry.language is Language.ENGLISH
    both = tuple(with_section(e, 0, "x") if e.id == PRACTICE else e for e in new)
    (change,) = compare(contents(corpus(), sources), contents(both, sources)).changed
    assert change.fields == ("introduction", "steps")
    assert (change.only_in("introduction"), change.only_in("steps")) == ((), ("ja",))
    assert [(text.field, text.language.value) for text in change.texts] == [
        ("introduction", "en"),
        ("introduction", "ja"),
        ("steps", "ja"),
    ]


def test_new_translation_is_a_change_in_its_language() -> None:
    changes = compare(contents(corpus()[:2], (*SITE, JAPANESE)), contents(corpus()[:3], (*SITE, JAPANESE)))
    (change,) = changes.changed
    assert [change.only_in(field) for field in change.fields] == [("ja",)] * 5
    assert change.fields == ("title", "risk_level", "url", "introduction", "steps")


def test_question_changes_with_its_wording_and_its_practices() -> None:
    reworded = [replace(e, question="Who?") if e.question == question().question else e for e in corpus()]
    assert fields(compare(contents(), contents(reworded))) == {"GENSEC05": ("question",)}
    added = practice(
        "GENSEC05-BP03", "Rest", RiskLevel.LOW, prose("Introduction", Role.INTRODUCTION, "Rest.")
    )
    changes = compare(contents(), contents((*corpus(), added)))
    assert [entry.id for entry in changes.added] == ["GENSEC05-BP03"]
    assert fields(changes) == {"GENSEC05": ("best_practices",)}
    renamed = edited("GENSEC05-BP02", lambda e: replace(e, title="Rest"))
    changes = compare(contents(), contents(renamed))
    assert fields(changes) == {"GENSEC05": ("best_practices",), "GENSEC05-BP02": ("title",)}
    assert changes.changed[0].texts[0].diff("a", "b").splitlines()[-2:] == [
        "-GENSEC05-BP02 Stop runaway agents",
        "+GENSEC05-BP02 Rest",
    ]


# Entries of the catalogue.


def test_catalogue_sections_of_a_site_entry_are_not_compared() -> None:
    section = replace(numbered("What to do", "Begin."), origin=Origin.CATALOGUE)
    new = edited(PRACTICE, lambda e: replace(e, sections=(*e.sections, section)))
    assert not compare(contents(), contents(new))


def test_catalogue_translation_is_not_compared() -> None:
    new = edited(PRACTICE, lambda e: with_section(replace(e, title="別"), 0, "別。"), Language.JAPANESE)
    assert not compare(contents(), contents(new))
    assert not compare(contents(), contents(corpus()[:2] + corpus()[3:]))


def test_site_and_catalogue_entries_are_compared_by_their_facts() -> None:
    other = tuple(
        with_section(replace(entry, url=f"{LENS}/other.html"), 0, "In other words.")
        for entry in as_catalogue(corpus())
    )
    old, new = contents(other, CATALOGUE), contents()
    assert (compare(old, new).changed, compare(new, old).changed) == ((), ())
    renamed = tuple(
        replace(e, title="Rest", risk_level=RiskLevel.HIGH) if e.id == "GENSEC05-BP02" else e for e in other
    )
    assert fields(compare(contents(renamed, CATALOGUE), new)) == {
        "GENSEC05": ("best_practices",),
        "GENSEC05-BP02": ("title", "risk_level"),
    }


def test_catalogue_builds_are_compared_by_their_text() -> None:
    old = contents(as_catalogue(corpus()), CATALOGUE)
    new = as_catalogue(edited(PRACTICE, lambda e: with_section(e, 0, "Other.")))
    assert fields(compare(old, contents(new, CATALOGUE))) == {PRACTICE: ("introduction",)}
    assert old.from_catalogue == CATALOGUE
    assert contents(corpus(), SOURCES).from_catalogue == SOURCES[2:]


# Kept builds.


@pytest.fixture
def builds(home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three builds, oldest first, with 9, 8 and 7 entries."""
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)
    whole = corpus()
    return [make_build(home, encoder, whole[: len(whole) - count], SITE, MADE_AT).id for count in range(3)]


def test_last_two_builds_or_named_builds_are_compared(home: Path, builds: list[str]) -> None:
    first, second, third = builds

    def compared(*named: str) -> tuple[str, str, list[str], list[str]]:
        changes = between(home, *named)
        added, removed = [e.id for e in changes.added], [e.id for e in changes.removed]
        return changes.old.build, changes.new.build, added, removed

    assert compared() == (second, third, [], ["LLM06:2026"])
    assert compared(first) == (first, third, [], ["LLM06:2026", "LLM06:2025"])
    assert compared(first, second) == (first, second, [], ["LLM06:2025"])
    assert compared(second, first) == (second, first, ["LLM06:2025"], [])


def test_unknown_build_is_refused_with_a_list_of_kept_builds(home: Path, builds: list[str]) -> None:
    message = f"^'../builds' is not a build in {home}; kept: {', '.join(builds[::-1])}$"
    for named in (("../builds",), (builds[0], "../builds")):
        with pytest.raises(NotKeptError, match=message):
            between(home, *named)


def test_single_build_cannot_be_compared(home: Path, encoder: WordEncoder) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {home}; make one with: genlens refresh$"):
        between(home)
    only = make_build(home, encoder, corpus(), SITE, MADE_AT).id
    with pytest.raises(NotKeptError, match=f"^{only} is the only build in {home}, expected two to compare$"):
        between(home)


def test_damaged_build_cannot_be_compared(home: Path, builds: list[str]) -> None:
    (home / "builds" / builds[1] / "entries.jsonl").write_bytes(b"{")
    with pytest.raises(DamagedIndexError, match=rf"{builds[1]}/entries\.jsonl is damaged"):
        between(home)


# Properties of any builds.

WORDS = st.lists(
    st.sampled_from(["Agents act.", "Limit\nroles.", "e\u0301", "役割。", "10 %"]), min_size=1, max_size=4
)
LEVELS = st.sampled_from([None, *RiskLevel])
SECTIONS = st.lists(
    st.builds(
        lambda title, role, origin, texts: Section(title, role, tuple(map(Item, texts)), origin=origin),
        st.sampled_from(["Steps", "Other", "title"]),
        st.sampled_from([Role.STEPS, Role.OTHER]),
        st.sampled_from(list(Origin)),
        WORDS,
    ),
    max_size=3,
)


@st.composite
def entry_lists(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Random entries of the corpus, in any order, with random text."""
    chosen = draw(st.lists(st.sampled_from(corpus()), unique=True))
    return tuple(
        replace(entry, title=draw(WORDS)[0], risk_level=draw(LEVELS), sections=tuple(draw(SECTIONS)))
        for entry in chosen
    )


ORIGINS = st.sampled_from([SITE, SOURCES, CATALOGUE, (*SITE, JAPANESE), ()])
ANY = st.builds(contents, entry_lists(), ORIGINS, st.sampled_from(["a", "b"]))
hypothesis = settings(deadline=None, database=None, derandomize=True)


@hypothesis
@given(ANY)
def test_build_does_not_differ_from_itself(some: Contents) -> None:
    assert not compare(some, some)


@hypothesis
@given(ANY, ANY)
def test_reversed_comparison_swaps_added_and_removed(old: Contents, new: Contents) -> None:
    forward, backward = compare(old, new), compare(new, old)
    assert forward.added == backward.removed
    assert forward.removed == backward.added
    assert {change.entry.id for change in forward.changed} == {change.entry.id for change in backward.changed}
    expected = {text for change in backward.changed for text in change.texts}
    assert {replace(t, before=t.after, after=t.before) for c in forward.changed for t in c.texts} == expected


@hypothesis
@given(ANY, ANY)
def test_ids_are_added_removed_or_changed_and_every_change_has_a_diff(old: Contents, new: Contents) -> None:
    changes = compare(old, new)
    before, after = ({entry.id for entry in side.entries} for side in (old, new))
    assert {entry.id for entry in changes.added} == after - before
    assert {entry.id for entry in changes.removed} == before - after
    assert {change.entry.id for change in changes.changed} <= before & after
    for change in changes.changed:
        assert change.fields
        for text in change.texts:
            assert text.before != text.after
            lines = text.diff("a", "b").splitlines()[2:]
            assert any(line[0] in "+-" for line in lines)


@hypothesis
@given(entry_lists(), st.sampled_from([" ", "\u00a0\n", "\u200b ", "\u3000\t"]))
def test_white_space_is_ignored(entries: tuple[Entry, ...], blank: str) -> None:
    respaced = tuple(
        replace(
            entry,
            title=f"{blank}{entry.title.replace(' ', blank)}",
            sections=tuple(
                replace(s, items=tuple(Item(i.text.replace(" ", blank) + blank) for i in s.items))
                for s in entry.sections
            ),
        )
        for entry in entries
    )
    assert not compare(contents(entries), contents(respaced))
