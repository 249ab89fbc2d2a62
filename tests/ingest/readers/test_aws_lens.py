"""The lens: table of contents and pages in, entries out."""

import json
import re
from dataclasses import replace

import pytest
from support.saved import FETCHED_AT, LENS, body, edited, saved, source

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page
from ingest.readers.aws_contents import Node, read_contents
from ingest.readers.aws_lens import LensPages, count_pillars
from ingest.readers.edition_pages import EditionEntries, Pages
from ingest.sources import Edition, Source
from kb.entries import Entry, Item, Kind, Language, Link, Marker, RiskLevel, Role, Section

ROOT, CONTENTS = f"{LENS}generative-ai-lens.html", f"{LENS}toc-contents.json"
PRACTICE, QUESTION = f"{LENS}gensec01-bp02.html", f"{LENS}gensec01.html"
GENSEC01_BP02 = Entry(
    id="GENSEC01-BP02",
    kind=Kind.BEST_PRACTICE,
    title="Keep model traffic on private paths",
    source="genai-lens",
    edition="2026-03-05",
    url="https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec01-bp02.html",
    language=Language.ENGLISH,
    pillar="Security",
    question="How do you know who calls your models?",
    risk_level=RiskLevel.MEDIUM,
    sections=(
        Section(
            "Introduction",
            Role.INTRODUCTION,
            (
                Item(
                    "Prompts often hold what customers typed. "
                    "Let them travel on networks of your own, from invoke to answer."
                ),
            ),
        ),
        Section("Desired outcome", Role.OUTCOME, (Item("No prompt crosses the internet."),)),
        Section(
            "Common anti-patterns",
            Role.ANTI_PATTERNS,
            (
                Item("Calling public endpoints from:", Marker.BULLET),
                Item("notebooks that nobody watches", Marker.BULLET, 1),
                Item("Trusting a firewall that is never tested.", Marker.BULLET),
            ),
        ),
        Section(
            "Benefits",
            Role.BENEFITS,
            (Item("Protect networks - Fewer doors stand open.", Marker.BULLET),),
            links=(
                Link(
                    "Protect networks",
                    "https://docs.aws.amazon.com/wellarchitected/latest/framework/sec-network.html",
                ),
            ),
        ),
        Section(
            "Implementation guidance",
            Role.GUIDANCE,
            (
                Item("Start with the list from GENSEC01-BP01: it names the networks that need a path."),
                Item(
                    "An interface endpoint gives a model an address inside a network. "
                    "東京 and Zürich work alike."
                ),
            ),
            anchor="implementation-guidance-6",
            links=(
                Link(
                    "GENSEC01-BP01",
                    "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec01-bp01.html",
                ),
                Link(
                    "interface endpoint",
                    "https://docs.aws.amazon.com/vpc/latest/privatelink/endpoints.html",
                ),
            ),
        ),
        Section(
            "Implementation steps",
            Role.STEPS,
            (
                Item("Choose the network.", Marker.NUMBER),
                Item("Prefer one without a gateway.", Marker.BULLET, 1),
                Item("Remove gateways that are left over.", Marker.BULLET, 2),
                Item("Keep its name short.", Marker.BULLET, 1),
                Item("Write the policy of the endpoint:", Marker.NUMBER),
                Item('{\n    "Action": "bedrock:InvokeModel",\n    "Effect": "Allow"\n}', Marker.CODE),
                Item("Nothing else may pass."),
                Item("Test it from outside.", Marker.NUMBER),
            ),
            anchor="implementation-steps-6",
        ),
        Section(
            "Related best practices",
            Role.RESOURCES,
            (Item("GENSEC01-BP01", Marker.BULLET),),
            links=(
                Link(
                    "GENSEC01-BP01",
                    "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec01-bp01.html",
                ),
            ),
        ),
        Section(
            "Related examples",
            Role.RESOURCES,
            (Item("A bridge between networks", Marker.BULLET),),
            links=(Link("A bridge between networks", "https://aws.amazon.com/blogs/example/"),),
        ),
    ),
)
GENOPS04 = Entry(
    id="GENOPS04",
    kind=Kind.QUESTION,
    title="Automated environments",
    source="genai-lens",
    edition="2026-03-05",
    url="https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/genops4.html",
    language=Language.ENGLISH,
    pillar="Operational excellence",
    question="How do you build the same environment twice?",
    sections=(
        Section(
            "Introduction",
            Role.INTRODUCTION,
            (Item("Look at templates, pipelines and who may approve what."),),
        ),
    ),
)


