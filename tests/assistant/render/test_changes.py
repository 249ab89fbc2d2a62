from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from support.corpus import LENS, SOURCES, corpus, prose

from assistant.render.changes import catalogue_notes, changes_json, changes_markdown, changes_text
from kb.changes import Changes, Contents, compare
from kb.entries import Entry, Item, RiskLevel, Role, Section

SITE = tuple(replace(state, origin="site") for state in SOURCES)
PAGE = "genai-lens/definitions"


def changed(entry: Entry) -> Entry:
    """The entry in the newer build."""
    if entry.id == PAGE:
        return replace(entry, sections=(*entry.sections, prose("Units", Role.OTHER, "A token.")))
    if entry.id == "GENCOST03-BP01":
        steps = replace(entry.sections[1], items=(Item("Put the stable words last."),))
        return replace(entry, risk_level=RiskLevel.HIGH, sections=(entry.sections[0], steps))
    if entry.id == "LLM06:2026":
        return replace(entry, url="https://raw.githubusercontent.com/new (place)/LLM06.md")
    return entry


@pytest.fixture
def changes() -> Changes:
    """A changed page and practice, a moved and an added risk, a removed practice."""
    old = tuple(entry for entry in corpus() if entry.id != "LLM03:2026")
    new = tuple(changed(entry) for entry in corpus() if entry.id != "GENSEC05-BP01")
    new = tuple(e for e in new if e.id != "GENSEC05")
    old = tuple(e for e in old if e.id != "GENSEC05")
    return compare(Contents("older", SITE, old), Contents("newer", SITE, new))


def test_json_has_exactly_the_promised_keys(changes: Changes) -> None:
    assert changes_json(changes, diff=False).dump() == {
        "from": "older",
        "to": "newer",
        "added": ["LLM03:2026"],
        "removed": ["GENSEC05-BP01"],
        "changed": [
            {"id": "GENCOST03-BP01", "fields": ["risk_level", "steps"]},
            {"id": PAGE, "fields": ["Units"]},
            {"id": "LLM06:2026", "fields": ["url"]},
        ],
    }


def test_json_has_diffs_on_request(changes: Changes) -> None:
    level, steps = changes_json(changes, diff=True).dump()["changed"][0]["diff"]
    assert level == {
        "field": "risk_level",
        "language": "en",
        "text": "--- older\n+++ newer\n@@ -1 +1 @@\n-Low\n+High",
    }
    assert (steps["field"], steps["text"].splitlines()[3:]) == (
        "steps",
        [
            " Implementation steps",
            "-Put the stable words first.",
            "-Measure cache hits.",
            "+Put the stable words last.",
        ],
    )


HEAD = """\
from  older: genai-lens 2025-11-19 (en), owasp-llm 2026 (en), owasp-llm 2025 (en)
to    newer: genai-lens 2025-11-19 (en), owasp-llm 2026 (en), owasp-llm 2025 (en)

1 added, 1 removed, 2 changed, 1 moved

added
   LLM03:2026  Excessive Agency

removed
   GENSEC05-BP01  Give agents only the permissions they need

changed
   GENCOST03-BP01  Cache repeated prompts  (risk_level, steps)
"""
OLD_PLACE = "https://raw.githubusercontent.com/GenAI-Security-Project/GenAI-LLM-Top10/main/2026/LLM06_"


def test_text_has_one_line_per_entry(changes: Changes) -> None:
    assert changes_text(changes, diff=False) == HEAD + (
        f"   {PAGE}  Definitions  (Units)\n\n"
        "moved\n"
        f"   LLM06:2026  Unbounded Consumption  ({OLD_PLACE}UnboundedConsumption.md -> "
        "https://raw.githubusercontent.com/new (place)/LLM06.md)"
    )


def test_text_has_diffs_below_each_entry_on_request(changes: Changes) -> None:
    text = changes_text(changes, diff=True)
    assert text.startswith(HEAD)
    assert text.removeprefix(HEAD).splitlines()[:20] == [
        "--- older GENCOST03-BP01 risk_level (en)",
        "+++ newer GENCOST03-BP01 risk_level (en)",
        "@@ -1 +1 @@",
        "-Low",
        "+High",
        "--- older GENCOST03-BP01 steps (en)",
        "+++ newer GENCOST03-BP01 steps (en)",
        "@@ -1,3 +1,2 @@",
        " Implementation steps",
        "-Put the stable words first.",
        "-Measure cache hits.",
        "+Put the stable words last.",
        "",
        f"   {PAGE}  Definitions  (Units)",
        f"--- older {PAGE} Units (en)",
        f"+++ newer {PAGE} Units (en)",
        "@@ -0,0 +1,2 @@",
        "+Units",
        "+A token.",
        "",
    ]


