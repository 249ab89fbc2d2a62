"""Passages that can be quoted alone: whole thoughts of sections that state something."""

import pytest
from support.hits import entry

from kb.entries import Item, Language, Marker, Role, Section
from kb.index.passages import LONGEST, SHORTEST, STATING, Passage, passage_of, quotable
from kb.knowledge_base import KnowledgeBase

ROLES = "A narrow role keeps agents safe."
AUDITS = "Auditors read the log of every run."


def texts(*items: Item, role: Role = Role.GUIDANCE, language: Language = Language.ENGLISH) -> list[str]:
    one = entry(Section("Guidance", role, items), language=language)
    return [passage.text for passage in quotable(one)]


def bullets(*lines: str, depth: int = 0) -> list[Item]:
    return [Item(line, Marker.BULLET, depth) for line in lines]


def test_passage_is_a_span_of_its_section(base: KnowledgeBase) -> None:
    role = base.entry("GENSEC05-BP01")
    passage = Passage(role, 2, 0, 37)
    assert passage.text == "Write one narrow role for each agent."
    assert passage.section is role.sections[2]
    assert passage.url == f"{role.url}#implementation-steps"
    assert passage.origin == "site"


def test_part_of_a_passage_has_offsets_of_the_section(base: KnowledgeBase) -> None:
    passage = Passage(base.entry("GENSEC05-BP01"), 0, 52, 100)
    assert passage.part(0, 11) == Passage(passage.entry, 0, 52, 63)
    assert passage.part(0, 11).text == "Broad roles"


def test_passage_contains_what_starts_inside_it(base: KnowledgeBase) -> None:
    one = base.entry("GENSEC05-BP01")
    passage = Passage(one, 0, 10, 20)
    assert passage.overlaps(Passage(one, 0, 10, 30))
    assert passage.overlaps(Passage(one, 0, 19, 20))
    assert passage.overlaps(Passage(one, 0, 9, 15))
    assert not passage.overlaps(Passage(one, 0, 20, 25))
    assert not passage.overlaps(Passage(one, 0, 5, 10))
    assert not passage.overlaps(Passage(one, 1, 10, 20))


def test_chunks_are_passages(base: KnowledgeBase) -> None:
    one = base.entry("GENSEC05-BP01")
    (hit,) = [hit for hit in base.retrieve("narrow role").hits if hit.entry.id == one.id]
    assert hit.chunks
    for chunk in hit.chunks:
        assert passage_of(one, chunk).text == one.sections[chunk.section].text[chunk.start : chunk.end]


def test_sentences_are_passages_with_offsets_into_their_section() -> None:
    links = Section("Links", Role.RESOURCES, (Item("A link that is long enough to quote."),))
    one = entry(
        links, Section("Guidance", Role.GUIDANCE, (Item(f"{ROLES} {AUDITS}"), Item(f"Again. {AUDITS}")))
    )
    assert list(quotable(one)) == [Passage(one, 1, 0, 32), Passage(one, 1, 33, 68), Passage(one, 1, 76, 111)]
    assert [passage.text for passage in quotable(one)] == [ROLES, AUDITS, AUDITS]


@pytest.mark.parametrize("role", Role)
def test_only_sections_that_state_something_are_quoted(role: Role) -> None:
    assert texts(Item(ROLES), role=role) == ([ROLES] if role in STATING else [])


def test_asks_signs_terms_and_links_state_nothing() -> None:
    silent = {Role.ASKS, Role.SIGNS, Role.IN_PLACE, Role.TERMS, Role.RESOURCES, Role.OUT_OF_SCOPE}
    assert set(Role) - set(STATING) == silent


def test_minor_heading_comes_with_the_first_sentence_below_it() -> None:
    assert texts(
        Item("1. Limit tools", Marker.HEADING), Item(f"Offer only the tools that are needed. {AUDITS}")
    ) == ["1. Limit tools\nOffer only the tools that are needed.", AUDITS]


def test_minor_heading_alone_is_not_quoted() -> None:
    heading = Item("A heading that is long enough to be quoted", Marker.HEADING)
    assert texts(heading) == []
    assert texts(heading, heading, Item(ROLES)) == [f"{heading.text}\n{ROLES}"]


