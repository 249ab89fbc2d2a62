from support.hits import even, hit

from assistant.answers.selection import lead, reason, steps
from kb.entries import Item, Marker, Role, Section
from kb.ranking.search import Hit
from kb.text import terms


def steps_of(*items: Item) -> Hit:
    return hit(Section("Implementation steps", Role.STEPS, items))


def chosen(of: Hit, question: str, count: int = 5) -> list[str]:
    return [passage.text for passage in steps(of, terms(question), even, count)]


def test_best_steps_come_in_page_order() -> None:
    keys = steps_of(
        Item("Write down who owns each key.", Marker.NUMBER),
        Item("Paint the office walls green.", Marker.NUMBER),
        Item("Rotate each key every month.", Marker.NUMBER),
    )
    assert chosen(keys, "rotate the key", 2) == [
        "Write down who owns each key.",
        "Rotate each key every month.",
    ]


def test_step_that_opens_a_list_gives_its_lines() -> None:
    logs = steps_of(
        Item("Monitor:", Marker.NUMBER),
        Item("Count the denied calls", Marker.BULLET, 1),
        Item("Alarm on bursts", Marker.BULLET, 1),
        Item("Keep the logs for a year.", Marker.NUMBER),
        Item("A detail of keeping logs.", Marker.BULLET, 1),
    )
    assert chosen(logs, "logs") == ["Count the denied calls", "Alarm on bursts", "Keep the logs for a year."]


def test_section_without_lists_gives_first_sentences() -> None:
    tools = steps_of(
        Item("1. Limit tools", Marker.HEADING),
        Item("Offer only the tools that are needed. More text follows here."),
    )
    assert chosen(tools, "tools") == ["Offer only the tools that are needed."]


def test_code_is_not_a_step() -> None:
    commands = steps_of(Item("Run the check.", Marker.NUMBER), Item("rm -rf build", Marker.CODE, 1))
    assert chosen(commands, "run") == ["Run the check."]


def test_guidance_replaces_missing_steps() -> None:
    guidance = hit(
        Section("Implementation guidance", Role.GUIDANCE, (Item("Prefer short roles. And so on."),))
    )
    assert chosen(guidance, "roles") == ["Prefer short roles."]


def test_entry_without_prose_has_neither_lead_nor_reason() -> None:
    links = hit(Section("Resources", Role.RESOURCES, (Item("A link", Marker.BULLET),)))
    assert lead(links, ["link"], even) is None
    assert reason(links, ["link"], even, []) is None
    assert steps(links, ["link"], even, 3) == []


def test_first_sentence_leads_unless_a_later_one_matches_better() -> None:
    section = Section(
        "Introduction",
        Role.INTRODUCTION,
        (Item("Keys open doors to models and data. Rotating keys closes doors that a thief left open."),),
    )
    first = lead(hit(section), terms("keys"), even)
    later = lead(hit(section), terms("rotating keys against a thief"), even)
    assert first is not None
    assert later is not None
    assert first.text == "Keys open doors to models and data."
    assert later.text == "Rotating keys closes doors that a thief left open."


def test_reason_never_repeats_a_taken_sentence() -> None:
    section = Section("Introduction", Role.INTRODUCTION, (Item("The only sentence of this whole entry."),))
    only = hit(section)
    taken = lead(only, [], even)
    assert taken is not None
    assert reason(only, [], even, [taken]) is None


def test_steps_have_offsets_into_their_section() -> None:
    spoken = steps_of(Item("Write it down.", Marker.NUMBER), Item("Read it aloud.", Marker.NUMBER))
    second = steps(spoken, terms("aloud"), even, 1)[0]
    assert (second.section_index, second.start, second.end) == (0, 15, 29)