def read_edition(lens: Source, edition: Edition, pages: Pages) -> EditionEntries:
    return LensPages(lens, edition, pages).read(pages)


def read(changed: dict[str, str] | None = None) -> dict[str, Entry]:
    """Entries of the small lens by id, with some pages changed."""
    lens = source("genai-lens")
    entries = read_edition(lens, lens.editions[0], saved(changed)).entries
    assert len({entry.id for entry in entries}) == len(entries)
    return {entry.id: entry for entry in entries}


def assert_refused(changed: dict[str, str], address: str, found: str, expected: str) -> None:
    """Assert that the lens with changed pages is refused with this message."""
    message = f"{address}: found {found}, expected {expected}"
    with pytest.raises(PageShapeError, match=f"^{re.escape(message)}$"):
        read(changed)


def test_every_section_of_a_best_practice_is_read() -> None:
    assert read()["GENSEC01-BP02"] == GENSEC01_BP02


def test_question_is_read_despite_another_spelling_of_its_id() -> None:
    assert "GENOPS4:" in body(f"{LENS}genops4.html")
    assert read()["GENOPS04"] == GENOPS04


def test_entries_follow_the_table_of_contents() -> None:
    assert [(entry.id, entry.kind, entry.pillar) for entry in read().values()] == [
        ("genai-lens/generative-ai-lens", Kind.PAGE, None),
        ("genai-lens/definitions", Kind.PAGE, None),
        ("genai-lens/design-principles", Kind.PAGE, None),
        ("genai-lens/start-small-measure", Kind.PRINCIPLE, None),
        ("genai-lens/plan-the-way-back", Kind.PRINCIPLE, None),
        ("genai-lens/operational-excellence", Kind.PAGE, None),
        ("GENOPS04", Kind.QUESTION, "Operational excellence"),
        ("GENOPS04-BP01", Kind.BEST_PRACTICE, "Operational excellence"),
        ("genai-lens/security", Kind.PAGE, None),
        ("GENSEC01", Kind.QUESTION, "Security"),
        ("GENSEC01-BP01", Kind.BEST_PRACTICE, "Security"),
        ("GENSEC01-BP02", Kind.BEST_PRACTICE, "Security"),
    ]


def test_addresses_are_the_contents_and_every_page_of_the_guide() -> None:
    lens = source("genai-lens")
    assert LensPages(lens, lens.editions[0], saved()).addresses == tuple(
        LENS + name
        for name in (
            "toc-contents.json",
            "generative-ai-lens.html",
            "definitions.html",
            "design-principles.html",
            "operational-excellence.html",
            "genops4.html",
            "genops04-bp01.html",
            "security.html",
            "gensec01.html",
            "gensec01-bp01.html",
            "gensec01-bp02.html",
        )
    )


def test_pillars_are_counted_from_questions() -> None:
    entries = tuple(read().values())
    assert count_pillars(entries) == 2
    assert count_pillars(tuple(entry for entry in entries if entry.id != "GENOPS04")) == 1


def test_question_of_a_best_practice_comes_from_the_question_page() -> None:
    entries = read({QUESTION: edited(QUESTION, "How do you know who calls your models?", "Who calls?")})
    assert [entries[name].question for name in ("GENSEC01", "GENSEC01-BP01", "GENOPS04-BP01")] == [
        "Who calls?",
        "Who calls?",
        "How do you build the same environment twice?",
    ]


def test_list_of_practices_is_not_text_of_a_question() -> None:
    new = '<div class="highlights" id="inline-topiclist"><h6>Topics</h6><ul>'
    older = edited(QUESTION, new, '<div class="itemizedlist"><h6>Best practices</h6><ul>')
    assert read({QUESTION: older}) == read()
    other = older.replace("GENSEC01-BP02 Keep", "GENSEC02-BP01 Keep")
    assert read({QUESTION: other})["GENSEC01"].sections[1].text == (
        "GENSEC02-BP01 Keep model traffic on private paths"
    )


