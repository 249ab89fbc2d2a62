"""The reason why a question has no answer: a filter, an unknown id, or a language that is not read."""

from dataclasses import replace

from assistant.answers.languages import unread_language
from assistant.answers.records import Answer, EntryRef, Gap
from kb.entries import Language
from kb.ids import find_ids, question_of
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters

NEAREST = 5


def explained(base: KnowledgeBase, answer: Answer, filters: Filters) -> Answer:
    """The answer with the ids it could not find, and the true reason if it is not covered.

    A question in a language that is not read has no answer, even if some of its words are known.
    """
    if unread_language(answer.question, doubtful=not answer.covered):
        return _unread(base, answer)
    named = dict.fromkeys(match.id for match in find_ids(answer.question, base.editions[0]))
    unknown = tuple(entry_id for entry_id in named if not base.has(entry_id))
    answer = replace(answer, unknown=unknown)
    if answer.covered or answer.gap in (Gap.NOTHING_NEW, Gap.NO_SOURCE):
        return answer
    if unknown:
        near = _nearest(base, unknown[0], answer.language)
        return replace(answer, gap=Gap.UNKNOWN_ID, hits=near or answer.hits)
    if filters != ALL and (everywhere := base.retrieve(answer.question)).covered:
        hits = tuple(EntryRef(hit.entry.id, hit.entry.title) for hit in everywhere.hits)
        return replace(answer, gap=Gap.HIDDEN, hits=hits)
    return answer


def _unread(base: KnowledgeBase, answer: Answer) -> Answer:
    """The answer to a question in a language that is not read: none, told in English."""
    hits = tuple(EntryRef(hit.id, base.entry(hit.id).title) for hit in answer.hits)
    none = replace(answer, covered=False, statements=(), citations=(), hits=hits)
    return replace(none, gap=Gap.LANGUAGE, language=Language.ENGLISH)


def _nearest(base: KnowledgeBase, entry_id: str, language: Language) -> tuple[EntryRef, ...]:
    """The existing entries with the longest common beginning: the practices of the same question first."""
    wanted = question_of(entry_id)
    entries = [entry for entry in base.listed(language) if _common(entry.id, wanted) >= len("LLM")]
    entries.sort(key=lambda entry: -_common(entry.id, entry_id))
    return tuple(EntryRef(entry.id, entry.title) for entry in entries[:NEAREST])


def _common(one: str, other: str) -> int:
    """The length of the common beginning of two ids."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
