"""The judge of generated sentences: which are withheld, and which their cited passages support.

A sentence is withheld if it names an id that was not given, contains an address, or repeats the prompt. It is
supported if the cited passages contain it word for word, or contain its words weighted by idf, or most of
them in sentences with nearly the same meaning; and in every case all its numbers, names and quotations, with
no clause of its own and no edit that changes the meaning (`edits.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.answers.records import Doubt
from assistant.faithfulness.edits import EditCheck
from assistant.faithfulness.facts import added_fact, has_address, names_others, plain
from assistant.faithfulness.stream import Sentence
from assistant.llm.prompts import leaks
from kb.entries import Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase
from kb.text import sentences, terms


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of support, chosen with tests/bench/checking.py on 2026-11-29.

    Of 1,063 sentences of extractive answers (catalogue build) and 1,066 (sites), 1.000 are supported by their
    own entry, 0.000 and 0.008 by another hit of the question. docs/models.md has the tables.

    words_alone: share of the terms, weighted by idf, that a window of sentences must contain.
    words, cosine: the same share together with a cosine of the sentence and the window.
    few_terms: with fewer different terms, the cosine is always required.
    part: share of the terms each entry must contain, for a sentence that rests on several.
    """

    words_alone: float = 0.80
    words: float = 0.50
    cosine: float = 0.60
    few_terms: int = 4
    part: float = 0.30


