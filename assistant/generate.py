"""Answers in a language model's words, each sentence checked before it is shown; else the sources' words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answers.citations import check, cite
from assistant.answers.composition import (
    Answer,
    Doubt,
    Part,
    Place,
    Statement,
    chosen,
    extractive,
    first_of_each,
    main_hits,
    note_answer,
    retrieve,
)
from assistant.answers.passages import Passage
from assistant.faithfulness.judge import Judge, Judged
from assistant.faithfulness.stream import sentences_of
from assistant.llm import prompts
from assistant.llm.budget import Writer
from assistant.llm.client import LanguageModelError
from assistant.tracing import Name, SpanKind, Step, step
from kb.entries import Role
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.query import MAX_QUESTION
from kb.ranking.search import Hit, Retrieval
from kb.text import squeeze

# Entries that a model is given, and passages of each: more of those that the answer is about.
ENTRIES, MAIN_PASSAGES, OTHER_PASSAGES = 6, 4, 2
# What entries state; not what people ask for, say of themselves or link to.
STATING = (
    Role.INTRODUCTION,
    Role.OUTCOME,
    Role.BENEFITS,
    Role.ANTI_PATTERNS,
    Role.GUIDANCE,
    Role.STEPS,
    Role.EXAMPLES,
    Role.OTHER,
)
NOT_FOUND = "the language model found no answer in the passages that were found"
INSTEAD = "these are the sources' own words, because the language model cannot be used: {}"
# Of a conversation, what a follow-up can lean on.
TURNS, TURN_LENGTH = 4, 1_500


def respond(
    base: KnowledgeBase, question: str, filters: Filters = ALL, writer: Writer | None = None
) -> Answer:
    """The answer in the words of a writer's model, or in those of the sources, with one line why.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the embedding model of the build cannot be loaded.
    """
    *_, last = responding(base, question, filters, writer)
    if not isinstance(last, Answer):
        raise TypeError("the last of what comes back is the answer")
    return last


def responding(
    base: KnowledgeBase, question: str, filters: Filters = ALL, writer: Writer | None = None
) -> Iterator[Statement | Answer]:
    """Each statement of a model as soon as it has been checked, then the whole answer, always last.

    The answer replaces what came before it: it is extractive where the model breaks off or too few of its
    sentences are supported.

    :raises InputError: the question is blank or too long.
    :raises ModelError: the embedding model of the build cannot be loaded.
    """
    with step("ask") as asked:
        asked.note_text(Name.INPUT, question)
        with asked.around():
            found = retrieve(base, question, filters)
            plain = extractive(base, found)
        for made in _answered(base, found, plain, writer, asked):
            if isinstance(made, Answer):
                note_answer(asked, made)
            yield made


def _answered(
    base: KnowledgeBase, found: Retrieval, plain: Answer, writer: Writer | None, asked: Step
) -> Iterator[Statement | Answer]:
    if writer is None or not plain.covered:
        yield plain
        return
    try:
        with step("generate", SpanKind.LLM, asked) as generating:
            try:
                yield from _worded(base, found, plain, writer, asked)
            finally:
                if writer.usage:
                    generating.note(Name.MODEL, writer.usage.model)
                    generating.note_tokens(writer.usage.read, writer.usage.written)
    except LanguageModelError as error:
        yield replace(plain, note=INSTEAD.format(error), usage=writer.usage)


def condense(history: Sequence[tuple[str, str]], question: str, writer: Writer) -> str:
    """A follow-up as a question that stands alone; `history` holds questions and answers, oldest first.

    :raises LanguageModelError: the model gives no question, or names an id that nobody named.
    """
    recent = [(asked, answered[:TURN_LENGTH]) for asked, answered in history[-TURNS:]]
    prompt = prompts.condensing(recent, question)
    said = squeeze("".join(writer.write(prompt, build="")))
    known = {match.id for match in find_ids(prompt.material, "")}
    if not any(character.isalnum() for character in said) or len(said) > MAX_QUESTION:
        raise LanguageModelError("it did not turn the question into one that stands alone")
    if prompts.leaks(said) or not {match.id for match in find_ids(said, "")} <= known:
        raise LanguageModelError("it put something else into the question")
    writer.keep()
    return said


def passages_for(base: KnowledgeBase, found: Retrieval) -> tuple[Passage, ...]:
    """What a model is given for a question, each entry's parts in page order.

    They are, of the best entries, the parts that the extractive answer quotes and those found best.
    """
    quoted = [passage for _, passage in chosen(base, found)]
    main = {hit.entry.id for hit in main_hits(found)}
    used = main | {passage.entry.id for passage in quoted}
    others = [hit.entry.id for hit in found.hits if hit.entry.id not in used]
    given = used | set(others[: max(0, ENTRIES - len(used))])
    hits = sorted(found.hits, key=lambda hit: (hit.entry.id not in main, hit.entry.id not in used))
    return tuple(
        passage
        for hit in hits
        if hit.entry.id in given
        for passage in _parts(hit, quoted, MAIN_PASSAGES if hit.entry.id in main else OTHER_PASSAGES)
    )


def _parts(hit: Hit, quoted: Sequence[Passage], count: int) -> list[Passage]:
    """Chunks of an entry: those that hold what is quoted, and the best others up to a count."""
    parts = [
        Passage(hit.entry, hit.entry.sections[chunk.section], chunk.start, chunk.end)
        for chunk in hit.chunks
        if chunk.role in STATING
    ]
    holding = [part for part in parts if any(_holds(part, passage) for passage in quoted)]
    best = [part for part in parts if part not in holding][: max(0, count - len(holding))]
    sections = hit.entry.sections
    return sorted([*holding, *best], key=lambda part: (sections.index(part.section), part.start))


def _holds(part: Passage, passage: Passage) -> bool:
    return part.section is passage.section and part.start <= passage.start < part.end


def _worded(
    base: KnowledgeBase, found: Retrieval, plain: Answer, writer: Writer, asked: Step
) -> Iterator[Statement | Answer]:
    """The checked statements of the model, then the answer that they make.

    :raises LanguageModelError: they make none.
    """
    passages = passages_for(base, found)
    judge = Judge(base, passages, plain.language)
    judged: list[Judged] = []
    for sentence in sentences_of(writer.write(prompts.answering(plain.question, passages), base.build)):
        judged.append(judge.judge(sentence))
        if not judged[-1].withheld and not _declines(judged):
            yield _statement(judged[-1])
    if _declines(judged):
        writer.keep()
        yield replace(plain, covered=False, statements=(), citations=(), note=NOT_FOUND, usage=writer.usage)
        return
    if not judged:
        raise LanguageModelError("it wrote nothing")
    supported = [one for one in judged if one.support]
    if 2 * len(supported) < len(judged):
        raise LanguageModelError(
            f"{len(supported)} of its {len(judged)} sentences are supported by the passages they cite"
        )
    cited = tuple(cite(passage) for one in supported for passage in one.support)
    with step("check", SpanKind.GUARDRAIL, asked):
        check(base, cited)
    writer.keep()
    yield replace(
        plain,
        statements=tuple(_statement(one) for one in judged if not one.withheld),
        citations=first_of_each(cited),
        usage=writer.usage,
    )


def _declines(judged: Sequence[Judged]) -> bool:
    """Whether all that was written is that the passages do not answer the question."""
    return len(judged) == 1 and judged[0].text.rstrip(".。") == prompts.NOT_COVERED


def _statement(judged: Judged) -> Statement:
    if not judged.support:
        return Statement(Part.SAID, judged.text, "", "", doubt=judged.doubt or Doubt.UNCITED)
    first, *others = judged.support
    places = tuple(Place(passage.entry.id, passage.url) for passage in others)
    return Statement(Part.SAID, judged.text, first.entry.id, first.url, more=places)