def test_sentence_below_a_heading_is_quoted_alone_if_both_are_too_long() -> None:
    long = f"{'word ' * (LONGEST // 5 - 2)}end."
    assert texts(Item("A heading of some length", Marker.HEADING), Item(long)) == [long]


def test_line_that_opens_a_list_comes_with_the_list() -> None:
    assert texts(Item("Watch at all times:"), *bullets("Denied calls", "Bursts of calls"), Item(AUDITS)) == [
        "Watch at all times:\nDenied calls\nBursts of calls",
        AUDITS,
    ]


def test_line_that_opens_a_list_below_a_heading_comes_with_the_list() -> None:
    lines = ("Denied calls of each tool and user", "Bursts of calls by one agent and user")
    quoted = texts(Item("Watch", Marker.HEADING), Item("Count at all times:"), *bullets(*lines))
    assert [text.removeprefix("Watch\n") for text in quoted] == ["\n".join(["Count at all times:", *lines])]


def test_list_after_a_full_sentence_is_quoted_line_by_line() -> None:
    lines = ["Denied calls of each tool and user", "Bursts of calls by one agent and user"]
    assert texts(Item(AUDITS), *bullets(*lines)) == [AUDITS, *lines]


def test_step_and_its_sub_items_are_one_passage() -> None:
    assert texts(
        Item("Monitor the agent", Marker.NUMBER),
        *bullets("Count denied calls", "Alarm on bursts", depth=1),
        Item("Keep the logs for a whole year.", Marker.NUMBER),
        role=Role.STEPS,
    ) == ["Monitor the agent\nCount denied calls\nAlarm on bursts", "Keep the logs for a whole year."]


def test_step_of_several_sentences_is_one_passage() -> None:
    step = "Write it down. This helps the next reader."
    assert texts(Item(step, Marker.NUMBER), role=Role.STEPS) == [step]


def test_step_that_is_too_long_gives_its_sentences() -> None:
    step = f"{ROLES} {'And more of it is told. ' * 20}{AUDITS}"
    quoted = texts(Item(step, Marker.NUMBER), role=Role.STEPS)
    assert (quoted[0], quoted[-1]) == (ROLES, AUDITS)
    assert max(map(len, quoted)) <= LONGEST


def test_long_list_is_quoted_in_runs_of_whole_lines() -> None:
    lines = [f"Line {number} of the list has {'many ' * 18}words." for number in range(6)]
    quoted = texts(Item("Watch these:"), *bullets(*lines))
    assert [len(line) for line in lines] == [119] * 6
    assert quoted == [
        "\n".join(["Watch these:", *lines[:3]]),
        "\n".join(lines[3:]),
    ]


def test_code_is_not_quoted() -> None:
    code = "print('a line of code that is long enough')"
    assert texts(Item("Run it:"), Item(code, Marker.CODE), Item(ROLES)) == [ROLES]
    assert texts(Item(ROLES, Marker.NUMBER), Item(code, Marker.CODE, 1)) == [ROLES]


def test_code_below_a_heading_is_not_quoted() -> None:
    code = Item("print('a line of code that is long enough')", Marker.CODE)
    quoted = texts(Item("Run the check", Marker.HEADING), code, Item(ROLES))
    assert "print" not in "".join(quoted)
    assert quoted[-1].endswith(ROLES)


def test_row_of_a_table_is_not_quoted() -> None:
    assert texts(Item("Model | Price | A row that is long enough"), Item(ROLES)) == [ROLES]


@pytest.mark.parametrize("ending", [":", ";", "："])
def test_line_without_its_list_is_not_quoted(ending: str) -> None:
    assert texts(Item(f"It is long enough, but only opens a list{ending}")) == []
    assert texts(Item(f"Long enough, but only opens a list{ending}"), Item("x = 1", Marker.CODE)) == []


def test_passages_are_neither_very_short_nor_very_long() -> None:
    shortest = f"{'x' * (SHORTEST[Language.ENGLISH] - 1)}."
    longest = f"{'x' * (LONGEST - 1)}."
    assert texts(Item(shortest), Item(longest)) == [shortest, longest]
    assert texts(Item(shortest[1:]), Item(f"x{longest}")) == []
    assert texts(Item("権限を最小限に絞る。短い。"), language=Language.JAPANESE) == []
    assert texts(Item("ロールの権限を最小限に絞る。"), language=Language.JAPANESE) == [
        "ロールの権限を最小限に絞る。"
    ]


