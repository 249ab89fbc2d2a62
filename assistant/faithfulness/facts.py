"""What a sentence may not contain: addresses, ids that were not given, quotations and speakers of its own."""

import re
from collections.abc import Collection, Iterable, Iterator

from kb.ids import find_ids
from kb.text import comparable, fold

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


def other_quotations(text: str, texts: Iterable[str]) -> Iterator[str]:
    """The quotations in a text that stand in none of the other texts."""
    known = [plain(one) for one in texts]
    for groups in _QUOTED.findall(text):
        quotation = "".join(groups)
        if not any(plain(quotation) in one for one in known):
            yield quotation


def speakers(text: str, shown: str) -> Iterator[str]:
    """The words for a speaker in a text, if the shown text has none."""
    if not _SPEAKER.search(shown):
        yield from _SPEAKER.findall(text)


def plain(text: str) -> str:
    """The text for comparison: without case, insignificant spaces and final punctuation."""
    return comparable(text).casefold().strip(".,;:!?。、！？ ")
