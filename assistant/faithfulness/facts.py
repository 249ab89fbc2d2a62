"""The facts in a sentence: addresses, ids, numbers, names, quotations, and clauses of its own."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kb.ids import find_ids
from kb.index.passages import Passage
from kb.index.support import longest_run, names
from kb.text import comparable, fold, is_japanese, terms

# Terms in a row missing from all cited passages; more are a clause of its own. A Japanese word is several
# terms.
LONGEST_RUN = 2

_ADDRESS = re.compile(
    r"""
    [a-z][a-z0-9+.\-]*://                                              # any scheme
    | //[\w-]+\.                                                      # an address without a scheme
    | \bwww\.
    | \b(?:mailto|javascript|vbscript|data|tel|file):(?=\S)
    | [\w.+\-]+@[\w-]+\.\w                                           # a mail address
    | \b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S                            # a host with a path
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Wider than the grammar of ids: anything a reader would take for one.
_ID_LIKE = re.compile(
    r"""
    (?<![A-Z0-9])
    (?: (?:GEN|AGENT)(?:OPS|SEC|REL|PERF?|COST|SUS)[A-Z]* [\W_]{0,2} \d{1,4}
            (?:[\W_]{0,2} BP [\W_]{0,2} \d{1,4})?                     # GENSEC05, GENSECX5-BP123
      | [A-Z]{3,12} [\W_]{0,2} \d{1,4} [\W_]{0,2} BP [\W_]{0,2} \d{1,4}  # FOO12-BP3
      | LLM \d{2,4} (?![A-Z]) (?:[\W_]{0,2} 20\d\d)?                  # LLM11, LLM11:2026
      | LLM [\W_]{0,2} \d{1,4} [\W_]{1,2} 20\d\d                     # LLM-3 2026
    )
    """,
    re.VERBOSE,
)
_LOOKALIKES = str.maketrans("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧЅ", "ABESIJKMHOPCTYXABEZHIKMNOPTYXS")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTED = re.compile(r"[\"“]([^\"“”]{8,})[\"”]|「([^「」]{4,})」|『([^『』]{4,})』")
# Pages do not speak in the first person; a model that claims to have acted does.
_SPEAKER = re.compile(r"\b(?:I|I['’]\w+|[Mm]y|[Mm]e|[Mm]yself)\b")


def has_address(text: str) -> bool:
    """True if a text contains a web or mail address."""
    return _ADDRESS.search(text) is not None


def names_others(text: str, given: Collection[str], newest_edition: str) -> bool:
    """True if a text names an id that was not given, or anything that looks like one."""
    folded = fold(text).upper()
    shown = folded.translate(_LOOKALIKES)
    named = {match.id for match in find_ids(shown, newest_edition)}
    unknown_form = any(not find_ids(match[0], newest_edition) for match in _ID_LIKE.finditer(shown))
    disguised = named != {match.id for match in find_ids(folded, newest_edition)}
    return unknown_form or disguised or not named <= set(given)


class Fact(StrEnum):
    """A kind of fact that a sentence may not add to its passages."""

    NUMBER = "number"
    NAME = "name"
    CLAUSE = "clause"
    QUOTATION = "quotation"
    SPEAKER = "speaker"


@dataclass(frozen=True, slots=True)
class _Shown:
    """The cited passages with their ids and titles, and the terms in them."""

    texts: tuple[str, ...]
    terms: frozenset[str]


def added_fact(text: str, passages: Sequence[Passage]) -> Fact | None:
    """The first kind of fact in a text that its passages do not have, or None."""
    texts = tuple(f"{passage.entry.id} {passage.entry.title}\n{passage.text}" for passage in passages)
    shown = _Shown(texts, frozenset(term for one in texts for term in terms(one)))
    return next((fact for fact, adds in _CHECKS.items() if adds(text, shown)), None)


def _adds_number(text: str, shown: _Shown) -> bool:
    known = {number for one in shown.texts for number in _NUMBER.findall(fold(one))}
    return not set(_NUMBER.findall(fold(text))) <= known


def _adds_name(text: str, shown: _Shown) -> bool:
    return not names(text) <= shown.terms


def _adds_clause(text: str, shown: _Shown) -> bool:
    return not is_japanese(text) and longest_run(terms(text), shown.terms) > LONGEST_RUN


def _adds_quotation(text: str, shown: _Shown) -> bool:
    quotations = ("".join(groups) for groups in _QUOTED.findall(text))
    known = [plain(one) for one in shown.texts]
    return not all(any(plain(quotation) in one for one in known) for quotation in quotations)


def _adds_speaker(text: str, shown: _Shown) -> bool:
    return bool(_SPEAKER.search(text)) and not any(_SPEAKER.search(one) for one in shown.texts)


_CHECKS: dict[Fact, Callable[[str, _Shown], bool]] = {
    Fact.NUMBER: _adds_number,
    Fact.NAME: _adds_name,
    Fact.CLAUSE: _adds_clause,
    Fact.QUOTATION: _adds_quotation,
    Fact.SPEAKER: _adds_speaker,
}


def plain(text: str) -> str:
    """The text for comparison: without case, insignificant spaces and final punctuation."""
    return comparable(text).casefold().strip(".,;:!?。、！？ ")
