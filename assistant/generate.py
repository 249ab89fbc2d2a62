"""The answer to a question: extractive, or written by a language model with every sentence judged."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from assistant.answers.citations import check_citations, citations_of
from assistant.answers.extractive import ALONE, extractive_answer, retrieve
from assistant.answers.gaps import explained
from assistant.answers.records import Answer, Context, Doubt, Origin, Part, Statement
from assistant.faithfulness.judge import Judge, Judged
from assistant.faithfulness.stream import split_stream
from assistant.llm import prompts
from assistant.llm.budget import BudgetedModel, NotAskedError
from assistant.llm.client import LanguageModelError
from assistant.tracing import Name, SpanKind, Step, step
from kb.index.passages import STATING, Passage, passage_of
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.search import Hit, Retrieval

# Entries given to a model, and passages of each: more for the entries the answer is about.
ENTRIES, MAIN_PASSAGES, OTHER_PASSAGES = 6, 4, 2
NOT_FOUND = "the language model found no answer in the retrieved passages"
INSTEAD = "answered from the sources alone, because the language model failed: {}"
NOT_ASKED = "answered from the sources alone, because the language model was not asked: {}"

OnStatement = Callable[[Statement], object]
"""Called with each statement of a language model as soon as it is judged."""


def ignore(_statement: Statement) -> None:
    """Do nothing with a statement."""


def ask(
    base: KnowledgeBase,
    question: str,
    filters: Filters = ALL,
    model: BudgetedModel | None = None,
    on_statement: OnStatement = ignore,
    *,
    context: Context = ALONE,
    verbatim: bool = False,
) -> Answer:
    """The answer to a question, checked against the served build.

    A language model writes it, sentence by sentence. Without a model, or if it fails or fewer than half of
    its sentences are supported, the answer is extractive, and `note` gives the reason. Statements of the
    `context` are not repeated; `verbatim` quotes the sources alone.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the embedding model of the build cannot be loaded.
    """
    with step("ask") as span:
        span.note_text(Name.INPUT, question)
        retrieval = retrieve(base, question, filters)
        answer = extractive_answer(base, retrieval, filters, context, verbatim=verbatim)
        answer = explained(base, answer, filters)
        if model is not None and answer.covered:
            answer = _generated(base, retrieval, answer, model, on_statement)
        _note_answer(span, answer)
        return answer


def passages_for(retrieval: Retrieval, statements: Sequence[Statement]) -> tuple[Passage, ...]:
    """The passages for a model, in page order within each entry.

    They are the parts of the best entries that the extractive answer quotes, and their best chunks.
    """
    quoted = [passage for statement in statements for passage in statement.passages]
    main = {statement.id for statement in statements if statement.part is not Part.RELATED}
    used = main | {passage.entry.id for passage in quoted}
    others = [hit.entry.id for hit in retrieval.hits if hit.entry.id not in used]
    given = used | set(others[: max(0, ENTRIES - len(used))])
    hits = sorted(retrieval.hits, key=lambda hit: (hit.entry.id not in main, hit.entry.id not in used))
    return tuple(
        passage
        for hit in hits
        if hit.entry.id in given
        for passage in _parts(hit, quoted, MAIN_PASSAGES if hit.entry.id in main else OTHER_PASSAGES)
    )


def _parts(hit: Hit, quoted: Sequence[Passage], count: int) -> list[Passage]:
    """The chunks of an entry with quoted passages, filled up to `count` with its best chunks."""
    own = [passage for passage in quoted if passage.entry.id == hit.entry.id]
    parts = [passage_of(hit.entry, chunk) for chunk in hit.chunks if chunk.role in STATING]
    quoting = [part for part in parts if any(part.overlaps(passage) for passage in own)]
    best = [part for part in parts if part not in quoting][: max(0, count - len(quoting))]
    return sorted([*quoting, *best], key=lambda part: (part.section_index, part.start))


def _generated(
    base: KnowledgeBase,
    retrieval: Retrieval,
    extractive: Answer,
    model: BudgetedModel,
    on_statement: OnStatement,
) -> Answer:
    """The answer of the model, or the extractive one with the reason."""
    passages = passages_for(retrieval, extractive.statements)
    try:
        judged = _judged_sentences(base, extractive, passages, model, on_statement)
        if _declines(judged):
            model.remember()
            return replace(
                extractive, covered=False, statements=(), citations=(), note=NOT_FOUND, usage=model.usage
            )
        _check_support(judged)
        statements = tuple(_statement(one) for one in judged if not one.withheld)
        with step("check", SpanKind.GUARDRAIL):
            check_citations(base, statements)
    except NotAskedError as error:
        return replace(extractive, note=NOT_ASKED.format(error), usage=model.usage)
    except LanguageModelError as error:
        return replace(extractive, note=INSTEAD.format(error), usage=model.usage)
    model.remember()
    return replace(extractive, statements=statements, citations=citations_of(statements), usage=model.usage)


def _judged_sentences(
    base: KnowledgeBase,
    extractive: Answer,
    passages: Sequence[Passage],
    model: BudgetedModel,
    on_statement: OnStatement,
) -> list[Judged]:
    """The sentences of the model with their verdicts.

    :raises LanguageModelError: the model fails.
    """
    judge = Judge(base, passages)
    prompt = prompts.answering(extractive.question, passages)
    judged: list[Judged] = []
    with step("generate", SpanKind.LLM) as span:
        try:
            with closing(model.stream(prompt, base.build)) as pieces:
                for sentence in split_stream(pieces):
                    judged.append(judge.judge(sentence))
                    if not judged[-1].withheld and not _declines(judged):
                        on_statement(_statement(judged[-1]))
        finally:
            if model.usage:
                span.note(Name.MODEL, model.usage.model)
                span.note_tokens(model.usage.read, model.usage.written)
    return judged


def _check_support(judged: Sequence[Judged]) -> None:
    """Reject a response without text, or with fewer than half of its sentences supported.

    :raises LanguageModelError: with the reason.
    """
    if not judged:
        raise LanguageModelError("it wrote nothing")
    supported = sum(bool(one.support) for one in judged)
    if 2 * supported < len(judged):
        raise LanguageModelError(
            f"{supported} of its {len(judged)} sentences are supported by the passages they cite"
        )


def _declines(judged: Sequence[Judged]) -> bool:
    """True if the model only wrote that the passages do not answer the question."""
    return len(judged) == 1 and judged[0].text.rstrip(".。") == prompts.NOT_COVERED


def _statement(judged: Judged) -> Statement:
    if not judged.support:
        return Statement(Part.SAID, judged.text, (), judged.doubt or Doubt.UNCITED, Origin.MODEL)
    return Statement(Part.SAID, judged.text, judged.support, origin=Origin.MODEL)


def _note_answer(span: Step, answer: Answer) -> None:
    """Record the composition of an answer."""
    span.note("genlens.build", answer.build)
    span.note("genlens.covered", answer.covered)
    span.note("genlens.cited", " ".join(passage.entry.id for passage in answer.citations))
    span.note_text(Name.OUTPUT, " ".join(statement.text for statement in answer.statements))
