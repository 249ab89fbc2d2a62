"""Text as the index sees it: cleaned, folded, split into sentences, and turned into terms.

A term is a stemmed English word, a number, or a pair of adjacent Japanese characters.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
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
# Japanese characters and punctuation: a space beside any of them means nothing.
_FULL_WIDTH = f"{_JAPANESE}\u3000-\u303f\uff00-\uffef"
_SPACE_BESIDE_JAPANESE = re.compile(f"(?<=[{_FULL_WIDTH}]) | (?=[{_FULL_WIDTH}])")
# Pairs of hiragana are endings and particles, as common as stop words.
_HIRAGANA = re.compile("[\u3040-\u309f]+")
_WORD = re.compile(rf"[^\W_{_JAPANESE}]+(?:['’][^\W\d_]+)?|[{_JAPANESE}]+")
# A character with the accents and voicing marks that fold into it.
_CLUSTER = re.compile("(?s:.)[\u0300-\u036f\u3099\u309a\uff9e\uff9f]*")
_SENTENCE_END = re.compile(
    r"""
    (?<=[.!?]) ["'”’)\]]* \s+ (?=["'“‘(\[]?[A-Z0-9])  # English: closing quotes, a space, then a capital
    | (?<=[。！？]) (?![。！？」』）])                    # Japanese: the last mark, outside of brackets
    | \n+
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"""
    (?: \b (?:e\.g|i\.e|etc|vs|cf|Inc|No|approx) \.
      | \b [A-Z] \.      # an initial
      | ^ \s* \d+ \.     # the number of a list item
    ) $
    """,
    re.VERBOSE,
)

_STOP_WORDS = """
    a an and any are as at be been being but by can could did do does doing for from had has have having
    how i if in into is it its just may me might must my of on or our ours shall should so some such
    than that the their them then there these they this those to too us very was we were what when where
    which while who whom why will with would you your yours about after again all also am before both
    each few he her here him his more most no nor not now off once only other out over own same she
    through under until up get got d don ll re s t ve
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Token:
    """A term and the offsets of the characters it was made from."""

    term: str
    start: int
    end: int


def clean(text: str) -> str:
    """The text without control, invisible, private-use and variation characters, in composed form (NFC).

    Line breaks and tabs stay; other line separators become line breaks.
    """
    text = re.sub(r"\r\n?|[\u2028\u2029\x85\v\f]", "\n", _VARIATION_SELECTORS.sub("", text))
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _HIDDEN)
    return unicodedata.normalize("NFC", seen)


def squeeze(text: str) -> str:
    """The cleaned text with each run of white space as one space, and none at the ends."""
    return " ".join(clean(text).split())


def comparable(text: str) -> str:
    """The squeezed text without spaces beside Japanese characters: equal for equal wording."""
    return _SPACE_BESIDE_JAPANESE.sub("", squeeze(text))


def fold(text: str) -> str:
    """The cleaned text in compatibility form (NFKC), with every hyphen and dash as "-".

    Full-width letters and digits become ASCII. The Japanese long-vowel mark counts as a dash only after an
    ASCII letter or digit: a keyboard in Japanese mode types it there.
    """
    folded = unicodedata.normalize("NFKC", clean(text)).translate(_HYPHENS)
    return re.sub(r"(?<=[A-Za-z0-9])ー", "-", folded)


def is_japanese(text: str) -> bool:
    """True if the text has at least one kana or kanji."""
    return _HAS_JAPANESE.search(text) is not None


def tokens(text: str) -> Iterator[Token]:
    """Terms of a text in order, without stop words; offsets count in the text as given.

    The characters that one character folds to share its offsets.
    """
    lowered, starts, ends = _lowered(text)
    for term, first, last in _placed(lowered):
        yield Token(term, starts[first], ends[last - 1])


def terms(text: str) -> list[str]:
    """The terms of a text in order, without stop words."""
    return [term for term, _, _ in _placed(_lowered(text)[0])]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, in order, without white space at the ends."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if "\n" not in match[0] and ends_in_abbreviation(text[start : match.start()]):
            continue
        yield from _trimmed(text, start, match.start() if match[0].isspace() else match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def ends_in_abbreviation(text: str) -> bool:
    """True if the full stop at the end belongs to an abbreviation, an initial or a list number."""
    return _ABBREVIATION.search(text) is not None


def _placed(lowered: str) -> Iterator[tuple[str, int, int]]:
    """Terms of a lower-case text in order, with start and end."""
    for match in _WORD.finditer(lowered):
        first, last = match.span()
        if _HAS_JAPANESE.match(lowered, first):
            for at in range(first, max(last - 1, first + 1)):
                pair = lowered[at : min(at + 2, last)]
                if not _HIRAGANA.fullmatch(pair):
                    yield pair, at, at + len(pair)
        elif (term := _term(match[0])) is not None:
            yield term, first, last


def _lowered(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The text folded and in lower case, and for each character its start and end in the given text."""
    lowered = text.lower()
    if len(lowered) == len(text) and unicodedata.is_normalized("NFKC", lowered):
        return lowered, range(len(text)), range(1, len(text) + 1)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _CLUSTER.finditer(text):
        folded = unicodedata.normalize("NFKC", match[0])
        if len(folded) > len(match[0]) and not match[0].isalnum():
            folded = match[0]  # a sign such as "™" is not part of the word before it
        letters += (c.lower() if len(c.lower()) == 1 else c for c in folded)  # a few capitals grow
        starts += [match.start()] * len(folded)
        ends += [match.end()] * len(folded)
    return "".join(letters), starts, ends


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        first = start + piece.index(stripped)
        yield first, first + len(stripped)


@lru_cache(maxsize=65536)
def _term(word: str) -> str | None:
    base = re.sub(r"['’]s?$", "", word.replace("’", "'"))
    if base in STOP_WORDS or word in STOP_WORDS:
        return None
    # A stemmer keeps the word it works on, so threads cannot share one.
    return str(snowballstemmer.stemmer("english").stemWord(base))
