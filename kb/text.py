"""Text as the index sees it: cleaned, folded, cut into sentences, and turned into terms.

A term is a stemmed English word, a number, or a pair of neighbouring Japanese characters.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

# Hyphens and dashes that people and word processors type for "-".
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_KEPT_CONTROLS = "\n\t"
# Cf characters hide text from readers (zero-width, direction and tag characters); Co and Cs are private.
_HIDDEN = ("Cc", "Cf", "Co", "Cs")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u115f\u1160\u3164\uffa0]")

_JAPANESE = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAS_JAPANESE = re.compile(f"[{_JAPANESE}]")
_WORD = re.compile(rf"[^\W_{_JAPANESE}]+(?:['’][^\W\d_]+)?|[{_JAPANESE}]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|(?<=[。！？])|\n+")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Inc|No|approx)\.|\b[A-Z]\.|^\d+\.)$")

_STOP_WORDS = """
    a an and any are as at be been being but by can could did do does doing for from had has have having
    how i if in into is it its just may me might must my of on or our ours shall should so some such
    than that the their them then there these they this those to too us very was we were what when where
    which while who whom why will with would you your yours about after again all also am before both
    each few he her here him his more most no nor not now off once only other out over own same she
    through under until up get got d don ll re s t ve
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_stemmer = snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Token:
    """A term with the offsets of the characters it stands for."""

    term: str
    start: int
    end: int


def clean(text: str) -> str:
    """The text without control, invisible, private and variation characters, in composed form (NFC).

    Line breaks and tabs stay; other line separators become line breaks.
    """
    text = unicodedata.normalize("NFC", re.sub(r"\r\n?|[\u2028\u2029\x85\v\f]", "\n", text))
    text = _VARIATION_SELECTORS.sub("", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _HIDDEN)


def squeeze(text: str) -> str:
    """The cleaned text with every run of white space made one blank, and none at the ends."""
    return " ".join(clean(text).split())


def fold(text: str) -> str:
    """The cleaned text in compatibility form (NFKC), with every hyphen and dash as "-".

    Full-width letters and digits become ASCII. The Japanese long-vowel mark counts as a dash only
    after an ASCII letter or digit, where a keyboard in Japanese mode puts it.
    """
    folded = unicodedata.normalize("NFKC", clean(text)).translate(_HYPHENS)
    return re.sub(r"(?<=[A-Za-z0-9])ー", "-", folded)


def is_japanese(text: str) -> bool:
    """Whether the text holds at least one kana or kanji."""
    return _HAS_JAPANESE.search(text) is not None


def tokens(text: str) -> Iterator[Token]:
    """Terms of a text in order, stop words left out; offsets count in the text as given.

    Offsets are exact for text in compatibility form; a character that folds to several shares them.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals grow when lowered; keep the offsets true
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    for match in _WORD.finditer(unicodedata.normalize("NFKC", lowered) if _narrow(lowered) else lowered):
        word = match[0]
        if _HAS_JAPANESE.match(word):
            yield from _pairs(word, match.start())
        elif (term := _term(word)) is not None:
            yield Token(term, match.start(), match.end())


def terms(text: str) -> list[str]:
    """The terms of a text in order, stop words left out."""
    return [token.term for token in tokens(text)]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, in order, without white space at the ends."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if "\n" not in match[0] and _ABBREVIATION.search(text[start : match.start()]):
            continue
        yield from _trimmed(text, start, match.start() if match[0].isspace() else match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _narrow(text: str) -> bool:
    """Whether folding keeps the length, so that offsets stay true."""
    return not text.isascii() and len(unicodedata.normalize("NFKC", text)) == len(text)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        first = start + piece.index(stripped)
        yield first, first + len(stripped)


def _pairs(run: str, offset: int) -> Iterator[Token]:
    if len(run) == 1:
        yield Token(run, offset, offset + 1)
    for i in range(len(run) - 1):
        yield Token(run[i : i + 2], offset + i, offset + i + 2)


@lru_cache(maxsize=65536)
def _term(word: str) -> str | None:
    base = re.sub(r"['’]s?$", "", word.replace("’", "'"))
    if base in STOP_WORDS or word in STOP_WORDS:
        return None
    return str(_stemmer.stemWord(base))
