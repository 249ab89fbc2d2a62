"""The entries that a query mentions outright: by id, by title, or with a quoted phrase."""

from functools import cached_property

from kb.ids import find_ids
from kb.index.entry_table import EntryTable
from kb.ranking.query import Query
from kb.text import terms


class Mentions:
    """Looks up the mentions of queries in the entries of one build."""

    def __init__(self, table: EntryTable) -> None:
        self._table = table

    def by_id(self, query: Query) -> tuple[str, ...]:
        """The ids a query names, in its order; a question of the lens stands for its best practices."""
        named: list[str] = []
        for match in find_ids(query.text, self._table.editions[0]):
            named += self._table.practices.get(match.id, [match.id])
        return tuple(entry_id for entry_id in dict.fromkeys(named) if entry_id in self._table)

    def by_title(self, query: Query) -> tuple[str, ...]:
        """The ids of entries whose title has the same stemmed terms as the query."""
        return self._titles.get(frozenset(query.terms), ()) if query.terms else ()

    def has_phrases(self, entry_id: str, query: Query) -> bool:
        """True if an entry has every phrase of the query, each in one of its languages."""
        return all(self._has_phrase(entry_id, phrase) for phrase in query.phrases)

    def _has_phrase(self, entry_id: str, phrase: tuple[str, ...]) -> bool:
        return any(
            _contains(terms(text), phrase)
            for entry in self._table.versions(entry_id)
            for text in (entry.title, *(section.text for section in entry.sections))
        )

    @cached_property
    def _titles(self) -> dict[frozenset[str], tuple[str, ...]]:
        titles: dict[frozenset[str], tuple[str, ...]] = {}
        for entry in self._table.entries:
            key = frozenset(terms(entry.title))
            if entry.id not in titles.get(key, ()):
                titles[key] = (*titles.get(key, ()), entry.id)
        return titles


def _contains(words: list[str], phrase: tuple[str, ...]) -> bool:
    """True if the phrase stands in the words as a run."""
    return any(tuple(words[at : at + len(phrase)]) == phrase for at in range(len(words) - len(phrase) + 1))
