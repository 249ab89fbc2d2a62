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
    assert kinds <= {"text", "text_special", "code_inline"}
    assert shown == text.replace("\n", " ")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize(
    "text",
    [
        "Ünï 権限 ok",
        "GENSEC05-BP01 (LLM03:2026), 10:30, a + b = c; 50% of max_tokens!",
        'It says "no" - twice. C# and e.g. 2.5 GB',
    ],
)
def test_text_without_markup_is_unchanged(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- item", "\\- item"),
        ("# head", "\\# head"),
        ("12. item", "12\\. item"),
        ("a\n1) b\n=== c", "a\n1\\) b\n\\=== c"),
        ("_a_ a_b __init__", "\\_a\\_ a_b \\_\\_init\\_\\_"),
        (":red[a] :smile: a:b", "\\:red\\[a\\] \\:smile: a:b"),
    ],
)
def test_markup_is_escaped_where_it_would_be_read(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.test/a?b=1",
        "HTTPS://evil.test",
        "ftp://evil.test/x",
        "www.evil.test/path",
        "bob.smith+x@mail.evil.test",
        "mailto:bob@evil.test",
    ],
)
def test_address_is_code(address: str) -> None:
    assert escape(f"see {address}, or not") == f"see `{address}`, or not"
    assert escape(f"（{address}）") == f"（`{address}`）"


def test_only_web_addresses_are_links() -> None:
    assert link("click", "javascript:alert(1)") == "click"
    assert link("a]b", "https://a.test/)x") == "[a\\]b](https://a.test/%29x)"


@pytest.mark.parametrize(
    ("text", "fence"), [("a", "```"), ("a `b` c", "```"), ("```\n```", "````"), ("`````", "``````")]
)
def test_fence_is_longer_than_any_in_the_text(text: str, fence: str) -> None:
    assert fenced(text, "text") == f"{fence}text\n{text}\n{fence}"
