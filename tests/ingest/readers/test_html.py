"""HTML of a page in, titled groups of items out."""

import re

import pytest

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page
from ingest.readers.html import DEEPEST, Body, Group, read_body
from kb.entries import Item, Link, Marker

URL = "https://docs.example.org/guide/page.html"
RUN_IN = re.compile(r"(outcome|related [a-z]+)\b.*:?$", re.IGNORECASE)


def read(column: str, *, head: str = "", encoding: str = "utf-8") -> Body:
    html = f'<html><head>{head}</head><body><div id="main-col-body">{column}</div></body></html>'
    return read_body(Page(URL, html.encode(encoding), "", encoding), RUN_IN)


def items(column: str) -> list[Item]:
    """Items of a page without headings."""
    (group,) = read(f"<h1>Title</h1>{column}").groups
    return group.items


def test_page_has_a_title_a_lead_and_groups_with_headings() -> None:
    body = read(
        '<h1 class="topictitle" id="page">  A\n  title </h1><p>Lead.</p>'
        '<h2 id="part-6">Part</h2><p>One.</p><h3 id="sub">Sub part</h3><p>Two.</p><h2>Empty</h2>',
        head='<meta name="abstract" content="Published  once" />',
    )
    assert body == Body(
        title="A title",
        anchor="page",
        publication="Published once",
        header_cells=(),
        groups=(
            Group("", "", 1, items=[Item("Lead.")]),
            Group("Part", "part-6", 2, items=[Item("One.")]),
            Group("Sub part", "sub", 3, items=[Item("Two.")]),
            Group("Empty", "", 2),
        ),
    )


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<h1>Title</h1><p>Text</p>", "no element #main-col-body"),
        ('<div id="main-col-body"><p>Text</p></div>', "0 h1 elements"),
        ('<div id="main-col-body"><h1>A</h1><h1>B</h1></div>', "2 h1 elements"),
        ("", "no element #main-col-body"),
        ('{"error": "gone"}', "no element #main-col-body"),
    ],
    ids=["no column", "no title", "two titles", "empty", "not HTML"],
)
def test_page_of_another_shape_is_refused_with_its_address(html: str, reason: str) -> None:
    with pytest.raises(PageShapeError, match=re.escape(f"{URL}: found {reason}, expected one")):
        read_body(Page(URL, html.encode(), ""), RUN_IN)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<div>", "</div>"),
        ("<ul><li>", "</li></ul>"),
        ("<dl><dd>", "</dd></dl>"),
        ("<section>", "</section>"),
    ],
)
def test_page_with_elements_nested_too_deep_is_refused(opening: str, closing: str) -> None:
    assert items(f"{opening * 50}Deep.{closing * 50}")[0].text == "Deep."
    with pytest.raises(PageShapeError, match=f"elements nested more than {DEEPEST} deep"):
        items(f"{opening * 3000}Deep.{closing * 3000}")


@pytest.mark.parametrize("element", ["b", "table><tr><td"])
def test_text_nested_deep_inside_one_element_is_read(element: str) -> None:
    assert "Deep." in items(f"<p>{f'<{element}>' * 3000}Deep.")[-1].text


def test_menus_banners_and_widgets_are_dropped() -> None:
    frame = (
        "<awsdocs-language-banner>Choose a language</awsdocs-language-banner>"
        '<div class="awsdocs-page-header-container"><p>Print</p></div>'
        '<div class="highlights" id="inline-topiclist"><h6>Topics</h6><ul><li>Next</li></ul></div>'
        "<script>alert(1)</script><style>p {}</style><noscript><p>Scripts are off</p></noscript>"
        '<nav><p>Menu</p></nav><div class="mediaobject"><img alt="Drawing" src="x.png"/></div>'
        '<div class="prev-next"><p>Next</p></div><awsdocs-thumb-feedback>Good?</awsdocs-thumb-feedback>'
        "<!-- a remark -->"
    )
    assert items(f"{frame}<p>Text <awsui-icon>external</awsui-icon>here.</p>{frame}") == [Item("Text here.")]


def test_text_outside_the_main_column_is_dropped() -> None:
    column = '<div id="main-col-body"><h1>T</h1><p>In.</p></div>'
    html = f"<p>Menu</p><div>{column}<p>Out.</p><table><tr><th>X:</th></tr></table></div><h1>U</h1>"
    body = read_body(Page(URL, html.encode(), ""), RUN_IN)
    assert body == Body("T", "", "", (), (Group("", "", 1, items=[Item("In.")]),))


def test_code_keeps_its_lines_and_loses_its_copy_button() -> None:
    button = '<div class="code-btn-container"><div class="btn-copy-code" title="Copy">Copy</div></div>'
    code = "<!--DEBUG: cli ()--><code>\n<span>{</span>\n    &lt;b&gt;: 1,  \n\n\t2\n}\n</code>"
    assert items(f"<pre>{button}{code}</pre>") == [Item("{\n    <b>: 1,\n\n\t2\n}", Marker.CODE)]