def test_section_links_to_its_heading_if_any() -> None:
    entry = read()["GENSEC01-BP01"]
    assert [entry.section_url(section).removeprefix(LENS) for section in entry.sections] == [
        "gensec01-bp01.html",
        "gensec01-bp01.html",
        "gensec01-bp01.html",
        "gensec01-bp01.html#implementation-guidance",
        "gensec01-bp01.html#implementation-steps",
        "gensec01-bp01.html",
    ]


def test_plain_page_keeps_its_sections_and_is_named_after_its_file() -> None:
    entry = read()["genai-lens/definitions"]
    assert (entry.title, entry.url) == ("Definitions", f"{LENS}definitions.html")
    assert entry.sections == (
        Section(
            "Introduction",
            Role.INTRODUCTION,
            (
                Item("Words that the other pages lean on:"),
                Item("Caller"),
                Item("A person or program that sends prompts."),
                Item("Endpoint"),
                Item("The address that a model answers on."),
            ),
        ),
        Section(
            "Units",
            Role.OTHER,
            (Item("Unit | Meaning"), Item("Token | A piece of a word")),
            anchor="units",
            links=(Link("Token", f"{LENS}definitions.html#units"),),
        ),
    )


def test_principles_are_list_items_with_a_name() -> None:
    entries = read()
    principle = entries["genai-lens/plan-the-way-back"]
    assert principle == Entry(
        id="genai-lens/plan-the-way-back",
        kind=Kind.PRINCIPLE,
        title="Plan the way back",
        source="genai-lens",
        edition="2026-03-05",
        url=f"{LENS}design-principles.html",
        language=Language.ENGLISH,
        sections=(
            Section(
                "Introduction",
                Role.INTRODUCTION,
                (Item("Every change has an undo: try it before you need it."),),
            ),
        ),
    )
    assert entries["genai-lens/start-small-measure"].title == "Start small & measure"


def test_source_without_a_page_of_principles_has_no_principles() -> None:
    lens = source("genai-lens")
    edition = lens.editions[0].model_copy(update={"principles": None})
    entries = read_edition(lens, edition, saved()).entries
    assert Kind.PRINCIPLE not in {entry.kind for entry in entries}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('content="Publication date: March 5, 2026 (Document revisions)"', 'content=""'),
        ("Publication date: <b>March 5, 2026</b>", "A date"),
    ],
    ids=["in the text", "in the head"],
)
def test_edition_is_the_publication_date_of_the_first_page(old: str, new: str) -> None:
    lens = source("genai-lens")
    result = read_edition(lens, lens.editions[0], saved({ROOT: edited(ROOT, old, new)}))
    assert result.edition == "2026-03-05"
    assert {entry.edition for entry in result.entries} == {"2026-03-05"}


def test_first_page_without_a_date_is_refused() -> None:
    text = body(ROOT).replace("Publication date:", "Written:")
    assert_refused({ROOT: text}, ROOT, "no publication date", "one, such as that of 2026-02-03")


def test_invalid_date_is_refused() -> None:
    text = body(ROOT).replace("March 5, 2026", "March 51, 2026")
    assert_refused({ROOT: text}, ROOT, "the publication date 'March 51, 2026'", "month, day and year")


@pytest.mark.parametrize(
    "marker",
    [
        "Level of risk exposed if this best practice is not established",
        "Level of risk exposed if this practice is not followed",
        "level of  risk",
    ],
)
@pytest.mark.parametrize(("typed", "level"), [("Low", RiskLevel.LOW), ("high.", RiskLevel.HIGH)])
def test_level_of_risk_is_read_with_any_wording_of_its_marker(
    marker: str, typed: str, level: RiskLevel
) -> None:
    text = re.sub(r"<b>Level of risk[^<]*</b> Medium", f"<b>{marker}:</b> {typed}", body(PRACTICE), count=1)
    entry = read({PRACTICE: text})["GENSEC01-BP02"]
    assert entry == replace(GENSEC01_BP02, risk_level=level)


def test_unknown_level_of_risk_is_refused() -> None:
    text = edited(PRACTICE, "</b> Medium", "</b> severe")
    assert_refused({PRACTICE: text}, PRACTICE, "level of risk 'Severe'", "High, Medium or Low")