THRESHOLDS = Thresholds()
EXACT = 0.999  # a window with the sentence word for word contains every term
WINDOW = 3  # sentences in a row
NEAREST = 3  # windows compared by meaning


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a sentence: withheld, in doubt, or supported by passages, best first."""

    text: str
    withheld: bool = False
    doubt: Doubt | None = None
    support: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Window:
    """A few consecutive sentences of one passage, and their terms."""

    sentences: tuple[Passage, ...]
    terms: frozenset[str]

    @property
    def text(self) -> str:
        return " ".join(passage.text for passage in self.sentences)

    def best(self, wanted: Mapping[str, float]) -> Passage:
        """The sentence with most of the wanted terms."""
        return max(self.sentences, key=lambda one: _share(wanted, frozenset(terms(one.text))))


Ranked = list[tuple[float, _Window]]
"""Windows with the share of the wanted terms they contain; best first, short before long."""


class Judge:
    """Judges sentences by the passages a model was given."""

    def __init__(self, base: KnowledgeBase, passages: Sequence[Passage], language: Language) -> None:
        self._base, self._language = base, language
        self._given: dict[str, list[Passage]] = {}
        for passage in passages:
            self._given.setdefault(passage.entry.id, []).append(passage)
        self._windows: dict[str, list[_Window]] = {}
        self._edits = EditCheck(base)

    def judge(self, sentence: Sentence) -> Judged:
        """The verdict on one sentence.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        newest, given = self._base.editions[0], self._given.keys()
        if leaks(sentence.text) or has_address(sentence.text) or names_others(sentence.text, given, newest):
            return Judged(sentence.text, withheld=True)
        ids = [key for key in sentence.keys if key in self._given]
        if not ids:
            return Judged(sentence.text, doubt=Doubt.UNCITED)
        support = self._support(sentence.text, ids)
        return Judged(sentence.text, doubt=None if support else Doubt.UNSUPPORTED, support=support)

    def _support(self, text: str, ids: Sequence[str]) -> tuple[Passage, ...]:
        """The sentences that support a text, one per supporting id; empty without support."""
        wanted = {term: self._base.idf(term) for term in terms(text)}
        passages = [passage for entry_id in ids for passage in self._given[entry_id]]
        if not wanted or added_fact(text, passages):
            return ()
        ranked = {entry_id: self._ranked(entry_id, wanted) for entry_id in ids}
        windows = self._each_alone(text, ranked, len(wanted)) or self._all_together(text, ranked, wanted)
        return tuple(window.best(wanted) for window in windows)

    def _each_alone(self, text: str, ranked: Mapping[str, Ranked], count: int) -> list[_Window]:
        """The window of each entry that alone supports a text of `count` terms."""
        alone = {
            entry_id: own for entry_id, own in ranked.items() if not added_fact(text, self._given[entry_id])
        }
        return [window for own in alone.values() if (window := self._window(text, own, count))]

    def _all_together(
        self, text: str, ranked: Mapping[str, Ranked], wanted: Mapping[str, float]
    ) -> list[_Window]:
        """The best windows of several entries, if they support a text together; else none."""
        shares, best = zip(*(own[0] for own in ranked.values()), strict=True)
        whole = _share(wanted, frozenset[str]().union(*(window.terms for window in best)))
        enough = (
            len(best) > 1
            and len(wanted) >= THRESHOLDS.few_terms
            and whole >= THRESHOLDS.words_alone
            and min(shares) >= THRESHOLDS.part
        )
        return list(best) if enough and self._keeps(text, best) else []

    def _window(self, text: str, ranked: Ranked, count: int) -> _Window | None:
        """The window of one entry that alone supports a text of `count` terms, or None."""
        if whole := next((w for share, w in ranked if share > EXACT and plain(w.text) == plain(text)), None):
            return whole
        near = self._near(text, ranked)
        if not near:
            return None
        share, first = near[0]
        inside = share > EXACT and plain(text) in plain(first.text)
        by_words = count >= THRESHOLDS.few_terms and share >= THRESHOLDS.words_alone
        return first if inside or by_words else self._nearest(text, [window for _, window in near])

    def _near(self, text: str, ranked: Ranked) -> Ranked:
        """The first windows with enough of the words, whose meaning the text keeps."""
        close = (one for one in ranked[:NEAREST] if one[0] >= THRESHOLDS.words)
        return [(share, window) for share, window in close if self._keeps(text, [window])]

    def _nearest(self, text: str, windows: Sequence[_Window]) -> _Window | None:
        """The window nearest in meaning, if it is near enough."""
        vectors = self._base.encode([text, *(window.text for window in windows)], self._language)
        cosines = vectors[1:] @ vectors[0]
        return windows[int(cosines.argmax())] if float(cosines.max()) >= THRESHOLDS.cosine else None

    def _keeps(self, text: str, windows: Sequence[_Window]) -> bool:
        """True if a text says nothing that the windows do not say together."""
        shown = [passage.text for window in windows for passage in window.sentences]
        ids = {passage.entry.id for window in windows for passage in window.sentences}
        around = [passage.text for entry_id in ids for passage in self._given[entry_id]]
        titles = [self._given[entry_id][0].entry.title for entry_id in ids]
        return self._edits.keeps_meaning(text, shown, [*around, *titles])

    def _ranked(self, entry_id: str, wanted: Mapping[str, float]) -> Ranked:
        """All windows of an entry, ranked."""
        if entry_id not in self._windows:
            self._windows[entry_id] = [w for passage in self._given[entry_id] for w in _windows(passage)]
        shares = [(_share(wanted, window.terms), window) for window in self._windows[entry_id]]
        return sorted(shares, key=lambda one: (-one[0], len(one[1].sentences)))


def _windows(passage: Passage) -> Iterator[_Window]:
    """Every run of at most WINDOW sentences of a passage."""
    cut = [passage.part(start, end) for start, end in sentences(passage.text)]
    for first in range(len(cut)):
        for last in range(first + 1, min(first + WINDOW, len(cut)) + 1):
            run = tuple(cut[first:last])
            yield _Window(run, frozenset(term for one in run for term in terms(one.text)))


def _share(wanted: Mapping[str, float], held: frozenset[str]) -> float:
    """The weighted share of the wanted terms among the held ones, in [0, 1]."""
    return sum(weight for term, weight in wanted.items() if term in held) / sum(wanted.values())
