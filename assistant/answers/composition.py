"""The `Answer` record, and the extractive answer: words of the cited sections, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.answers.citations import Citation, check, cite
from assistant.answers.passages import Passage, lead, reason, steps
from assistant.llm.usage import Usage
from assistant.tracing import Name, SpanKind, Step, step
from kb.entries import Kind, Language
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.search import Hit, Retrieval

STEPS, RELATED = 5, 3
# Hits among which a risk is looked for beside a practice, and a practice beside a risk.
NEAR = 6
MOST_NAMED = 6


class Part(StrEnum):
    """What a statement does in an answer."""

    LEAD = "lead"
    SAID = "said"
    DO = "do"
    WHY = "why"
    RELATED = "related"


class Doubt(StrEnum):
    """Why a sentence of a language model is not to be taken for the sources' own."""

    UNCITED = "uncited"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Place:
    """An entry that supports a statement, and the address of the section that does."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Words of an answer and the id of the entry they stand in, or that supports them.

    `more` are further entries that do. A statement in doubt has neither id nor address.
    """

    part: Part
    text: str
    id: str
    url: str
    doubt: Doubt | None = None
    more: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was found, whether or not the answer uses it."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user gets: statements in reading order, and the entries they rest on in order of first use.

    Where the corpus does not cover the question, both are empty and `hits` are the nearest topics.
    `note` is one line on why the words are not those of the language model that is set, or empty; `usage`
    is what that model read and wrote, and None where none was asked.
    """

    question: str
    language: Language
    covered: bool
    confidence: float
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Found, ...]
    build: str
    note: str = ""
    usage: Usage | None = None


def ask(base: KnowledgeBase, question: str, filters: Filters = ALL) -> Answer:
    """The extractive answer to a question, checked against the served build.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the model of the build cannot be loaded.
    """
    with step("ask") as asked, asked.around():
        asked.note_text(Name.INPUT, question)
        answer = extractive(base, retrieve(base, question, filters))
        note_answer(asked, answer)
        return answer


def retrieve(base: KnowledgeBase, question: str, filters: Filters = ALL, limit: int = 10) -> Retrieval:
    """What is found for a question, best first.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the model of the build cannot be loaded.
    """
    with step("retrieve", SpanKind.RETRIEVER) as retrieving:
        retrieving.note_text(Name.INPUT, question)
        found = base.retrieve(question, filters, limit)
        retrieving.note_hits(found.hits)
        return found


def note_answer(asked: Step, answer: Answer) -> None:
    """Record what an answer is made of."""
    asked.note("genlens.build", answer.build)
    asked.note("genlens.covered", answer.covered)
    asked.note("genlens.cited", " ".join(citation.id for citation in answer.citations))
    asked.note_text(Name.OUTPUT, " ".join(statement.text for statement in answer.statements))


def extractive(base: KnowledgeBase, found: Retrieval) -> Answer:
    """The answer in the words of what was found.

    :raises CitationError: a citation does not hold against the build.
    """
    with step("select"):
        said = chosen(base, found) if found.covered else []
    cited = tuple(cite(passage) for _, passage in said)
    with step("check", SpanKind.GUARDRAIL):
        check(base, cited)
    return Answer(
        question=found.query.text,
        language=found.query.language,
        covered=bool(said),
        confidence=found.confidence,
        statements=tuple(Statement(part, p.text, p.entry.id, p.url) for part, p in said),
        citations=first_of_each(cited),
        hits=tuple(Found(hit.entry.id, hit.entry.title) for hit in found.hits),
        build=base.build,
    )


def first_of_each(cited: Sequence[Citation]) -> tuple[Citation, ...]:
    """The first citation of each entry, in order of first use."""
    first: dict[str, Citation] = {}
    for citation in cited:
        first.setdefault(citation.id, citation)
    return tuple(first.values())


def chosen(base: KnowledgeBase, found: Retrieval) -> list[tuple[Part, Passage]]:
    """Statements in reading order: what it is, what to do, why, and what is near."""
    wanted = found.query.terms
    main = main_hits(found)
    leads = [p for hit in main if (p := lead(hit, wanted, base.idf))]
    actions = [p for hit in main for p in steps(hit, wanted, base.idf, max(1, STEPS // len(main)))]
    why = [p for hit in main[:1] if (p := reason(hit, wanted, base.idf, [*leads, *actions]))]
    related = [p for hit in _related(found.hits, main) if (p := lead(hit, wanted, base.idf))]
    return [
        (part, passage)
        for part, passages in (
            (Part.LEAD, leads),
            (Part.DO, actions),
            (Part.WHY, why),
            (Part.RELATED, related),
        )
        for passage in passages
    ]


def main_hits(found: Retrieval) -> Sequence[Hit]:
    """The hits that the answer is made of: those the question names, or else the best."""
    named = [hit for hit in found.hits if hit.entry.id in found.named]
    return named[:MOST_NAMED] or found.hits[:1]


def _related(hits: Sequence[Hit], main: Sequence[Hit]) -> Sequence[Hit]:
    """The next hits, with one of the other kind among them where one is near: a risk for a practice."""
    known = {hit.entry.id for hit in main}
    others = [hit for hit in hits if hit.entry.id not in known]
    chosen = others[:RELATED]
    kinds: set[Kind] = {hit.entry.kind for hit in (*main, *chosen)}
    near = next((hit for hit in others[:NEAR] if hit.entry.kind not in kinds), None)
    return [*chosen[: RELATED - 1], near] if near else chosen
