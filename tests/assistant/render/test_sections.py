"""Sections become Markdown that shows what they say, and nothing else."""

from markdown_it import MarkdownIt

from assistant.render.escape import link
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


def test_numbers_go_on_after_a_paragraph() -> None:
    found = html(Item("First", NUMBER), Item("Meanwhile"), Item("Second", NUMBER))
    assert found == '<ol><li>First</li></ol><p>Meanwhile</p><ol start="2"><li>Second</li></ol>'


def test_headings_are_bold_and_code_stays_code() -> None:
    assert html(Item("Part", HEADING), Item("a = `1`\n```\n<b>", CODE)) == (
        '<p><strong>Part</strong></p><pre><code class="language-text">a = `1````&lt;b&gt;</code></pre>'
    )


def test_an_item_that_is_a_link_leads_to_its_address() -> None:
    found = html(Item("IAM (guide)", BULLET), links=(Link("IAM (guide)", "https://a.test/x (y)"),))
    assert found == '<ul><li><a href="https://a.test/x%20%28y%29">IAM (guide)</a></li></ul>'


def test_hostile_text_is_text() -> None:
    hostile = "<img src=x> ![a](http://e.test/b.png) [c](javascript:alert(1)) :red[d] $x$ \u200b`e`"
    found = html(Item(hostile, BULLET), Item("    indented"))
    assert "<img" not in found
    assert "<a" not in found
    assert "<code" not in found
    assert "\u200b" not in found


def test_only_web_addresses_are_links() -> None:
    assert link("click", "javascript:alert(1)") == "click"
    assert link("a]b", "https://a.test/)x") == "[a\\]b](https://a.test/%29x)"
