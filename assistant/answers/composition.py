"""The composition of an extractive answer: the entries it is made of, and its statements in reading order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assistant.answers.intent import intent_of
from assistant.answers.records import Context, Origin, Part, Statement, origin_of
from assistant.answers.selection import ACTIONS, Choice, Wanted, choose, pool_of
from kb.entries import Entry, Kind
from kb.knowledge_base import KnowledgeBase
from kb.ranking.aspects import asks
from kb.ranking.filters import Filters
from kb.ranking.search import Aspect, Hit, Retrieval

RELATED = 2
MAX_NAMED, MAX_MAIN = 6, 3
# A hit for an aspect competes as if its score were not further behind the best.
FURTHEST = 0.1
# Scores have no lower bound; a best score below this one is no measure of the others.
LEAST = 1.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When another entry than the best one takes part in an answer (docs/answers.md has the tables).

    pool: hits that may.
    whole: weight of the score for the whole question, beside the score for an aspect.
    confidence: of the coverage of an aspect; below it, the aspect says too little on its own.
    share: share of the best score that the hit for an aspect needs.
    close, closer: share of the best score from which the second hit takes part in any case, in an answer
        to a question with aspects and to one without.
    """

    pool: int = 6
    whole: float = 1.0
    confidence: float = 0.85
    share: float = 0.8
    close: float = 0.86
    closer: float = 0.94


@dataclass(frozen=True, slots=True)
class Main:
    """A hit that an answer is made of; the share by which its score is behind the best; its aspect.

    Without an aspect, it is for the whole question.
    """

    hit: Hit
    behind: float = 0.0
    aspect: Aspect | None = None


THRESHOLDS = Thresholds()


def compose(
    base: KnowledgeBase, retrieval: Retrieval, filters: Filters, context: Context, *, verbatim: bool = False
) -> tuple[Statement, ...]:
    """The statements of an answer: the best one, then those of each entry, then related entries.

    Statements of the context are not repeated; without a new one there are none. `verbatim` quotes the
    sources alone.
    """
    main = main_hits(retrieval, retrieval.aspects)
    pool = pool_of(
        [base.passages(one.hit.entry) for one in main], [one.behind for one in main], verbatim=verbatim
    )
    aspects: list[Retrieval | Aspect]
    if context.typed:
        aspects = [base.retrieve(context.typed, filters, 1)]
    else:
        aspects = [
            side
            for side in retrieval.aspects
            if asks(side.query.text, side.query.language) or any(one.aspect is side for one in main)
        ]
    intent = intent_of(context.typed or retrieval.query.text)
    chosen = choose(
        pool, _wanted(retrieval), [_wanted(aspect) for aspect in aspects], intent, base.idf, context.shown
    )
    cited = [one.hit for one in main if any(one.hit.entry.id == choice.entry.id for choice in chosen)]
    related = _related(base, retrieval.hits, cited, filters, context.shown)
    return (*_in_order(chosen), *related)


def main_hits(retrieval: Retrieval, sides: Sequence[Aspect]) -> list[Main]:
    """The hits an answer is made of: those the question names, or the best one and those for its aspects."""
    named = [Main(hit) for hit in retrieval.hits if hit.entry.id in retrieval.named]
    if named or not retrieval.hits:
        return named[:MAX_NAMED]
    best = max(retrieval.hits[0].score, LEAST)
    near = [Main(hit, 1 - hit.score / best) for hit in retrieval.hits[: THRESHOLDS.pool]]
    main = {near[0].hit.entry.id: near[0]}
    for side in sides:
        one = _best_for(side, near)
        if side.confidence >= THRESHOLDS.confidence and one.behind <= 1 - THRESHOLDS.share:
            main.setdefault(one.hit.entry.id, replace(one, behind=min(one.behind, FURTHEST), aspect=side))
    close = THRESHOLDS.close if sides else THRESHOLDS.closer
    if len(main) == 1 and len(near) > 1 and near[1].behind <= 1 - close:
        main[near[1].hit.entry.id] = near[1]
    return list(main.values())[:MAX_MAIN]


def _best_for(side: Aspect, near: Sequence[Main]) -> Main:
    """The hit with the best score for an aspect and the whole question together."""
    return max(
        near,
        key=lambda one: side.scores.get(one.hit.entry.id, 0) + THRESHOLDS.whole * one.hit.score,
    )


def _wanted(asked: Retrieval | Aspect) -> Wanted:
    return Wanted(asked.query.terms, asked.vector)


def _in_order(chosen: Sequence[Choice]) -> list[Statement]:
    """The best statement first, then entry by entry its actions and its facts."""
    if not chosen:
        return []
    first, *rest = chosen
    entries = list(dict.fromkeys(choice.entry.id for choice in chosen))
    rest.sort(key=lambda choice: (entries.index(choice.entry.id), _part(choice) is not Part.DO))
    return [_statement(Part.LEAD, first), *(_statement(_part(choice), choice) for choice in rest)]


def _part(choice: Choice) -> Part:
    return Part.DO if choice.passage.section.role in ACTIONS else Part.WHY


def _statement(part: Part, choice: Choice) -> Statement:
    passage, support = choice.passage, choice.support
    return Statement(part, passage.text, support or (passage,), origin=origin_of(passage))


def _is_newest(base: KnowledgeBase, entry: Entry) -> bool:
    """True unless the entry is a risk of an earlier edition."""
    return entry.kind is not Kind.RISK or entry.edition == base.editions[0]


def _related(
    base: KnowledgeBase, hits: Sequence[Hit], cited: Sequence[Hit], filters: Filters, shown: Collection[str]
) -> list[Statement]:
    """The entries related to the cited ones with the reason, those among the hits first."""
    known = {hit.entry.id for hit in cited}
    ranks = {hit.entry.id: rank for rank, hit in enumerate(hits)}
    found = {
        entry.id: (entry, why)
        for hit in cited
        for entry, why in base.related(hit.entry)
        if entry.id not in known and why not in shown and filters.admits(entry) and _is_newest(base, entry)
    }
    best = sorted(found.values(), key=lambda one: ranks.get(one[0].id, len(ranks)))
    return [
        Statement(Part.RELATED, why, (passages[0],), origin=Origin.GENLENS)
        for entry, why in best[:RELATED]
        if (passages := base.passages(entry).passages)
    ]
