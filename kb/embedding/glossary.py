"""Japanese word for word in English, for models that read English alone.

`data/glossary.tsv` has a line for each meaning: Japanese forms with blanks between them, a tab, and English
words, or none for forms that say nothing. Forms are stems, so that inflections match; what is left of them
is dropped with the particles.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from kb.errors import RecordError
from kb.files import data_folder, data_lines
from kb.text import fold, wording

_LATIN = re.compile(r"[a-z0-9]+(?:[-.'][a-z0-9]+)*")


def gloss(text: str) -> str:
    """The English words for a text in its order, in small letters; empty where none is known.

    At each place the longest form of the glossary counts. Latin words and numbers stay; all else is dropped.
    """
    return " ".join(words for _, words in glossed(text) if words)


def glossed(text: str) -> Iterator[tuple[str, str | None]]:
    """Forms of the folded text, in order and without a gap, with their English words.

    They are the longest of the glossary at each place, Latin words and numbers, which stand for themselves,
    and single other characters, of which nothing is known: None.
    """
    glossary, longest = load_glossary(), _longest()
    folded = wording(fold(text)).lower()
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
def _longest() -> int:
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
