"""What is cited, and the check that it stands where it is said to stand."""

from dataclasses import dataclass

from assistant.answers.passages import Passage
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase


class CitationError(GenlensError):
    """A citation does not hold against the served build; the answer is withheld."""


@dataclass(frozen=True, slots=True)
class Citation:
    """An entry that an answer rests on, with the first words quoted from it.

    `section` is the title of the quoted section, `url` its address.
    """

    id: str
    title: str
    edition: str
    url: str
    quote: str
    source: str
    section: str
    question: str | None
    pillar: str | None
    risk_level: RiskLevel | None


def cite(passage: Passage) -> Citation:
    """The citation of a passage."""
    entry = passage.entry
    return Citation(
        id=entry.id,
        title=entry.title,
        edition=entry.edition,
        url=passage.url,
        quote=passage.text,
        source=entry.source,
        section=passage.section.title,
        question=entry.question,
        pillar=entry.pillar,
        risk_level=entry.risk_level,
    )


def check(base: KnowledgeBase, citations: tuple[Citation, ...]) -> None:
    """Hold every citation against the served build.

    :raises CitationError: an id is not in the build, or a quote does not stand in its section.
    """
    for citation in citations:
        if not base.has(citation.id):
            raise CitationError(f"{citation.id} is not in build {base.build}; the answer is withheld")
        sections = [section for version in base.versions(citation.id) for section in version.sections]
        if not any(s.title == citation.section and citation.quote in s.text for s in sections):
            raise CitationError(
                f"{citation.id}: {citation.quote[:60]!r} is not in its section {citation.section!r}; "
                "the answer is withheld"
            )
