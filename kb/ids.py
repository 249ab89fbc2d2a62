"""The grammar of entry ids, and the one parser for the spellings people type.

Grammar: `GENSEC05`, `GENSEC05-BP01` (generative AI lens); `AGENTSEC03`, `AGENTSEC03-BP03` (agentic AI lens);
`SEC01-BP01` (framework); `RAI...` (responsible AI); `LLM03:2026` (OWASP).
"""

import re
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from kb.text import fold

PILLARS = {
    "OPS": "Operational excellence",
    "SEC": "Security",
    "REL": "Reliability",
    "PERF": "Performance efficiency",
    "COST": "Cost optimization",
    "SUS": "Sustainability",
}
# The appendix of the lens and its readers write GENPER; the page names say GENPERF.
_PILLAR = "OPS|SEC|REL|PERF?|COST|SUS"
_GAP = r"[\s_\-.:/]*"
_PRACTICE = re.compile(
    rf"""
    (?<![A-Z0-9])
    (?: (?P<lens>GEN|AGENT) {_GAP} (?P<pillar>{_PILLAR})   # GENSEC, AGENTSEC
      | (?P<framework>{_PILLAR})                           # SEC
      | (?P<rai>RAI[A-Z]*)                                 # RAI...
    )
    {_GAP} (?P<question>\d{{1,2}}) (?!\d)                  # 05
    (?: {_GAP} BP {_GAP} (?P<practice>\d{{1,2}}) (?!\d) )?  # -BP01
    """,
    re.VERBOSE,
)
_RISK = re.compile(
    r"""
    (?<![A-Z0-9]) LLM (?P<gap>[\s_\-.:/]*)
    (?P<number>0?[1-9]|10)
    (?![0-9A-Z%])                          # not LLM30, LLM3B, LLM 5%
    (?! ,\d | \. (?!20\d\d(?!\d)) \d )    # not "LLM 3,000" or "LLM 3.5", but LLM03.2026
    (?: [\s_\-.:/(]* (?P<year>20\d\d) (?!\d) )?
    """,
    re.VERBOSE,
)
# Only ASCII: other letters may grow in upper case ("ß" to "SS"), and offsets with them.
_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_WHOLE_RISK = re.compile(r"(?:OWASP\s+)?LLM[\s_\-.:/]*\d{1,2}\W*")


@dataclass(frozen=True, slots=True)
class IdMatch:
    """An id in a text, and the offsets of its spelling in the folded text."""

    id: str
    start: int
    end: int


def find_ids(text: str, newest_edition: str) -> tuple[IdMatch, ...]:
    """Ids in a text, in order of appearance, each once; they are not checked against a build.

    A risk without a year belongs to `newest_edition` (four digits). A lone "llm 9" counts only if it is
    clearly an id: written together, zero-padded, with a year, after "OWASP", or as the whole text. "We call
    the LLM 3 times" names nothing.
    """
    folded = fold(text).translate(_TO_UPPER)
    matches = [_practice(match) for match in _PRACTICE.finditer(folded) if _is_practice(match)]
    matches += [_risk(match, newest_edition) for match in _RISK.finditer(folded) if _is_risk(match, folded)]
    first: dict[str, IdMatch] = {}
    for match in sorted(matches, key=lambda match: match.start):
        first.setdefault(match.id, match)
    return tuple(first.values())


def parse_id(text: str, newest_edition: str) -> str | None:
    """The only id in a text; None if there is no id or more than one."""
    matches = find_ids(text, newest_edition)
    return matches[0].id if len(matches) == 1 else None


def edition_of(entry_id: str) -> str | None:
    """The year in the id of a risk; None for other ids."""
    _, colon, year = entry_id.partition(":")
    return year if colon else None


def question_of(entry_id: str) -> str:
    """The id of the question of a best practice; other ids are returned unchanged."""
    return entry_id.partition("-BP")[0]


def _is_practice(match: re.Match[str]) -> bool:
    # "sec 5" is a time, "cost 2" a price and "raise 3" a wish: framework ids need a practice number, ids of
    # responsible AI that or a zero-padded question number.
    return (
        match["lens"] is not None
        or match["practice"] is not None
        or (match["rai"] is not None and match["question"].startswith("0"))
    )


def _practice(match: re.Match[str]) -> IdMatch:
    pillar = match["pillar"] or match["framework"] or ""
    prefix = match["rai"] or (match["lens"] or "") + ("PERF" if pillar == "PER" else pillar)
    practice = f"-BP{int(match['practice']):02}" if match["practice"] else ""
    return IdMatch(f"{prefix}{int(match['question']):02}{practice}", match.start(), match.end())


def _is_risk(match: re.Match[str], folded: str) -> bool:
    plain = not any(character.isspace() for character in match["gap"])
    return (
        plain
        or match["number"].startswith("0")
        or match["year"] is not None
        or "OWASP" in folded
        or _WHOLE_RISK.fullmatch(folded.strip()) is not None
    )


def _risk(match: re.Match[str], newest_edition: str) -> IdMatch:
    return IdMatch(
        f"LLM{int(match['number']):02}:{match['year'] or newest_edition}", match.start(), match.end()
    )
