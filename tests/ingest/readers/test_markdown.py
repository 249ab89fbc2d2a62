"""Markdown text in, headed groups of items out."""

import pytest

from ingest.errors import PageShapeError
from ingest.readers.markdown import DEEPEST, MarkdownGroup, read_groups
from kb.entries import Item, Link, Marker

URL = "https://raw.example.org/project/main/final/LLM01_Page.md"


def items(text: str) -> list[Item]:
    """Items of a text without headings."""
    (group,) = read_groups(text, URL)
    return group.items


def links(text: str) -> list[Link]:
    """Links of a text without headings."""
    (group,) = read_groups(text, URL)
    return group.links


def test_headings_split_text_into_groups() -> None:
    text = "Before.\n\n# One `two`\n\nA line\nand another.\n\nMore.\n\n#### *Deep*\n\nUnder\n-----\nLast.\n"
    assert read_groups(text, URL) == (
        MarkdownGroup("", 0, [Item("Before.")]),
        MarkdownGroup("One two", 1, [Item("A line and another."), Item("More.")]),
        MarkdownGroup("Deep", 4),
        MarkdownGroup("Under", 2, [Item("Last.")]),
    )


@pytest.mark.parametrize("text", ["", "\n \n", "<!-- only a remark -->", "---"])
def test_text_without_words_is_one_empty_group(text: str) -> None:
    assert read_groups(text, URL) == (MarkdownGroup("", 0),)


@pytest.mark.parametrize("mark", ["- ", "1. ", "> ", "- > "])
def test_text_nested_too_deep_is_refused_instead_of_dropped(mark: str) -> None:
    assert [item.text for item in items(f"{mark * 4}Deep.\n\nAfter.")] == ["Deep.", "After."]
    for depth in (DEEPEST, 3000):
        with pytest.raises(
            PageShapeError, match=f"^{URL}: found blocks nested {DEEPEST} deep, expected fewer"
        ):
            read_groups(f"{mark * depth}Deep.\n\nAfter.", URL)


def test_lists_keep_their_markers_and_depth() -> None:
    assert items(
        "1. First.\n\n   More of it.\n   * Inner.\n     - Innermost.\n   * Inner too.\n2. Second.\n\nAfter.\n"
    ) == [
        Item("First.", Marker.NUMBER, 0),
        Item("More of it.", Marker.PARAGRAPH, 0),
        Item("Inner.", Marker.BULLET, 1),
        Item("Innermost.", Marker.BULLET, 2),
        Item("Inner too.", Marker.BULLET, 1),
        Item("Second.", Marker.NUMBER, 0),
        Item("After.", Marker.PARAGRAPH, 0),
    ]


def test_code_keeps_its_lines_at_the_depth_of_its_list() -> None:
    assert items("- Run:\n\n  - it\n\n    ```sh\n    a  b\n\n      <c>\n    ```\n\n    alone\n") == [
        Item("Run:", Marker.BULLET, 0),
        Item("it", Marker.BULLET, 1),
        Item("a  b\n\n  <c>", Marker.CODE, 1),
        Item("alone", Marker.PARAGRAPH, 1),
    ]
    assert items("    indented\n      code\n") == [Item("indented\n  code", Marker.CODE)]


def test_table_rows_are_items_without_empty_cells() -> None:
    text = "| Tool | | Right |\n|---|:--:|---|\n| **mail** | | [read](r.md) |\n| | | |\n\nAfter.\n"
    assert items(text) == [Item("Tool | Right"), Item("mail | read"), Item("After.")]
    assert links(text) == [Link("read", "https://raw.example.org/project/main/final/r.md")]


def test_markup_html_and_images_are_dropped() -> None:
    text = 'A *b* **c** `d<e>`<br>f <b onclick="x">g</b>\\\nh ![alt](x.png)&amp;i\n'
    assert items(f"{text}\n<script>\nalert(1)\n</script>\n") == [Item("A b c d<e>f g h &i")]


def test_hidden_characters_are_dropped_before_parsing() -> None:
    text = "\ufeff# Ti\u200btle\r\n\r\nhid\U000e0041\u202eden\u00a0text、全角Ａ\r\n"
    assert read_groups(text, URL) == (
        MarkdownGroup("", 0),
        MarkdownGroup("Title", 1, [Item("hidden text、全角Ａ")]),
    )


def test_links_are_absolute_web_addresses() -> None:
    text = (
        "[A](../b.md#c) [D](/d) [**E** `f`](https://example.org/e?g=1) <https://example.org/auto>\n"
        "[Mail](mailto:a@example.org) [Script](javascript:alert(1)) [ ](x.md) [Empty]() ![P](p.png)\n"
        "[Named][n]\n\n[n]: <n.md> 'unseen'\n"
    )
    assert links(text) == [
        Link("A", "https://raw.example.org/project/main/b.md#c"),
        Link("D", "https://raw.example.org/d"),
        Link("E f", "https://example.org/e?g=1"),
        Link("https://example.org/auto", "https://example.org/auto"),
        Link("Named", "https://raw.example.org/project/main/final/n.md"),
    ]


def test_line_break_in_a_link_is_a_space() -> None:
    assert links("[two\nwords](a.md)") == [
        Link("two words", "https://raw.example.org/project/main/final/a.md")
    ]
