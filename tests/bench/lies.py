"""Sentences of the sources made false by one small change, to measure how many the judge accepts."""

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random

from assistant.answers.extractive import extractive_answer
from assistant.answers.records import Part
from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence, split_stream
from assistant.generate import passages_for
from kb.entries import Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase
from kb.ranking.search import Retrieval
from kb.text import STOP_WORDS, terms

_WORD = re.compile(r"[A-Za-z][a-z]{3,}|[\u30a1-\u30ff]{3,}|[\u4e00-\u9fff]{2,}")
# Verbs that are negated by a following "not".
_VERB = re.compile(r"\b(can|must|should|will|may|is|are|be)\b")
_NEGATION = re.compile(r"\b(?:do not|does not|cannot|not|never|without)\b ?", re.IGNORECASE)
_ENDS = (
    ("しない", "する"),
    ("できない", "できる"),
    ("する", "しない"),
    ("できる", "できない"),
    ("ます", "ません"),
)

Claims = list[tuple[Judge, Sentence]]
"""Sentences with their cited ids, each with its judge."""
Lie = Callable[[str, str, str, Random], str | None]
"""From (sentence, text of its entry, text of other entries, random generator) to a false sentence or None."""


def _words(text: str) -> list[re.Match[str]]:
    """Content words in lower case; names are left out because the judge compares them as facts."""
    return [m for m in _WORD.finditer(text) if not m[0][0].isupper() and m[0] not in STOP_WORDS]


def _replace(text: str, word: re.Match[str], other: str) -> str:
    return text[: word.start()] + other + text[word.end() :]


def _similar(word: str, other: str) -> bool:
    """True if one word could replace the other: same ending or script, similar length."""
    ending = word[-2:] == other[-2:] if word.isascii() else (word[0] > "\u3400") == (other[0] > "\u3400")
    return ending and abs(len(word) - len(other)) < 4


def _with_word_of(text: str, source: str, rng: Random) -> str | None:
    """One word replaced by a similar word of a source, new to the sentence."""
    held = set(terms(text))
    for word in rng.sample(own := _words(text), len(own)):
        others = [m[0] for m in _words(source) if _similar(m[0], word[0]) and not set(terms(m[0])) & held]
        if others:
            return _replace(text, word, rng.choice(others))
    return None


def own_word(text: str, source: str, _foreign: str, rng: Random) -> str | None:
    """One word replaced by another of the same entry."""
    return _with_word_of(text, source, rng)


def foreign_word(text: str, _source: str, foreign: str, rng: Random) -> str | None:
    """One word replaced by one of another entry."""
    return _with_word_of(text, foreign, rng)


def swapped(text: str, _source: str, _foreign: str, rng: Random) -> str | None:
    """Two words swapped."""
    words = _words(text)
    pairs = [(a, b) for a, b in zip(words, words[2:], strict=False) if terms(a[0]) != terms(b[0])]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    return _replace(_replace(text, second, first[0]), first, second[0])


def negated(text: str, _source: str, _foreign: str, rng: Random) -> str | None:
    """A negation added or removed."""
    if ending := next((pair for pair in _ENDS if pair[0] in text), None):
        return text.replace(*ending, 1)
    if negation := _NEGATION.search(text):
        return text[: negation.start()] + text[negation.end() :]
    verbs = list(_VERB.finditer(text))
    if not verbs:
        return None
    verb = rng.choice(verbs)
    return text[: verb.end()] + " not" + text[verb.end() :]


def inserted(text: str, _source: str, foreign: str, rng: Random) -> str | None:
    """A word of another entry inserted before a word."""
    words, others = _words(text), _words(foreign)
    if not words or not others:
        return None
    word = rng.choice(words)
    return _replace(text, word, f"{rng.choice(others)[0]} {word[0]}")


