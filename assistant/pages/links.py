"""Links to the pages of the sources, at the cited words and in the form that people read."""

import re
from urllib.parse import quote

from assistant.pages.words import PageWords
from assistant.render.escape import link
from kb.entries import Entry, Origin
from kb.index.passages import Passage

# The file of a repository, and its page: https://github.com/OWNER/NAME/blob/BRANCH/PATH
_RAW = re.compile(r"https://raw\.githubusercontent\.com/([^/]+/[^/]+)/([^/]+)/")
# Characters at the start and the end of a passage that name it in a link.
_ENDS = 40
_AT = re.compile(r"([0-9]{1,3})\.([0-9]{1,6})-([0-9]{1,6})")
WORDS = PageWords("links")


def readable(url: str) -> str:
    """The address of a page as a browser shows it: a raw file of GitHub as its page there."""
    return _RAW.sub(r"https://github.com/\1/blob/\2/", url)


def passage_url(passage: Passage) -> str:
    """The address of a passage on the site, so that the browser marks its words.

    Text fragments: https://wicg.github.io/scroll-to-text-fragment/. The words of the catalogue are not on
    the site; their address is that of the page.
    """
    entry = passage.entry
    if passage.origin is Origin.CATALOGUE:
        return readable(entry.url)
    words = passage.text.partition("\n")[0].strip()
    ends = [words] if len(words) <= 2 * _ENDS else [_cut(words), _cut(words[::-1])[::-1]]
    marked = ",".join(quote(end, safe="").replace("-", "%2D") for end in ends)
    url = readable(passage.url)
    return f"{url}{'' if '#' in url else '#'}:~:text={marked}"


def source_link(entry: Entry, url: str) -> str:
    """A Markdown link to a page of the source of an entry, named after its publisher."""
    publisher = WORDS(entry.source) if entry.source in WORDS else WORDS("site")
    return f"{link(publisher, url)} :material/north_east:"


def place_of(passage: Passage) -> str:
    """The place of a passage in its entry as a parameter of an address: SECTION.START-END."""
    return f"{passage.section_index}.{passage.start}-{passage.end}"


def at_place(entry: Entry, written: str) -> Passage | None:
    """The passage of an entry at a place written in an address; None if the entry has no such place."""
    found = _AT.fullmatch(written)
    if not found:
        return None
    index, start, end = map(int, found.groups())
    if index >= len(entry.sections) or not start < end <= len(entry.sections[index].text):
        return None
    return Passage(entry, index, start, end)


def _cut(words: str) -> str:
    """The first words, up to a whole one; a text without spaces is cut anywhere."""
    start = words[:_ENDS]
    return start.rpartition(" ")[0] or start
