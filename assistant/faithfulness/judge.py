"""Whether a sentence of a language model may be shown, and whether the passages it cites support it.

A sentence is withheld where it names an id that was not given, holds an address, or repeats the prompt.
It is supported where the cited passages hold what it says: it stands in them word for word, or they hold its
words, weighed by rarity, or most of them in sentences that mean nearly the same; and in any case every
number, name and quotation, no clause of its own, and no word that turns what they say (`fidelity.py`). The
thresholds are measured by tests/bench/checking.py and told in docs/models.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.answers.composition import Doubt
from assistant.answers.passages import Passage
from assistant.faithfulness.edits import Fidelity
from assistant.faithfulness.stream import Sentence
from assistant.llm.prompts import leaks
from kb.embedding.glossary import gloss
from kb.entries import Language
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.text import comparable, fold, is_japanese, sentences, terms

if TYPE_CHECKING:
    from kb.embedding.encoder import Vectors

# The share, by rarity, of a sentence's terms that a window of the passages holds: alone, or together with
# a cosine. Measured on sentences of the sources held against their own and against other entries.
WORDS_ALONE = 0.80
WORDS, COSINE = 0.50, 0.60
EXACT = 0.999  # what is held word for word holds every term
FEW = 4  # different terms: fewer say too little to do without the cosine
# Terms in a row that no cited passage holds: a sentence may not carry a clause of its own. A Japanese word
# is several terms.
LONGEST_RUN = 2
# Of a sentence that rests on several entries, each must hold this share.
PART = 0.30
WINDOW = 3  # sentences in a row
NEAREST = 3  # windows that are compared by meaning

_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.\-]*://|//[\w-]+\.|\bwww\.|\b(?:mailto|javascript|vbscript|data|tel|file):(?=\S)|[\w.+\-]+@[\w-]+\.\w"
    r"|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S",
    re.IGNORECASE,
)
# More than the grammar of ids: what a reader would take for one.
_ID_LIKE = re.compile(
    r"(?<![A-Z0-9])(?:(?:GEN|AGENT)(?:OPS|SEC|REL|PERF?|COST|SUS)[A-Z]*[\W_]{0,2}\d{1,4}(?:[\W_]{0,2}BP[\W_]{0,2}\d{1,4})?"
    r"|[A-Z]{3,12}[\W_]{0,2}\d{1,4}[\W_]{0,2}BP[\W_]{0,2}\d{1,4}|LLM\d{2,4}(?![A-Z])(?:[\W_]{0,2}20\d\d)?"
    r"|LLM[\W_]{0,2}\d{1,4}[\W_]{1,2}20\d\d)"
)
_LOOKALIKES = str.maketrans("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧЅ", "ABESIJKMHOPCTYXABEZHIKMNOPTYXS")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;:)(] )[(\"“]?([A-Z][\w'’\-]*)|\b([A-Z]{2,}[\w\-]*)\b")
# Names that stand for a word as common.
_COMMON = frozenset(terms("AI LLM API"))
_QUOTED = re.compile(r"[\"“]([^\"“”]{8,})[\"”]|「([^「」]{4,})」|『([^『』]{4,})』")
# Pages do not speak of themselves so; a model that claims to have acted does.
_SPEAKER = re.compile(r"\b(?:I|I['’]\w+|[Mm]y|[Mm]e|[Mm]yself)\b")


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a sentence: withheld, in doubt, or supported by the given passages, best first."""

    text: str
    withheld: bool = False
    doubt: Doubt | None = None
    support: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Window:
    """A few sentences of one passage in a row, and all their terms."""

    sentences: tuple[Passage, ...]
    terms: frozenset[str]

    @property
    def text(self) -> str:
        return " ".join(passage.text for passage in self.sentences)

    def best(self, wanted: Mapping[str, float]) -> Passage:
        """The sentence that holds most of the wanted terms."""
        return max(self.sentences, key=lambda one: _share(wanted, frozenset(terms(one.text))))


Ranked = list[tuple[float, _Window]]
"""Windows with the share of the wanted terms that they hold, best first, shorter ones before longer."""