def test_sentence_comes_with_those_that_lean_on_it() -> None:
    run = f"{ROLES} This helps auditors too. They ask for it."
    assert texts(Item(f"{run} {AUDITS}")) == [run, AUDITS]


def test_leaning_sentence_that_makes_a_passage_too_long_is_left_out() -> None:
    long = f"This {'word ' * (LONGEST // 5)}ends."
    assert texts(Item(f"{ROLES} They ask for it. {long}")) == [f"{ROLES} They ask for it."]


@pytest.mark.parametrize(
    "opening",
    [
        "This", "that", "These", "Those", "It", "Its", "They", "Their", "He", "She", "Here", "There", "Such",
        "Also,", "However,", "Additionally,", "Therefore,", "Otherwise", "Instead,", "Moreover,", "Thus",
        "Furthermore,", "Similarly,", "Likewise,", "Both", "Hence", "The first", "The latter", "Next,",
        "Second,", "The resulting", "Without it", "Without them", "Without this", "Without these",
        "For example,", "For instance,", "For this", "In addition,", "In this", "In that", "In these",
        "In such", "In turn,", "In contrast,", "With this", "With those", "As a result,", "By doing so,",
        "Doing so", "Note", "e.g.", "i.e.", "Similar", "Then, each", "Is a", "Does not stop any, each",
        "Can be a", "Apply the same logic as any", "For hosted models, this", "When found, these",
    ],
)  # fmt: skip
def test_sentence_that_leans_on_another_is_not_quoted_alone(opening: str) -> None:
    assert texts(Item(f"{opening} case needs a narrow role for each agent.")) == []
    leaning = f"{ROLES} {opening[0].upper()}{opening[1:]} case needs a role for each agent."
    assert texts(Item(leaning)) == [leaning]


@pytest.mark.parametrize(
    "opening",
    [
        "Items",
        "Thesis",
        "Noted",
        "Without a limit",
        "In production",
        "As a team",
        "Firstborn",
        "For agents",
        "Do not forget that each",
        "Have people who",
        "Apply limits, as each",
        "When a budget ends, it",
    ],
)
def test_sentence_with_its_own_subject_is_quoted(opening: str) -> None:
    own = f"{opening} will need a narrow role for each agent."
    assert texts(Item(f"{ROLES} {own}")) == [ROLES, own]


@pytest.mark.parametrize(
    "label", ["Scenario #3: Roles of agents.", "12. Roles and rights.", "Tier 2 — Hardening (for banks)."]
)
def test_label_comes_with_the_sentence_it_names(label: str) -> None:
    assert texts(Item(f"{label} {ROLES} {AUDITS}")) == [f"{label} {ROLES}", AUDITS]
    assert texts(Item(label)) == []


def test_reference_is_not_quoted() -> None:
    assert texts(Item(f"{ROLES} (Ref. link: A guide to the roles of agents)")) == [ROLES]


def test_first_sentence_below_a_heading_may_lean_on_it() -> None:
    heading, leaning = Item("Narrow roles", Marker.HEADING), "Such as one that may read a single folder."
    assert texts(heading, Item(leaning)) == [f"{heading.text}\n{leaning}"]
    assert texts(Item(leaning)) == []


@pytest.mark.parametrize(
    "opening",
    [
        "これは", "この", "それは", "その", "また、", "さらに、", "ただし、", "しかし、", "そこで",
        "したがって、", "なお、", "ここで", "例えば、", "たとえば、", "同様に、",
    ],
)  # fmt: skip
def test_japanese_sentence_that_leans_on_another_comes_with_it(opening: str) -> None:
    leaning = f"{opening}ロールの権限を最小限に絞ります。"
    own = "エージェントの記録を残します。"
    assert texts(Item(leaning), language=Language.JAPANESE) == []
    assert texts(Item(f"{own}{leaning}"), language=Language.JAPANESE) == [f"{own}{leaning}"]


def test_japanese_sentences_and_lists_are_passages() -> None:
    roles, logs = "エージェントの権限を絞ります。", "呼び出しの記録を残します。"
    assert texts(Item(f"{roles}{logs}"), language=Language.JAPANESE) == [roles, logs]
    quoted = texts(Item("監視する項目："), *bullets("拒否", "急増"), language=Language.JAPANESE)
    assert quoted == ["監視する項目：\n拒否\n急増"]
