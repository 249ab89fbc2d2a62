"""Japanese as word-by-word English, for models trained on English only.

Each line of `data/glossary.tsv` is one meaning: Japanese forms separated by spaces, a tab, and English words
(empty for forms without meaning). Forms are stems, so inflections match; endings and particles are dropped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.data import data_folder, data_lines
from kb.entries import Language
from kb.errors import RecordError
from kb.settings import DEFAULT_MODEL
from kb.text import comparable, fold

# Models trained on English only: their vectors of other languages are meaningless.
ENGLISH_MODELS = frozenset({DEFAULT_MODEL})
_LATIN = re.compile(r"[a-z0-9]+(?:[-.'][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The text a model encodes for a question, and its language: that of the chunks it compares with."""

    text: str
    language: Language


def reads(model: str, language: Language) -> bool:
    """True if a model's vectors of this language can be compared."""
    return language is Language.ENGLISH or model not in ENGLISH_MODELS


def model_input(model: str, text: str, language: Language) -> ModelInput | None:
    """The question itself, or its English gloss if the model does not read the language.

    None if no word of it is in the glossary.
    """
    if reads(model, language):
        return ModelInput(text, language)
    glossed = gloss(text)
    return ModelInput(glossed, Language.ENGLISH) if glossed else None


def gloss(text: str) -> str:
    """English words for a Japanese text, in its order and in lower case; empty if no word is known.

    The longest form of the glossary wins at each position. Latin words and numbers stay; the rest is dropped.
    """
    return " ".join(words for _, words in glossed(text) if words)


def glossed(text: str) -> Iterator[tuple[str, str | None]]:
    """The folded text cut into forms, in order and without gaps, each with its English words.

    A form is the longest one of the glossary, a Latin word or number (its own translation), or a single
    other character, which has none (None).
    """
    glossary, longest = load_glossary(), _longest_form()
    folded = comparable(fold(text)).lower()
    at = 0
    while at < len(folded):
        if latin := _LATIN.match(folded, at):
            yield latin[0], latin[0]
            at = latin.end()
            continue
        ends = range(min(at + longest, len(folded)), at, -1)
        form = next((folded[at:end] for end in ends if folded[at:end] in glossary), folded[at])
        yield form, glossary.get(form)
        at += len(form)


@cache
def _longest_form() -> int:
    return max(map(len, load_glossary()))


@cache
def load_glossary(path: Path | None = None) -> Mapping[str, str]:
    """English words by Japanese form.

    :raises RecordError: the file cannot be read, or a line is not forms, a tab, and words.
    """
    file = path or data_folder() / "glossary.tsv"
    glossary: dict[str, str] = {}
    for number, line in data_lines(file):
        forms, tab, words = line.partition("\t")
        if not (forms.strip() and tab):
            raise RecordError(f"{file}, line {number}: expected Japanese forms, a tab, and English words")
        glossary.update(dict.fromkeys(forms.split(), words))
    return glossary