LIES: dict[str, Lie] = {
    "word replaced by one of the same entry": own_word,
    "word replaced by one of another entry": foreign_word,
    "two words swapped": swapped,
    "negation added or removed": negated,
    "word of another entry inserted": inserted,
}


def faithful(text: str, rng: Random) -> Iterator[tuple[str, str]]:
    """Changed sentences with the same meaning."""
    shorter = re.split(r",? (?:such as|including|because|so that|which|while|and then|in order to) ", text)[0]
    if len(shorter) < len(text) and len(terms(shorter)) >= 4:
        yield "end removed", shorter
    synonyms = [(a, b) for a, b in SYNONYMS if re.search(rf"\b{a}\b", text)]
    if synonyms:
        a, b = rng.choice(synonyms)
        yield "common synonym", re.sub(rf"\b{a}\b", b, text, count=1)


def passages_of(base: KnowledgeBase, retrieval: Retrieval) -> tuple[Passage, ...]:
    """The passages for a language model."""
    statements = extractive_answer(base, retrieval).statements
    return passages_for(retrieval, statements)


def sentences_of(base: KnowledgeBase, retrieval: Retrieval) -> Iterator[tuple[str, str]]:
    """The sentences of an extractive answer with their ids, split like the answer of a model.

    Without the reasons of relations, which no passage states.
    """
    for statement in extractive_answer(base, retrieval).statements:
        if statement.part is not Part.RELATED:
            yield from ((sentence.text, statement.id) for sentence in split_stream([statement.text]))


def changed_sentences(
    base: KnowledgeBase, retrievals: Iterable[Retrieval]
) -> dict[tuple[Language, str], Claims]:
    """Sentences with one small change, by language and kind of change."""
    rng = Random(1)  # noqa: S311 - the same changes in every run
    groups: dict[tuple[Language, str], Claims] = {}
    for retrieval in retrievals:
        passages, language = passages_of(base, retrieval), retrieval.query.language
        judge = Judge(base, passages)
        for text, entry_id in sentences_of(base, retrieval):
            own, foreign = (
                " ".join(p.text for p in passages if (p.entry.id == entry_id) is same)
                for same in (True, False)
            )
            lies = [(name, lie(text, own, foreign, rng)) for name, lie in LIES.items()]
            for name, sentence in [*faithful(text, rng), *lies]:
                if sentence is not None:
                    groups.setdefault((language, name), []).append((judge, Sentence(sentence, (entry_id,))))
    return groups


SYNONYMS = (
    ("use", "employ"), ("using", "with"), ("use", "apply"), ("implement", "build"),
    ("implement", "put in place"), ("establish", "set up"), ("identify", "find"), ("ensure", "make sure"),
    ("monitor", "watch"), ("improve", "raise"), ("reduce", "lower"), ("provide", "give"),
    ("create", "make"), ("evaluate", "assess"), ("consider", "think about"), ("determine", "work out"),
    ("define", "specify"), ("access", "permission"), ("configure", "set up"), ("optimize", "tune"),
    ("select", "choose"), ("choose", "pick"), ("detect", "spot"), ("limit", "restrict"),
    ("prevent", "stop"), ("require", "need"), ("appropriate", "suitable"), ("requirements", "needs"),
    ("performance", "speed"), ("model", "LLM"), ("users", "people"), ("customers", "users"),
    ("organization", "company"), ("risk", "danger"), ("output", "response"), ("responses", "outputs"),
    ("prompt", "input"), ("application", "app"), ("system", "application"), ("data", "information"),
    ("sensitive", "confidential"), ("malicious", "hostile"), ("attackers", "adversaries"),
    ("cost", "expense"), ("costs", "spending"), ("regularly", "often"), ("continuously", "all the time"),
    ("large", "big"), ("necessary", "needed"), ("review", "check"), ("test", "try"), ("track", "follow"),
    ("logs", "records"), ("request", "call"), ("requests", "calls"), ("important", "key"),
    ("across", "over"),
)  # fmt: skip
