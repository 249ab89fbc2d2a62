"""What a language model writes, cut into sentences as it arrives, each with the keys that it cites."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text import clean, squeeze

# Characters: text that runs on without an end is cut, so that a stream cannot hide one.
LONGEST = 1000

# Escape sequences of terminals, whole or cut short: without its first character one would be shown.
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")
_CUT_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\n]*|.?)")
_ONE_BYTE = str.maketrans(
    {"\x9b": "\x1b[", "\x9d": "\x1b]", "\x9c": "\x1b\\", "【": "[", "】": "]", "［": "[", "］": "]"}
)
_MARKS = r"(?:\s*\[[^\[\]\n]{1,160}\])*"
# An end of a sentence and the marks behind it, as soon as anything else follows.
_END = re.compile(rf"[.!?][\"'”’)]*{_MARKS}(?=\s+[^\s\[])|[。！？][」』）]?{_MARKS}(?=\s*[^\s\[」』）])|\n+")
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
        # Cleaned before it is cut: what is invisible must not hide where a sentence ends.
        *whole, rest = _cut(_visible(rest + piece))
        yield from (sentence for text in whole if (sentence := _read(text)).text)
    yield from (sentence for text in (rest,) if (sentence := _read(text)).text)


def _visible(text: str) -> str:
    """The text without escape sequences and invisible characters; one that has only begun stays."""
    plain = _ESCAPE.sub("", text.translate(_ONE_BYTE))
    return "\x1b".join(clean(part) for part in plain.split("\x1b"))


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

    plain = squeeze(_CUT_ESCAPE.sub("", text))
    said = _BLANK_BEFORE_END.sub("", squeeze(_MARK.sub(taken, plain)).replace("**", ""))
    said = _LISTING.sub("", said)
    return Sentence(said if any(c.isalnum() for c in said) else "", tuple(dict.fromkeys(keys)))