def test_markdown_links_each_entry_and_fences_each_diff(changes: Changes) -> None:
    tokens = MarkdownIt().parse(changes_markdown(changes, diff=True))
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == ["Added", "Removed", "Changed", "Moved"]
    items = [tokens[i + 2] for i, token in enumerate(tokens) if token.type == "list_item_open"]
    shown = [
        "".join(c.content for c in item.children or [] if c.type in ("text", "text_special"))
        for item in items
    ]
    assert shown[:4] == [
        "LLM03:2026 Excessive Agency",
        "GENSEC05-BP01 Give agents only the permissions they need",
        "GENCOST03-BP01 Cache repeated prompts (risk_level, steps)",
        f"{PAGE} Definitions (Units)",
    ]
    links = [c.attrs["href"] for item in items for c in item.children or [] if c.type == "link_open"]
    assert links[1] == f"{LENS}/gensec05-bp01.html"
    assert links[4] == "https://raw.githubusercontent.com/new%20%28place%29/LLM06.md"
    fences = [token for token in tokens if token.type == "fence"]
    assert [fence.info for fence in fences] == ["diff"] * 4
    assert fences[0].content.splitlines()[2:] == ["@@ -1 +1 @@", "-Low", "+High"]


def test_markdown_without_diffs_has_a_list_under_each_heading(changes: Changes) -> None:
    text = changes_markdown(changes, diff=False)
    assert text.splitlines()[:3] == [
        "From older: genai-lens 2025-11-19 (en), owasp-llm 2026 (en), owasp-llm 2025 (en)",
        "to newer: genai-lens 2025-11-19 (en), owasp-llm 2026 (en), owasp-llm 2025 (en)",
        "",
    ]
    kinds = [token.type for token in MarkdownIt().parse(text)]
    assert (kinds.count("bullet_list_open"), kinds.count("list_item_open"), "fence" in kinds) == (4, 5, False)


def test_equal_builds_have_no_changes() -> None:
    same = compare(Contents("a", SITE, corpus()), Contents("b", SITE, corpus()))
    assert changes_text(same, diff=True).splitlines()[2:] == ["", "no changes"]
    assert changes_markdown(same, diff=True).splitlines()[2:] == ["", "no changes"]
    assert changes_json(same, diff=True).dump()["changed"] == []


def test_language_is_shown_if_only_one_language_differs() -> None:
    sources = (*SITE, replace(SITE[0], language="ja"))
    entries = tuple(replace(e, title="別") if e.language == "ja" else e for e in corpus())
    changes = compare(Contents("a", sources, corpus()), Contents("b", sources, entries))
    assert "   GENSEC05-BP01  Give agents only the permissions they need  (title in ja)" in changes_text(
        changes, diff=False
    )


def test_build_from_the_catalogue_has_a_note() -> None:
    changes = compare(Contents("a", SOURCES, corpus()), Contents("b", SITE, corpus()))
    notes = catalogue_notes(changes)
    assert notes == (
        "a has owasp-llm 2025 (en) from the genlens catalogue, in its own words, not from the site.",
        "If one build has an entry from the site and the other from the catalogue, only its facts are "
        "compared: title, question, pillar, best practices, level of risk. The catalogue has no plain pages.",
    )
    assert changes_text(changes, diff=False).splitlines()[2:4] == list(notes)
    assert notes[0] in changes_markdown(changes, diff=False)
    assert catalogue_notes(compare(Contents("a", SITE, ()), Contents("b", SITE, ()))) == ()


# Hostile pages.

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil.test/a.png) [y](javascript:alert(1))",
    "```\n<b>out</b>\n```",
    "````` ~~~",
    "\x1b]0;title\x07\x1b[31mred \x9b31m \u202eback\u2066",
    "# head\n- item\n> quote",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_page_is_shown_as_text(text: str) -> None:
    page = corpus()[5]
    hostile = replace(
        page,
        id=f"{page.id}{text}",
        title=text,
        url=f"{page.url}) {text}",
        sections=(Section(text, Role.OTHER, (Item(text),)),),
    )
    other = replace(hostile, title=f"{text}!", sections=(Section(text, Role.OTHER, (Item(f"{text}!"),)),))
    more = replace(page, id=f"more{text}", title=text)
    moved = replace(hostile, id="moved", url="https://docs.aws.amazon.com/")
    changes = compare(
        Contents("a", SITE, (hostile, replace(hostile, id="moved"))),
        Contents("b", SITE, (other, more, moved)),
    )
    for diff in (True, False):
        plain = changes_text(changes, diff=diff)
        assert all(c.isprintable() or c == "\n" for c in plain)
        rendered = MarkdownIt("commonmark").parse(changes_markdown(changes, diff=diff))
        inline = {child.type for token in rendered for child in token.children or []}
        assert {token.type for token in rendered} <= {
            "paragraph_open", "paragraph_close", "inline", "fence", "heading_open", "heading_close",
            "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
        }  # fmt: skip
        assert inline <= {"text", "text_special", "code_inline", "link_open", "link_close", "softbreak"}
        assert [t.tag for t in rendered if t.type == "heading_open"] == ["h2"] * 3
        hrefs = [c.attrs["href"] for t in rendered for c in t.children or [] if c.type == "link_open"]
        assert all(str(href).startswith("https://docs.aws.amazon.com/") for href in hrefs)
        assert len(hrefs) == 3
