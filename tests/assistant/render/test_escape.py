import pytest
from markdown_it import MarkdownIt

from assistant.render.escape import escape, fenced, link

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil.test/a.png)",
    "[click](javascript:alert(1))",
    "http://evil.test www.evil.test a@evil.test",
    "**bold** _it_ ~~gone~~ `code` # head\n- item\n1. one\n> quote",
    "$x^2$ :red[text] :material/home: <!-- c --> &lt;b&gt; | a | b |",
    "\\[x\\](y) \\<b>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_renders_unchanged(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(escape(text.replace("\n", " ")))
    kinds = {child.type for token in tokens for child in token.children or []}
    shown = "".join(child.content for token in tokens for child in token.children or [])
    assert kinds <= {"text", "text_special"}
    assert shown == text.replace("\n", " ")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]


def test_letters_are_not_escaped() -> None:
    assert escape("Ünï 権限 ok") == "Ünï 権限 ok"


def test_only_web_addresses_are_links() -> None:
    assert link("click", "javascript:alert(1)") == "click"
    assert link("a]b", "https://a.test/)x") == "[a\\]b](https://a.test/%29x)"


@pytest.mark.parametrize(
    ("text", "fence"), [("a", "```"), ("a `b` c", "```"), ("```\n```", "````"), ("`````", "``````")]
)
def test_fence_is_longer_than_any_in_the_text(text: str, fence: str) -> None:
    assert fenced(text, "text") == f"{fence}text\n{text}\n{fence}"