@pytest.mark.parametrize("paragraph", ["", "<p><b>Level of risk:</b> </p>"], ids=["no marker", "no word"])
def test_best_practice_without_a_level_of_risk_is_refused(paragraph: str) -> None:
    text = re.sub(r"<p>\s*<b>Level of risk[^<]*</b> Medium\s*</p>", paragraph, body(PRACTICE), count=1)
    assert_refused({PRACTICE: text}, PRACTICE, "no level of risk", "High, Medium or Low")


@pytest.mark.parametrize(
    "typed",
    ["GENSEC01\u2011BP02 Keep", "gensec1-bp2 Keep", "GENSEC01-BP02\u00a0Keep"],
    ids=["another hyphen", "no zeros", "non-breaking space"],
)
def test_id_of_a_page_is_read_in_any_spelling(typed: str) -> None:
    text = edited(PRACTICE, "GENSEC01-BP02 Keep model traffic on private paths</h1>", f"{typed} it</h1>")
    assert read({PRACTICE: text})["GENSEC01-BP02"].title == "Keep it"


@pytest.mark.parametrize(
    "heading",
    ["GENSEC01-BP03 Keep traffic", "GENSEC01 Keep traffic", "Keep traffic", ""],
    ids=["another practice", "question", "no id", "empty"],
)
def test_best_practice_with_another_id_is_refused(heading: str) -> None:
    text = edited(PRACTICE, "GENSEC01-BP02 Keep model traffic on private paths</h1>", f"{heading}</h1>")
    assert_refused({PRACTICE: text}, PRACTICE, f"the h1 {heading!r}", "one that begins with GENSEC01-BP02")


def test_best_practice_without_an_introduction_is_refused() -> None:
    text = re.sub(r"<p>\s*Prompts often.*?</p>", "", body(PRACTICE), flags=re.DOTALL)
    assert_refused({PRACTICE: text}, PRACTICE, "no introduction in GENSEC01-BP02", "some text")


def test_best_practice_without_guidance_is_refused() -> None:
    text = edited(PRACTICE, ">Implementation guidance</h2>", ">Advice</h2>")
    assert_refused({PRACTICE: text}, PRACTICE, "no guidance in GENSEC01-BP02", "some text")


def test_question_without_its_table_is_refused() -> None:
    text = re.sub(r"<table.*?</table>", "", body(QUESTION), flags=re.DOTALL)
    found = "the h1 'Endpoint callers' and no question table"
    assert_refused({QUESTION: text}, QUESTION, found, "a table that begins with GENSEC01")


def test_question_with_the_table_of_another_is_refused() -> None:
    text = edited(QUESTION, "GENSEC01: How", "GENSEC02: How")
    found = "the question table 'GENSEC02: How do you know who calls your models?'"
    assert_refused({QUESTION: text}, QUESTION, found, "a table that begins with GENSEC01")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("definitions.html", "'Definitions'"),
        ("gensec01-bp02.html", "one that begins with GENSEC01-BP02"),
    ],
)
def test_first_page_in_place_of_a_vanished_page_is_refused(name: str, expected: str) -> None:
    assert_refused(
        {LENS + name: body(ROOT)}, LENS + name, "the h1 'Generative AI Lens - A small one'", expected
    )


def test_first_page_in_place_of_a_vanished_question_is_refused() -> None:
    found = "the h1 'Generative AI Lens - A small one' and no question table"
    assert_refused({QUESTION: body(ROOT)}, QUESTION, found, "a table that begins with GENSEC01")


def test_moved_page_keeps_its_address_in_the_contents() -> None:
    lens, pages = source("genai-lens"), saved()

    def moved(address: str) -> Page:
        return replace(pages(address), url=address.replace("/latest/", "/2026/"))

    entries = read_edition(lens, lens.editions[0], moved).entries
    assert [entry.url for entry in entries if entry.id == "GENSEC01-BP02"] == [PRACTICE]


def test_plain_page_may_have_another_title_in_the_contents() -> None:
    address = f"{LENS}definitions.html"
    text = edited(address, 'id="definitions">Definitions</h1>', 'id="definitions">Words</h1>')
    assert read({address: text})["genai-lens/definitions"].title == "Words"