class Judge:
    """Holds sentences against the passages that a model was given."""

    def __init__(self, base: KnowledgeBase, passages: Sequence[Passage], language: Language) -> None:
        self._base, self._language = base, language
        self._given: dict[str, list[Passage]] = {}
        for passage in passages:
            self._given.setdefault(passage.entry.id, []).append(passage)
        self._cut: dict[str, list[_Window]] = {}
        self._fidelity = Fidelity(base)

    def judge(self, sentence: Sentence) -> Judged:
        """What becomes of one sentence.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        if leaks(sentence.text) or _ADDRESS.search(sentence.text) or self._names_others(sentence.text):
            return Judged(sentence.text, withheld=True)
        ids = [key for key in sentence.keys if key in self._given]
        if not ids:
            return Judged(sentence.text, doubt=Doubt.UNCITED)
        support = self._support(sentence.text, ids)
        return Judged(sentence.text, doubt=None if support else Doubt.UNSUPPORTED, support=support)

    def _names_others(self, text: str) -> bool:
        """Whether a text names an id, or what looks like one, of an entry that was not given."""
        folded = fold(text).upper()
        shown = folded.translate(_LOOKALIKES)
        newest = self._base.editions[0]
        found = {match.id for match in find_ids(shown, newest)}
        unread = any(not find_ids(match[0], newest) for match in _ID_LIKE.finditer(shown))
        disguised = found != {match.id for match in find_ids(folded, newest)}
        return unread or disguised or not found <= self._given.keys()

    def _support(self, text: str, ids: Sequence[str]) -> tuple[Passage, ...]:
        """The sentences that support a text, one for each id that does, or nothing."""
        wanted = {term: self._base.idf(term) for term in terms(text)}
        passages = [passage for entry_id in ids for passage in self._given[entry_id]]
        if not wanted or not _same_facts(text, passages):
            return ()
        ranked = [self._ranked(entry_id, wanted) for entry_id in ids]
        alone = [
            window
            for entry_id, own in zip(ids, ranked, strict=True)
            if _same_facts(text, self._given[entry_id]) and (window := self._window(text, own, len(wanted)))
        ]
        if alone:
            return tuple(window.best(wanted) for window in alone)
        shares, best = zip(*(own[0] for own in ranked), strict=True)
        whole = _share(wanted, frozenset[str]().union(*(window.terms for window in best)))
        together = len(best) > 1 and len(wanted) >= FEW and whole >= WORDS_ALONE and min(shares) >= PART
        if together and self._keeps(text, best):
            return tuple(window.best(wanted) for window in best)
        return ()

    def _window(self, text: str, ranked: Ranked, count: int) -> _Window | None:
        """The window of one entry that supports a text of so many terms by itself, or None."""
        plain = _plain(text)
        if whole := next((w for share, w in ranked if share > EXACT and plain == _plain(w.text)), None):
            return whole
        close = [(share, window) for share, window in ranked[:NEAREST] if share >= WORDS]
        near = [one for one in close if self._keeps(text, [one[1]])]
        if not near:
            return None
        if near[0][0] > EXACT and plain in _plain(near[0][1].text):
            return near[0][1]
        if count >= FEW and near[0][0] >= WORDS_ALONE:
            return near[0][1]
        vectors = self._vectors([text, *(window.text for _, window in near)])
        if vectors is None:
            return None
        cosines = vectors[1:] @ vectors[0]
        return near[int(cosines.argmax())][1] if float(cosines.max()) >= COSINE else None

    def _vectors(self, texts: Sequence[str]) -> "Vectors | None":
        """Vectors of texts; of Japanese ones, where the model reads none, those of their English words."""
        vectors = self._base.encode(texts, self._language)
        if vectors is None and self._language is Language.JAPANESE:
            return self._base.encode([gloss(text) for text in texts], Language.ENGLISH)
        return vectors

    def _keeps(self, text: str, windows: Sequence[_Window]) -> bool:
        """Whether a text says nothing else than windows do together."""
        shown = [passage.text for window in windows for passage in window.sentences]
        ids = {passage.entry.id for window in windows for passage in window.sentences}
        around = [passage.text for entry_id in ids for passage in self._given[entry_id]]
        titles = [self._given[entry_id][0].entry.title for entry_id in ids]
        return self._fidelity.keeps(text, shown, [*around, *titles])

    def _ranked(self, entry_id: str, wanted: Mapping[str, float]) -> Ranked:
        """Every window of an entry."""
        if entry_id not in self._cut:
            self._cut[entry_id] = [window for one in self._given[entry_id] for window in _windows(one)]
        shares = [(_share(wanted, window.terms), window) for window in self._cut[entry_id]]
        return sorted(shares, key=lambda one: (-one[0], len(one[1].sentences)))


def _windows(passage: Passage) -> Iterator[_Window]:
    """Every run of at most WINDOW sentences of a passage."""
    cut = [
        Passage(passage.entry, passage.section, passage.start + start, passage.start + end)
        for start, end in sentences(passage.text)
    ]
    for first in range(len(cut)):
        for last in range(first + 1, min(first + WINDOW, len(cut)) + 1):
            run = tuple(cut[first:last])
            yield _Window(run, frozenset(term for one in run for term in terms(one.text)))


def _share(wanted: Mapping[str, float], held: frozenset[str]) -> float:
    """The share, by weight, of the wanted terms that are held, in [0, 1]."""
    return sum(weight for term, weight in wanted.items() if term in held) / sum(wanted.values())


def _same_facts(text: str, passages: Sequence[Passage]) -> bool:
    """Whether every number, name and quotation of a text stands in the passages, and no clause is its own."""
    shown = [f"{passage.entry.id} {passage.entry.title}\n{passage.text}" for passage in passages]
    said = [_plain(one) for one in shown]
    held = frozenset(term for one in shown for term in terms(one))
    numbers = {number for one in shown for number in _NUMBER.findall(fold(one))}
    names = {term for a, b in _NAME.findall(text) for term in terms(a or b)} - _COMMON
    quotes = ("".join(groups) for groups in _QUOTED.findall(text))
    return (
        set(_NUMBER.findall(fold(text))) <= numbers
        and names <= held
        and (is_japanese(text) or _longest_run(terms(text), held) <= LONGEST_RUN)
        and all(any(_plain(quote) in one for one in said) for quote in quotes)
        and (not _SPEAKER.search(text) or any(_SPEAKER.search(one) for one in shown))
    )


def _longest_run(said: Iterable[str], held: frozenset[str]) -> int:
    """How many terms in a row are not held, at most."""
    return max(
        (len(list(run)) for known, run in groupby(said, key=held.__contains__) if not known), default=0
    )


def _plain(text: str) -> str:
    """The text to compare by: without case, blanks that mean nothing, and marks at its end."""
    return comparable(text).casefold().strip(".,;:!?。、！？ ")
