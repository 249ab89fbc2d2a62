"""The citations of an answer, and their check against the served build."""

from collections.abc import Collection, Iterable, Sequence

from assistant.answers.records import Origin, Part, Statement
from kb.entries import Origin as Author
from kb.errors import GenlensError
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase


class CitationError(GenlensError):
    """A citation is not in the served build; the answer is withheld."""


def citations_of(statements: Iterable[Statement]) -> tuple[Passage, ...]:
    """The first passage of each supporting entry, in order of first use."""
    first: dict[str, Passage] = {}
    for statement in statements:
        for passage in statement.passages:
            first.setdefault(passage.entry.id, passage)
    return tuple(first.values())


def check_citations(base: KnowledgeBase, statements: Sequence[Statement]) -> None:
    """Check the words and every passage of the statements against the served build.

    :raises CitationError: an entry is not in the build as cited, a span is not in its section, or the words
        of a statement are neither its passage, nor a line of the catalogue, nor the reason of a relation.
    """
    cited = {passage.entry.id: passage.entry for one in statements for passage in one.passages}
    reasons = {(other.id, other.why) for entry in cited.values() for other in entry.related}
    for statement in statements:
        _check_words(statement, reasons)
        for passage in statement.passages:
            _check(base, passage)


def _check_words(statement: Statement, reasons: Collection[tuple[str, str]]) -> None:
    """Reject words that their author did not write; the sentences of a model are judged elsewhere.

    `reasons` are those of the relations of all cited entries, with the id of the other entry.
    """
    if statement.origin is Origin.MODEL or not statement.passages:
        return
    passage = statement.passages[0]
    if statement.origin is Origin.SOURCE:
        written = statement.text == passage.text and passage.origin is Author.SITE
    elif statement.part is Part.RELATED:
        written = (passage.entry.id, statement.text) in reasons
    else:
        own = (s.text for s in passage.entry.sections if s.origin is Author.CATALOGUE)
        written = any(statement.text in text for text in own)
    if not written:
        raise CitationError(
            f"{passage.entry.id} does not say {statement.text[:60]!r}; the answer is withheld"
        )


def _check(base: KnowledgeBase, passage: Passage) -> None:
    entry = passage.entry
    if not base.has(entry.id):
        raise CitationError(f"{entry.id} is not in build {base.build}; the answer is withheld")
    if entry not in base.versions(entry.id):
        raise CitationError(f"{entry.id} differs from build {base.build}; the answer is withheld")
    exists = 0 <= passage.section_index < len(entry.sections)
    if not exists or not 0 <= passage.start < passage.end <= len(passage.section.text):
        span = f"{passage.start} to {passage.end} of section {passage.section_index}"
        raise CitationError(f"{entry.id} has no text at {span}; the answer is withheld")
