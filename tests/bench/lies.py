"""Sentences of the sources made false by one small change, to measure what checking lets pass."""

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random

from assistant.answers.extractive import extractive_answer
from assistant.answers.passages import Passage
from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence, split_stream
from assistant.generate import passages_for
from kb.entries import Language
from kb.knowledge_base import KnowledgeBase
from kb.ranking.search import Retrieval
from kb.text import STOP_WORDS, terms

_WORD = re.compile(r"[A-Za-z][a-z]{3,}|[\u30a1-\u30ff]{3,}|[\u4e00-\u9fff]{2,}")
# Behind one of these a sentence is denied by a "not".
_VERB = re.compile(r"\b(can|must|should|will|may|is|are|be)\b")
_DENIAL = re.compile(r"\b(?:do not|does not|cannot|not|never|without)\b ?", re.IGNORECASE)
_ENDS = (
    ("しない", "する"),
    ("できない", "できる"),
    ("する", "しない"),
    ("できる", "できない"),
    ("ます", "ません"),
)

Claims = list[tuple[Judge, Sentence]]
"""Sentences with the ids that they cite, and what judges them."""
Lie = Callable[[str, str, str, Random], str | None]
"""A sentence, the text it is from, a foreign text, and chance, to a false sentence or None."""


def _words(text: str) -> list[re.Match[str]]:
    """Words of content in small letters: a name is a fact that is checked by itself."""
    return [m for m in _WORD.finditer(text) if not m[0][0].isupper() and m[0] not in STOP_WORDS]


def _put(text: str, word: re.Match[str], other: str) -> str:
    return text[: word.start()] + other + text[word.end() :]


def _like(word: str, other: str) -> bool:
    """Whether one word could stand where the other does: of the same ending, or of the same script."""
    ending = word[-2:] == other[-2:] if word.isascii() else (word[0] > "\u3400") == (other[0] > "\u3400")
    return ending and abs(len(word) - len(other)) < 4


def _exchanged(text: str, source: str, chance: Random) -> str | None:
    """One word exchanged for a word of the same ending of a source, which the sentence does not hold."""
    held = set(terms(text))
    for word in chance.sample(own := _words(text), len(own)):
        others = [m[0] for m in _words(source) if _like(m[0], word[0]) and not set(terms(m[0])) & held]
        if others:
            return _put(text, word, chance.choice(others))
    return None


def own_word(text: str, source: str, _foreign: str, chance: Random) -> str | None:
    """One word exchanged for another of the same entry."""
    return _exchanged(text, source, chance)


def foreign_word(text: str, _source: str, foreign: str, chance: Random) -> str | None:
    """One word exchanged for one of another entry."""
    return _exchanged(text, foreign, chance)


def crossed(text: str, _source: str, _foreign: str, chance: Random) -> str | None:
    """Two words that change places."""
    words = _words(text)
    pairs = [(a, b) for a, b in zip(words, words[2:], strict=False) if terms(a[0]) != terms(b[0])]
    if not pairs:
        return None
    first, second = chance.choice(pairs)
    return _put(_put(text, second, first[0]), first, second[0])


def denied(text: str, _source: str, _foreign: str, chance: Random) -> str | None:
    """A "not" put in, or taken out."""
    if ending := next((pair for pair in _ENDS if pair[0] in text), None):
        return text.replace(*ending, 1)
    if found := _DENIAL.search(text):
        return text[: found.start()] + text[found.end() :]
    verbs = list(_VERB.finditer(text))
    if not verbs:
        return None
    verb = chance.choice(verbs)
    return text[: verb.end()] + " not" + text[verb.end() :]


def inserted(text: str, _source: str, foreign: str, chance: Random) -> str | None:
    """A word of another entry put in before a word."""
    words, others = _words(text), _words(foreign)
    if not words or not others:
        return None
    word = chance.choice(words)
    return _put(text, word, f"{chance.choice(others)[0]} {word[0]}")


LIES: dict[str, Lie] = {
    "a word exchanged for one of the same entry": own_word,
    "a word exchanged for one of another entry": foreign_word,
    "two words that changed places": crossed,
    "a denial put in or taken out": denied,
    "a word of another entry put in": inserted,
}


def honest(text: str, chance: Random) -> Iterator[tuple[str, str]]:
    """Sentences that still say what the source says."""
    shorter = re.split(r",? (?:such as|including|because|so that|which|while|and then|in order to) ", text)[0]
    if len(shorter) < len(text) and len(terms(shorter)) >= 4:
        yield "their end left out", shorter
    synonyms = [(a, b) for a, b in SYNONYMS if re.search(rf"\b{a}\b", text)]
    if synonyms:
        a, b = chance.choice(synonyms)
        yield "a common synonym", re.sub(rf"\b{a}\b", b, text, count=1)


def given(base: KnowledgeBase, retrieval: Retrieval) -> tuple[Passage, ...]:
    """The passages that a model would be given."""
    statements = extractive_answer(base, retrieval).statements
    return passages_for(retrieval, [passage for statement in statements for passage in statement.passages])


def stated(base: KnowledgeBase, retrieval: Retrieval) -> Iterator[tuple[str, str]]:
    """Each sentence of an extractive answer, as it would be cut out of a model's, with its id."""
    for statement in extractive_answer(base, retrieval).statements:
        yield from ((sentence.text, statement.id) for sentence in split_stream([statement.text]))


def changed(base: KnowledgeBase, found: Iterable[Retrieval]) -> dict[tuple[Language, str], Claims]:
    """Sentences after one small change, by language and by what was changed."""
    chance = Random(1)  # noqa: S311 - the same changes in every run
    groups: dict[tuple[Language, str], Claims] = {}
    for retrieval in found:
        passages, language = given(base, retrieval), retrieval.query.language
        judge = Judge(base, passages, language)
        for text, entry_id in stated(base, retrieval):
            own, foreign = (
                " ".join(p.text for p in passages if (p.entry.id == entry_id) is here)
                for here in (True, False)
            )
            lies = [(name, lie(text, own, foreign, chance)) for name, lie in LIES.items()]
            for name, said in [*honest(text, chance), *lies]:
                if said is not None:
                    groups.setdefault((language, name), []).append((judge, Sentence(said, (entry_id,))))
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
