"""Outlets of an answer: the rendered page, the text of the command line, and the JSON."""

import json
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from click.testing import CliRunner
from markdown_it import MarkdownIt

from assistant.cli import main
from assistant.generate import ask
from assistant.llm.budget import open_budgeted_model
from assistant.render.markdown import answer_markdown
from kb.knowledge_base import KnowledgeBase
from kb.settings import load_settings

HOSTS = {"docs.aws.amazon.com", "raw.githubusercontent.com"}
HARMLESS = {
    "paragraph_open", "paragraph_close", "inline", "ordered_list_open", "ordered_list_close",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "text", "text_special",
    "softbreak", "strong_open", "strong_close", "em_open", "em_close", "link_open", "link_close",
    "code_inline",
}  # fmt: skip


@dataclass(frozen=True)
class Outlets:
    """One answer in every outlet; `page` is the rendered text, `links` are its (text, address) pairs."""

    page: str
    kinds: frozenset[str]
    links: tuple[tuple[str, str], ...]
    text: str
    errors: str
    codes: tuple[int, int]
    json: dict[str, Any]


def outlets_of(base: KnowledgeBase, question: str) -> Outlets:
    """The answer to a question in every outlet; each outlet asks the model."""
    settings = load_settings()
    markdown = answer_markdown(ask(base, question, model=open_budgeted_model(settings)))
    page, kinds, links = _rendered(markdown)
    plain = CliRunner().invoke(main, ["ask", question])
    record = CliRunner().invoke(main, ["ask", question, "--json"])
    assert record.exception is None or isinstance(record.exception, SystemExit), record.exception
    return Outlets(
        page,
        kinds,
        links,
        plain.stdout,
        plain.stderr + record.stderr,
        (plain.exit_code, record.exit_code),
        json.loads(record.stdout),
    )


def hidden(text: str) -> list[str]:
    """The control, invisible and private characters of a text, except line breaks."""
    return [hex(ord(c)) for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs")]


def host(url: str) -> str:
    """The host of an address."""
    return urlsplit(url).hostname or ""


def _rendered(markdown: str) -> tuple[str, frozenset[str], tuple[tuple[str, str], ...]]:
    """The text, the kinds of tokens and the links of rendered Markdown."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown)
    flat = [piece for token in tokens for piece in (token, *(token.children or []))]
    text, links, address = "", [], ""
    for token in flat:
        if token.type == "link_open":
            address = str(token.attrs["href"])
        elif token.type in ("text", "text_special", "code_inline"):
            text += token.content
            if address:
                links.append((token.content, address))
        elif token.type == "link_close":
            address = ""
        elif token.type in ("softbreak", "paragraph_close"):
            text += "\n"
    return text, frozenset(token.type for token in flat), tuple(links)
