"""A streamed response to sentences, each with the citation keys in it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text import clean, ends_in_abbreviation, squeeze

# Characters: longer text without an end is cut, so a stream cannot hide text.
LONGEST = 1000

_ESCAPE = re.compile(
    r"""
    \x1b \[ [0-?]* [ -/]* [@-~]              # a control sequence of a terminal, complete
    | \x1b \] [^\x07\x1b\n]* (?:\x07|\x1b\\)  # an operating system command, complete
    """,
    re.VERBOSE,
)
# The same cut short: without its first character the rest would be shown.
_CUT_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\n]*|.?)")
_ONE_BYTE = str.maketrans(
    {"\x9b": "\x1b[", "\x9d": "\x1b]", "\x9c": "\x1b\\", "【": "[", "】": "]", "［": "[", "］": "]"}
)
_MARKS = r"(?:\s*\[[^\[\]\n]{1,160}\])*"
_END = re.compile(
    rf"""
    [.!?] ["'”’)]* {_MARKS} (?=\s+[^\s\[])         # an English end and its citations, once more text follows
    | [。！？] [」』）]? {_MARKS} (?=\s*[^\s\[」』）])  # a Japanese one
    | \n+
    """,
    re.VERBOSE,
)
_MARK = re.compile(r"\s*\[([^\[\]\n]{1,160})\]")
_KEY = re.compile(
    r"""
    (?:passage\s*)? \d{1,3}                   # the number of a passage
    | [A-Z]{2,12} [\s_\-.:/]* \d [\w\s\-.:/]*  # an id
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LIST_MARKER = re.compile(r"^(?:[-*•>|]+|\#+|\d{1,2}[.)])\s+")
_SPACE_BEFORE_END = re.compile(r"\s+(?=[.!?,;。！？]+$)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of clean text, and the citation keys in square brackets inside or right after it."""

    text: str
    keys: tuple[str, ...]


def split_stream(pieces: Iterable[str]) -> Iterator[Sentence]:
    """The sentences of a streamed text, each as soon as the next one begins."""
    rest = ""
    for piece in pieces:
        # Cleaned before it is split: invisible characters must not hide the end of a sentence.
        *complete, rest = _split(_visible(rest + piece))
        yield from (sentence for text in complete if (sentence := _read(text)).text)
    yield from (sentence for text in (rest,) if (sentence := _read(text)).text)


def _visible(text: str) -> str:
    """The text without escape sequences and invisible characters; an unfinished sequence stays."""
    plain = _ESCAPE.sub("", text.translate(_ONE_BYTE))
    return "\x1b".join(clean(part) for part in plain.split("\x1b"))


def _split(text: str) -> Iterator[str]:
    """The finished sentences, then the rest, which may be empty."""
    start = 0
    for end in _END.finditer(text):
        if not ends_in_abbreviation(text[start : end.start() + 1]):
            yield text[start : end.end()]
            start = end.end()
    while len(text) - start > LONGEST:
        yield text[start : start + LONGEST]
        start += LONGEST
    yield text[start:]


def _read(text: str) -> Sentence:
    """The sentence in a piece of text; its text is empty if the piece has no letter or digit."""
    keys: list[str] = []

    def take_keys(mark: re.Match[str]) -> str:
        parts = [key.strip() for key in re.split(r"[,;、，]|\band\b", mark[1])]
        if not all(_KEY.fullmatch(key) for key in parts):
            return mark[0]
        keys.extend(parts)
        return ""

    plain = squeeze(_CUT_ESCAPE.sub("", text))
    plain = _SPACE_BEFORE_END.sub("", squeeze(_MARK.sub(take_keys, plain)).replace("**", ""))
    plain = _LIST_MARKER.sub("", plain)
    return Sentence(plain if any(c.isalnum() for c in plain) else "", tuple(dict.fromkeys(keys)))