def test_page_without_the_main_column_is_refused() -> None:
    assert_refused({PRACTICE: "<html>Try again</html>"}, PRACTICE, "no element #main-col-body", "one")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<html></html>", "JSONDecodeError: "),
        ("[]", "TypeError: "),
        ('{"pages": []}', "KeyError: 'contents'"),
        ('{"contents": 3}', "TypeError: "),
        ('{"contents": ["a"]}', "TypeError: "),
        ('{"contents": [{"href": "a.html"}]}', "KeyError: 'title'"),
        ('{"contents": [{"title": "A", "href": "a.html", "contents": "b"}]}', "TypeError: contents of 'A'"),
        ('{"contents": [{"title": "A", "href": "http://["}]}', "ValueError: "),
        ('{"contents": [{"title": "A", "href": "a\\ud800.html"}]}', "UnicodeEncodeError: "),
        ('{"contents": [{"title": {"en": "A"}, "href": "a.html"}]}', "TypeError: {'en': 'A'} is not a text"),
        ('{"contents": [{"title": "A", "href": ["a.html"]}]}', "TypeError: ['a.html'] is not a text"),
        ('{"contents": [{"title": "A", "contents": [{"title": 3}]}]}', "TypeError: 3 is not a text"),
        ('{"contents": {"title": "A"}}', "TypeError: "),
        ("[" * 100_000, "RecursionError: "),
    ],
    ids=[
        "not JSON",
        "list",
        "another key",
        "number",
        "list of text",
        "no title",
        "contents as text",
        "invalid address",
        "half a character",
        "title in languages",
        "list of addresses",
        "number as a title",
        "object instead of a list",
        "nested too deep",
    ],
)
def test_invalid_contents_are_refused(text: str, found: str) -> None:
    with pytest.raises(PageShapeError) as caught:
        read({CONTENTS: text})
    assert str(caught.value).startswith(f"{CONTENTS}: found {found}")
    assert str(caught.value).endswith(", expected a tree of titles")


def test_title_without_a_page_is_a_group() -> None:
    contents = json.loads(body(CONTENTS))
    first = contents["contents"][0]
    first["contents"] = [{"title": "Pillars", "contents": first["contents"]}]
    assert [*read({CONTENTS: json.dumps(contents)})] == [*read()]


def test_page_with_only_a_list_of_pages_is_not_an_entry() -> None:
    address = f"{LENS}definitions.html"
    text = (
        '<div id="main-col-body"><h1 id="definitions">Definitions</h1>'
        '<div class="highlights"><ul><li>Elsewhere</li></ul></div></div>'
    )
    assert "genai-lens/definitions" not in read({address: text})


def test_contents_with_invalid_utf_8_are_refused() -> None:
    page = Page(CONTENTS, b'{"contents": "\xff"}', FETCHED_AT)
    with pytest.raises(PageShapeError, match="UnicodeDecodeError"):
        list(read_contents(page, LENS))


def test_empty_contents_are_refused() -> None:
    assert_refused({CONTENTS: '{"contents": []}'}, CONTENTS, "an empty tree", "the pages of the lens")


def test_contents_of_another_guide_are_refused() -> None:
    other_guide = '{"contents": [{"title": "Glossary", "href": "https://docs.aws.amazon.com/glossary/"}]}'
    assert_refused({CONTENTS: other_guide}, CONTENTS, "an empty tree", "the pages of the lens")


@pytest.mark.parametrize("again", ["definitions.html", "./definitions.html#units"])
def test_page_listed_twice_in_the_contents_is_refused(again: str) -> None:
    text = edited(CONTENTS, '"design-principles.html"', f'"{again}"')
    assert_refused({CONTENTS: text}, CONTENTS, f"{LENS}definitions.html twice", "each page once")


def test_pages_below_an_external_link_are_read() -> None:
    page = Page(
        CONTENTS,
        json.dumps(
            {
                "contents": [
                    {
                        "title": "Elsewhere",
                        "href": "https://example.org/",
                        "contents": [{"title": "Inside\u00a0 it", "href": "inside.html#top"}],
                    }
                ]
            }
        ).encode(),
        FETCHED_AT,
    )
    assert list(read_contents(page, LENS)) == [Node("Inside it", f"{LENS}inside.html", ("Elsewhere",), ())]
