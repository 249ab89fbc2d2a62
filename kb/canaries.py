"""Canary questions: a build that does not find what its own entries are asked for is not published."""

from collections.abc import Sequence

from kb.entries import Entry, Role
from kb.errors import DamagedIndexError
from kb.knowledge_base import ANSWERING, KnowledgeBase
from kb.ranking.filters import Filters

# Enough to notice an index that answers for other entries than it holds; each costs a few milliseconds.
COUNT = 12
# A question that the index holds word for word stands far above the fifth hit in every build that is sound.
WITHIN = 5


def canaries(entries: Sequence[Entry]) -> tuple[tuple[str, Entry], ...]:
    """The first of the questions that people ask for an entry, of a few entries from all over the build.

    They come from the catalogue, so that they can be asked of every build that has entries of it.
    """
    asked = [
        (section.items[0].text, entry)
        for entry in entries
        if entry.kind in ANSWERING and (section := entry.first(Role.ASKS))
    ]
    count = min(COUNT, len(asked))
    return tuple(asked[number * len(asked) // count] for number in range(count))


def check_canaries(base: KnowledgeBase) -> None:
    """Ask a build that is not yet published for some of its own entries.

    :raises DamagedIndexError: one of them is not found.
    """
    for question, entry in canaries(base.entries):
        # Of several editions of the risks only the newest is asked, unless one is named.
        hits = base.retrieve(question, Filters(editions=frozenset({entry.edition})), WITHIN).hits
        if entry.id not in {hit.entry.id for hit in hits}:
            raise DamagedIndexError(
                f"{question!r} finds {', '.join(hit.entry.id for hit in hits[:3]) or 'nothing'}, "
                f"expected {entry.id} among the first {WITHIN}; nothing is published"
            )
