"""The table of contents of an AWS guide, `toc-contents.json`, as its pages in order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page
from kb.ids import find_ids, parse_id
from kb.text import squeeze


@dataclass(frozen=True, slots=True)
class Node:
    """A page of the guide, with the titles above it and the ids of the best practices directly below.

    Only a question has best practices below.
    """

    title: str
    url: str
    above: tuple[str, ...]
    practice_ids: tuple[str, ...]

    @property
    def id(self) -> str | None:
        """The id at the start of the title, or None."""
        return parse_id(self.title.split(" ", 1)[0], "")


def read_contents(contents: Page, start: str) -> tuple[Node, ...]:
    """The pages of a table of contents, each before the pages below it; at least one.

    Only addresses below `start` count: other links lead out of the guide.

    :raises PageShapeError: it is not JSON of the known form, or a page is in it twice.
    """
    try:
        roots = json.loads(contents.body)["contents"]
        nodes = [node for root in roots for node in _nodes(root, start, ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PageShapeError(contents.url, f"{type(error).__name__}: {error}", "a tree of titles") from error
    if not nodes:
        raise PageShapeError(contents.url, "an empty tree", "the pages of the lens")
    seen: set[str] = set()
    for node in nodes:
        if node.url in seen:
            raise PageShapeError(contents.url, f"{node.url} twice", "each page once")
        seen.add(node.url)
    return tuple(nodes)


def _nodes(record: dict[str, object], start: str, above: tuple[str, ...]) -> Iterator[Node]:
    title, href = squeeze(_text(record["title"])), _text(record.get("href") or "")
    below = record.get("contents") or []
    if not isinstance(below, list):
        raise TypeError(f"contents of {title!r} is not a list")
    practices = [
        match.id for child in below for match in find_ids(_text(child["title"]).split(" ", 1)[0], "")
    ]
    url = urljoin(start, href).partition("#")[0]
    url.encode()  # JSON may have half a character, which cannot be requested: a ValueError
    # A title without a page only groups others.
    if url.startswith(start) and url != start:
        yield Node(title, url, above, tuple(practices))
    for child in below:
        yield from _nodes(child, start, (*above, title))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value
