from assistant.answers.passages import lead, reason, steps
from kb.entries import Entry, Item, Kind, Language, Marker, Role, Section
from kb.ranking.search import Hit
from kb.text import terms


def hit(*sections: Section) -> Hit:
    entry = Entry(
        "GENSEC05-BP01", Kind.BEST_PRACTICE, "Title", "genai-lens", "2025-11-19", "https://x.test/p.html",
        Language.ENGLISH, sections,
    )  # fmt: skip
    return Hit(entry, 1.0, ())


def even(_term: str) -> float:
    return 1.0


def steps_of(*items: Item) -> Hit:
    return hit(Section("Implementation steps", Role.STEPS, items))


def texts(found: Hit, question: str, count: int = 5) -> list[str]:
    return [passage.text for passage in steps(found, terms(question), even, count)]


def test_the_best_steps_are_taken_but_shown_in_page_order() -> None:
    found = steps_of(
        Item("Write down who owns each key.", Marker.NUMBER),
        Item("Paint the office walls green.", Marker.NUMBER),
        Item("Rotate each key every month.", Marker.NUMBER),
    )
    assert texts(found, "rotate the key", 2) == [
        "Write down who owns each key.",
        "Rotate each key every month.",
    ]


def test_a_step_that_only_opens_a_list_gives_way_to_its_lines() -> None:
    found = steps_of(
        Item("Monitor:", Marker.NUMBER),
        Item("Count the denied calls", Marker.BULLET, 1),
        Item("Alarm on bursts", Marker.BULLET, 1),
        Item("Keep the logs for a year.", Marker.NUMBER),
        Item("A detail of keeping logs.", Marker.BULLET, 1),
    )
    assert texts(found, "logs") == ["Count the denied calls", "Alarm on bursts", "Keep the logs for a year."]


def test_a_section_without_lists_gives_first_sentences() -> None:
    found = steps_of(
        Item("1. Limit tools", Marker.HEADING),
        Item("Offer only the tools that are needed. More text follows here."),
    )
    assert texts(found, "tools") == ["Offer only the tools that are needed."]


def test_code_is_no_step() -> None:
    found = steps_of(Item("Run the check.", Marker.NUMBER), Item("rm -rf build", Marker.CODE, 1))
    assert texts(found, "run") == ["Run the check."]


def test_guidance_stands_in_where_no_steps_are() -> None:
    found = hit(Section("Implementation guidance", Role.GUIDANCE, (Item("Prefer short roles. And so on."),)))
    assert texts(found, "roles") == ["Prefer short roles."]


def test_an_entry_without_prose_has_neither_lead_nor_reason() -> None:
    found = hit(Section("Resources", Role.RESOURCES, (Item("A link", Marker.BULLET),)))
    assert lead(found, ["link"], even) is None
    assert reason(found, ["link"], even, []) is None
    assert steps(found, ["link"], even, 3) == []


def test_the_first_sentence_leads_unless_a_later_one_matches_better() -> None:
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


def test_the_reason_never_repeats_what_was_said() -> None:
    section = Section("Introduction", Role.INTRODUCTION, (Item("The only sentence of this whole entry."),))
    found = hit(section)
    said = lead(found, [], even)
    assert said is not None
    assert reason(found, [], even, [said]) is None


def test_passages_know_their_offsets() -> None:
    found = steps_of(Item("Write it down.", Marker.NUMBER), Item("Read it aloud.", Marker.NUMBER))
    second = steps(found, terms("aloud"), even, 1)[0]
    assert (second.start, second.end) == (15, 29)
