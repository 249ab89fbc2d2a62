"""The snippet of a hit: the words around the matches."""

from dataclasses import dataclass

from kb.entries import SEARCH_ONLY
from kb.ranking.search import Hit
from kb.text import Token, tokens

WIDTH = 200  # characters, about two lines
LEAD = 40  # characters before the first match


@dataclass(frozen=True, slots=True)
class Snippet:
    """Words of an entry around the matches; `marks` are start and end of each match in `text`."""

    text: str
    marks: tuple[tuple[int, int], ...]

    def marked(self, before: str, after: str) -> str:
        """The text with each match between two strings."""
        pieces, at = [], 0
        for start, end in self.marks:
            pieces += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*pieces, self.text[at:]])


def snippet(hit: Hit, wanted: frozenset[str]) -> Snippet:
    """The window with the most wanted terms in the best chunk of a hit."""
    source = _source(hit)
    matches = [token for token in tokens(source) if token.term in wanted]
    start = _best_start(source, matches)
    end = _end(source, start)
    before, after = "… " if start else "", " …" if end < len(source) else ""
    shift = len(before) - start
    marks = tuple((t.start + shift, t.end + shift) for t in matches if start <= t.start and t.end <= end)
    return Snippet(f"{before}{source[start:end]}{after}", _merged(marks))


def _source(hit: Hit) -> str:
    """The best chunk for readers on one line, or the title of an entry without one."""
    chunk = next((chunk for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), None)
    return (chunk.text if chunk else hit.entry.title).replace("\n", " ")


def _end(source: str, start: int) -> int:
    """The end of a window, at a space if there is one in its second half."""
    end = min(len(source), start + WIDTH)
    space = source.rfind(" ", start, end) if end < len(source) else -1
    return space if space > start + WIDTH // 2 else end


def _best_start(source: str, matches: list[Token]) -> int:
    """The start of the first window with the most different terms."""
    starts = [0, *(source.rfind(" ", 0, max(0, match.start - LEAD)) + 1 for match in matches)]
    return max(
        starts,
        key=lambda start: len({t.term for t in matches if start <= t.start and t.end <= start + WIDTH}),
    )


def _merged(marks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The marks, with touching and overlapping ones joined; pairs of characters overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
