"""The part of an entry that shows best why a keyword search found it."""

from dataclasses import dataclass

from kb.base import Hit
from kb.text import Token, tokens

WIDTH = 200  # characters, about two lines


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
    source = hit.chunks[0].text.replace("\n", " ") if hit.chunks else hit.entry.title
    matches = [token for token in tokens(source) if token.term in wanted]
    start = _best_start(matches)
    start = 0 if start < WIDTH // 4 else source.rfind(" ", 0, start) + 1
    end = min(len(source), start + WIDTH)
    if end < len(source) and (blank := source.rfind(" ", start, end)) > start + WIDTH // 2:
        end = blank
    before, after = "… " if start else "", " …" if end < len(source) else ""
    shift = len(before) - start
    marks = tuple((t.start + shift, t.end + shift) for t in matches if start <= t.start and t.end <= end)
    return Snippet(f"{before}{source[start:end]}{after}", _merged(marks))


def _best_start(matches: list[Token]) -> int:
    """The offset of the match from which a window holds most different terms."""
    best, most = 0, 0
    for match in matches:
        within = {t.term for t in matches if match.start <= t.start <= match.start + WIDTH}
        if len(within) > most:
            best, most = match.start, len(within)
    return best


def _merged(marks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Marks that touch or overlap, as pairs of characters do, made one."""
    merged: list[tuple[int, int]] = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
