import pytest
from markdown_it import MarkdownIt

from assistant.render.sections import section_markdown
from kb.entries import Item, Link, Marker, Role, Section

BULLET, NUMBER, CODE, HEADING = Marker.BULLET, Marker.NUMBER, Marker.CODE, Marker.HEADING


def html(*items: Item, links: tuple[Link, ...] = ()) -> str:
    section = Section("Steps", Role.STEPS, items, links=links)
    return MarkdownIt().render(section_markdown(section)).replace("\n", "")


def test_steps_are_numbered_and_nested() -> None:
    assert (
        html(
            Item("First", NUMBER), Item("inner", BULLET, 1), Item("other", BULLET, 1), Item("Second", NUMBER)
        )
        == "<ol><li>First<ul><li>inner</li><li>other</li></ul></li><li>Second</li></ol>"
    )


def test_numbers_continue_after_a_paragraph() -> None:
    rendered = html(Item("First", NUMBER), Item("Meanwhile"), Item("Second", NUMBER))
    assert rendered == '<ol><li>First</li></ol><p>Meanwhile</p><ol start="2"><li>Second</li></ol>'


def test_headings_are_bold_and_code_is_fenced() -> None:
    assert html(Item("Part", HEADING), Item("a = `1`\n```\n<b>", CODE)) == (
        '<p><strong>Part</strong></p><pre><code class="language-text">a = `1````&lt;b&gt;</code></pre>'
    )


def test_linked_item_is_a_link() -> None:
    rendered = html(Item("IAM (guide)", BULLET), links=(Link("IAM (guide)", "https://a.test/x (y)"),))
    assert rendered == '<ul><li><a href="https://a.test/x%20%28y%29">IAM (guide)</a></li></ul>'


def test_hostile_text_is_escaped() -> None:
    hostile = "<img src=x> ![a](http://e.test/b.png) [c](javascript:alert(1)) :red[d] $x$ \u200b`e`"
    rendered = html(Item(hostile, BULLET), Item("    indented"))
    assert "<img" not in rendered
    assert "<a" not in rendered
    assert "<code>http://e.test/b.png</code>" in rendered
    assert "\u200b" not in rendered


SECTION = Section(
    "Steps",
    Role.STEPS,
    (Item("Write one narrow role."), Item("Review it [often].", BULLET), Item("x = 1", CODE)),
)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(10, 16)], ["Write one :primary-background[narrow] role.", "- Review it \\[often\\]."]),
        ([(0, 22)], [":primary-background[Write one narrow role.]", "- Review it \\[often\\]."]),
        ([(33, 40)], ["Write one narrow role.", "- Review it :primary-background[\\[often\\]]."]),
        (
            [(6, 29)],
            [
                "Write :primary-background[one narrow role.]",
                "- :primary-background[Review] it \\[often\\].",
            ],
        ),
        (
            [(0, 5), (33, 40)],
            [
                ":primary-background[Write] one narrow role.",
                "- Review it :primary-background[\\[often\\]].",
            ],
        ),
        ([(42, 47)], ["Write one narrow role.", "- Review it \\[often\\]."]),
        ([], ["Write one narrow role.", "- Review it \\[often\\]."]),
    ],
    ids=["word", "item", "escaped", "over two items", "two spans", "code is not marked", "no span"],
)
def test_spans_are_highlighted(spans: list[tuple[int, int]], expected: list[str]) -> None:
    assert section_markdown(SECTION, spans).split("\n\n") == [*expected, "```text\nx = 1\n```"]


def test_highlight_excludes_white_space_at_its_ends() -> None:
    section = Section("Steps", Role.STEPS, (Item("One.  Two  three."),))
    assert section_markdown(section, [(4, 11)]) == "One. :primary-background[Two] three."


def test_repeated_word_is_highlighted_only_in_its_span() -> None:
    section = Section("Steps", Role.STEPS, (Item("Ask. Then ask."), Item("Ask again.")))
    assert section_markdown(section, [(10, 13)]).split("\n\n") == [
        "Ask. Then :primary-background[ask].",
        "Ask again.",
    ]
