"""The extractive answer: words of the cited pages, and lines of the catalogue that they support."""

from assistant.answers.citations import check_citations, citations_of
from assistant.answers.composition import compose
from assistant.answers.records import Answer, Context, EntryRef, Gap
from assistant.tracing import Name, SpanKind, step
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.search import Retrieval

ALONE = Context()


def retrieve(base: KnowledgeBase, question: str, filters: Filters = ALL, limit: int = 10) -> Retrieval:
    """The hits for a question, best first.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the model of the build cannot be loaded.
    """
    with step("retrieve", SpanKind.RETRIEVER) as span:
        span.note_text(Name.INPUT, question)
        retrieval = base.retrieve(question, filters, limit)
        span.note_hits(retrieval.hits)
        return retrieval


def extractive_answer(
    base: KnowledgeBase,
    retrieval: Retrieval,
    filters: Filters = ALL,
    context: Context = ALONE,
    *,
    verbatim: bool = False,
) -> Answer:
    """The answer from the passages of the hits, checked against the served build.

    Statements of the context are not repeated; `verbatim` quotes the sources alone.

    :raises CitationError: a citation is not in the build.
    """
    with step("select"):
        statements = (
            compose(base, retrieval, filters, context, verbatim=verbatim) if retrieval.covered else ()
        )
    with step("check", SpanKind.GUARDRAIL):
        check_citations(base, statements)
    gap = Gap.NOT_COVERED
    if retrieval.covered:
        # Without anything shown before, only a page missing in this language leaves nothing to say.
        gap = Gap.NOTHING_NEW if context.shown else Gap.NO_SOURCE
    return Answer(
        question=retrieval.query.text,
        language=retrieval.query.language,
        covered=bool(statements),
        confidence=retrieval.confidence,
        statements=statements,
        citations=citations_of(statements),
        hits=tuple(EntryRef(hit.entry.id, hit.entry.title) for hit in retrieval.hits),
        build=base.build,
        gap=None if statements else gap,
    )
