"""The part of an entry that shows best why a keyword search found it."""

from dataclasses import dataclass

from kb.entries import SEARCH_ONLY
from kb.ranking.search import Hit
from kb.text import Token, tokens

WIDTH = 200  # characters, about two lines
LEAD = 40  # characters before the first match


@dataclass(frozen=True, slots=True)
class Snippet:
    """Words of an entry around what was searched for; `marks` are start and end of each match in `text`."""

    text: str
    marks: tuple[tuple[int, int], ...]

    def marked(self, before: str, after: str) -> str:
        """The text with each match set between two strings."""
        pieces, at = [], 0
        for start, end in self.marks:
            pieces += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*pieces, self.text[at:]])


def snippet(hit: Hit, wanted: frozenset[str]) -> Snippet:
    """The window of the hit's best chunk that holds most of the wanted terms."""
    said = next((chunk.text for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), hit.entry.title)
    source = said.replace("\n", " ")
    matches = [token for token in tokens(source) if token.term in wanted]
    start = _best_start(source, matches)
    end = min(len(source), start + WIDTH)
    if end < len(source) and (blank := source.rfind(" ", start, end)) > start + WIDTH // 2:
        end = blank
    before, after = "… " if start else "", " …" if end < len(source) else ""
    shift = len(before) - start
    marks = tuple((t.start + shift, t.end + shift) for t in matches if start <= t.start and t.end <= end)
    return Snippet(f"{before}{source[start:end]}{after}", _merged(marks))


def _best_start(source: str, matches: list[Token]) -> int:
    """Where the window begins that holds most different terms; the first of equal ones."""
    starts = [0, *(source.rfind(" ", 0, max(0, match.start - LEAD)) + 1 for match in matches)]
    return max(
        starts,
        key=lambda start: len({t.term for t in matches if start <= t.start and t.end <= start + WIDTH}),
    )


def _merged(marks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Marks that touch or overlap, as pairs of characters do, made one."""
    merged: list[tuple[int, int]] = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