def test_lists_keep_their_markers_and_depth() -> None:
    assert items(
        "<ol><li><p>First.</p><div><ul><li><p>Inner.</p><ul><li>Innermost.</li></ul></li>"
        "<li><p>Inner too.</p></li></ul></div></li><li><p>Second.</p><p>More.</p></li></ol><p>After.</p>"
    ) == [
        Item("First.", Marker.NUMBER, 0),
        Item("Inner.", Marker.BULLET, 1),
        Item("Innermost.", Marker.BULLET, 2),
        Item("Inner too.", Marker.BULLET, 1),
        Item("Second.", Marker.NUMBER, 0),
        Item("More.", Marker.PARAGRAPH, 0),
        Item("After.", Marker.PARAGRAPH, 0),
    ]


def test_text_beside_blocks_is_kept() -> None:
    assert items(
        "Loose <b>words</b>,<p>a block</p>and a tail<ul><li>one <i>entry</i><p>more</p></li></ul>"
    ) == [
        Item("Loose words,"),
        Item("a block"),
        Item("and a tail"),
        Item("one entry", Marker.BULLET),
        Item("more"),
    ]


def test_links_in_text_beside_blocks_are_kept() -> None:
    body = read(
        '<h1>T</h1>Loose <a href="a.html">A</a><p>a block</p><ul><li><a href="b.html">B</a></li></ul>'
    )
    assert body.groups[0].links == [
        Link("A", "https://docs.example.org/guide/a.html"),
        Link("B", "https://docs.example.org/guide/b.html"),
    ]


def test_table_rows_are_items_without_empty_cells() -> None:
    column = (
        "<h1>T</h1><table><thead><tr><th>Name</th><th> Use </th></tr></thead>"
        '<tr><td><a href="a.html">A</a></td><td> </td><td>B  b</td></tr><tr><td> </td></tr></table>'
    )
    body = read(column)
    assert body.header_cells == ("Name", "Use")
    assert body.groups[0].items == [Item("Name | Use"), Item("A | B b")]
    assert body.groups[0].links == [Link("A", "https://docs.example.org/guide/a.html")]


def test_terms_and_their_definitions_are_paragraphs() -> None:
    assert items("<dl><dt><b>Word</b></dt><dd><p>Meaning.</p><p>More.</p></dd></dl>") == [
        Item("Word"),
        Item("Meaning."),
        Item("More."),
    ]


def test_bold_marker_at_the_start_opens_a_group() -> None:
    body = read(
        "<h1>T</h1><p>Lead.</p><p>\n <b>Outcome\n of it:</b> Good.</p><p>And more.</p>"
        "<p><strong>Related pages</strong>: </p><ul><li>One</li></ul>"
    )
    assert body.groups == (
        Group("", "", 1, items=[Item("Lead.")]),
        Group("Outcome of it", "", 9, run_in=True, items=[Item("Good."), Item("And more.")]),
        Group("Related pages", "", 9, run_in=True, items=[Item("One", Marker.BULLET)]),
    )


@pytest.mark.parametrize(
    "paragraph",
    ["See <b>Outcome:</b> there.", "<b>Costs:</b> few.", "<i>Outcome:</i> good.", "Outcome: good."],
    ids=["later in the text", "other word", "not bold", "plain"],
)
def test_other_bold_text_opens_no_group(paragraph: str) -> None:
    assert items(f"<p>{paragraph}</p>") == [Item(re.sub("<[^>]+>", "", paragraph))]


def test_links_are_absolute_web_addresses() -> None:
    body = read(
        '<h1>T</h1><p><a href="./b.html#x">B</a> <a href="/root">Root</a> <a href="#here">Here</a> '
        '<a href="https://example.org/?q=1&amp;r=2"><span>Far\n away</span><awsui-icon></awsui-icon></a> '
        '<a href="mailto:a@example.org">Mail</a> <a href="javascript:alert(1)">Script</a> '
        '<a href="c.html"> </a><a id="mark">Mark</a> <a href="http://[::1">Broken</a></p>'
    )
    assert body.groups[0].links == [
        Link("B", "https://docs.example.org/guide/b.html#x"),
        Link("Root", "https://docs.example.org/root"),
        Link("Here", "https://docs.example.org/guide/page.html#here"),
        Link("Far away", "https://example.org/?q=1&r=2"),
    ]
    assert body.groups[0].items == [Item("B Root Here Far away Mail Script Mark Broken")]


def test_text_is_decoded_and_hidden_characters_are_dropped() -> None:
    body = read("<h1>Ключ</h1><p>Тайна.</p>", encoding="iso-8859-5")
    assert (body.title, body.groups[0].items) == ("Ключ", [Item("Тайна.")])
    assert items("<p>a\u200bb\u202ec\u00a0d\u3000Ｅ</p>") == [Item("abc d Ｅ")]
