"""What a language model writes, cut into sentences as it arrives, each with the keys that it cites."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text import squeeze

# Characters: text that runs on without an end is cut, so that a stream cannot hide one.
LONGEST = 1000

# Escape sequences of terminals: without its first character the rest of one would be shown.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b.?"
)
_BRACKETS = str.maketrans("【】［］", "[][]")
_MARKS = r"(?:\s*\[[^\[\]\n]{1,160}\])*"
# An end of a sentence, the marks behind it, and what shows that the next one has begun.
_END = re.compile(
    rf"[.!?][\"'”’)]*{_MARKS}(?=\s+[\"'“‘(*_`<!]?[A-Z0-9{{<#|~-])|[。！？][」』）]?{_MARKS}(?=[^\s\[」』）])|\n+"
)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Inc|No|approx)\.|\b[A-Z]\.|^\s*\d+\.)$")
_MARK = re.compile(r"\s*\[([^\[\]\n]{1,160})\]")
_KEY = re.compile(r"(?:passage\s*)?\d{1,3}|[A-Z]{2,12}[\s_\-.:/]*\d[\w\s\-.:/]*", re.IGNORECASE)
_LISTING = re.compile(r"^(?:[-*•>|]+|#+|\d{1,2}[.)])\s+")
_BLANK_BEFORE_END = re.compile(r"\s+(?=[.!?,;。！？]+$)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of clean words, and the keys in square brackets that stood in or right behind it."""

    text: str
    keys: tuple[str, ...]


def sentences_of(pieces: Iterable[str]) -> Iterator[Sentence]:
    """The sentences of a text that arrives in pieces, each as soon as the next one begins."""
    rest = ""
    for piece in pieces:
        rest += piece.translate(_BRACKETS)
        *whole, rest = _cut(rest)
        yield from (sentence for text in whole if (sentence := _read(text)).text)
    yield from (sentence for text in (rest,) if (sentence := _read(text)).text)


def _cut(text: str) -> Iterator[str]:
    """The sentences that have ended, then what is left, which may be empty."""
    start = 0
    for end in _END.finditer(text):
        if not _ABBREVIATION.search(text[start : end.start() + 1]):
            yield text[start : end.end()]
            start = end.end()
    while len(text) - start > LONGEST:
        yield text[start : start + LONGEST]
        start += LONGEST
    yield text[start:]


def _read(text: str) -> Sentence:
    keys: list[str] = []

    def taken(mark: re.Match[str]) -> str:
        found = [key.strip() for key in re.split(r"[,;、，]|\band\b", mark[1])]
        if not all(_KEY.fullmatch(key) for key in found):
            return mark[0]
        keys.extend(found)
        return ""

    plain = squeeze(_ESCAPE.sub("", text))
    said = _BLANK_BEFORE_END.sub("", squeeze(_MARK.sub(taken, plain)).replace("**", ""))
    said = _LISTING.sub("", said)
    return Sentence(said if any(c.isalnum() for c in said) else "", tuple(dict.fromkeys(keys)))
