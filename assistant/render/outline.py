"""An answer in the order it is read: the opening, then blocks of statements below headings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.answers.records import Answer, EntryRef, Gap, Origin, Part, Statement
from assistant.render.labels import Words, words_of
from kb.entries import Marker

# The parts of an answer without a heading.
OPENING = (Part.LEAD, Part.SAID)
NEAREST = 5
_NUMBER = re.compile(r"\d+\.\s+")


@dataclass(frozen=True, slots=True)
class Block:
    """Statements below a heading."""

    heading: str
    statements: tuple[Statement, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of each step, counted from 1; 0 for statements that are no steps."""
        steps = [statement.part is Part.DO for statement in self.statements]
        return tuple(sum(steps[: place + 1]) if step else 0 for place, step in enumerate(steps))


def opening(answer: Answer) -> tuple[Statement, ...]:
    """The statements of an answer without a heading."""
    return tuple(statement for statement in answer.statements if statement.part in OPENING)


def blocks(answer: Answer) -> Iterator[Block]:
    """The other statements, in blocks: by part, or by entry if the answer is made of several entries."""
    words = words_of("answer", answer.language)
    body = [s for s in answer.statements if s.part not in (*OPENING, Part.RELATED)]
    several = len({s.id for s in answer.statements if s.part is not Part.RELATED}) > 1
    for _, group in groupby(body, lambda s: s.id if several else s.part):
        statements = tuple(group)
        entry = statements[0].passages[0].entry
        yield Block(f"{entry.title} [{entry.id}]" if several else words[statements[0].part], statements)
    if related := tuple(s for s in answer.statements if s.part is Part.RELATED):
        yield Block(words[Part.RELATED], related)


def gap_line(answer: Answer) -> str:
    """The reason why a question has no answer, as one line; the nearest topics follow it."""
    words = words_of("answer", answer.language)
    return words[answer.gap or Gap.NOT_COVERED].format(ids=", ".join(answer.unknown))


def notes(answer: Answer) -> list[str]:
    """The lines before an answer: why a model did not write it, and ids it could not find."""
    unknown = words_of("answer", answer.language)["unknown"].format(ids=", ".join(answer.unknown))
    told = answer.unknown and answer.gap is not Gap.UNKNOWN_ID
    return [line for line in (answer.note, unknown if told else "") if line]


def nearest(answer: Answer) -> tuple[EntryRef, ...]:
    """The nearest topics of a question without an answer; none if its answer was given before."""
    return () if answer.gap is Gap.NOTHING_NEW else answer.hits[:NEAREST]


def lines_of(statement: Statement) -> list[str]:
    """The text of a statement in lines: the sentence or step, then its sub-items.

    A minor heading of the page stands before its sentence.
    """
    first, *rest = statement.text.split("\n")
    if rest and statement.passages and _is_heading(statement):
        return [f"{_NUMBER.sub('', first)}: {rest[0]}", *rest[1:]]
    return [first, *rest]


def related_line(statement: Statement) -> str:
    """The title of a related entry and the reason."""
    return f"{statement.passages[0].entry.title}: {statement.text}"


def footnote(statements: Sequence[Statement], words: Words) -> str:
    """The line on the statements in genlens's own words; empty without any."""
    own = [s for s in statements if is_restated(s)]
    if not own:
        return ""
    return words["restated"] if all(s.quote for s in own) else words["own_words"]


def is_restated(statement: Statement) -> bool:
    """True for a statement in genlens's own words; the reason of a relation is always ours."""
    return statement.origin is Origin.GENLENS and statement.part is not Part.RELATED


def _is_heading(statement: Statement) -> bool:
    passage = statement.passages[0]
    offset = 0
    for item in passage.section.items:
        if offset == passage.start:
            return item.marker is Marker.HEADING
        offset += len(item.text) + 1
    return False
