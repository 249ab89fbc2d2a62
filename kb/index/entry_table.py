"""The entries of a build by id and language."""

from collections.abc import Iterable
from functools import cached_property

from kb.entries import Entry, Kind, Language
from kb.ids import question_of


class EntryTable:
    """The entries of a build; `ids` are in the order of the sources, and number the rows of features."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._versions: dict[str, dict[Language, Entry]] = {}
        for entry in self.entries:
            self._versions.setdefault(entry.id, {})[entry.language] = entry
        self.ids = tuple(self._versions)
        self.rows = {entry_id: row for row, entry_id in enumerate(self.ids)}

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._versions

    def versions(self, entry_id: str) -> tuple[Entry, ...]:
        """An entry in each of its languages; empty for an unknown id."""
        return tuple(self._versions.get(entry_id, {}).values())

    def version(self, entry_id: str, language: Language) -> Entry:
        """An entry in a language, or else in English, or else in the language it has.

        :raises KeyError: the id is unknown.
        """
        versions = self._versions[entry_id]
        return versions.get(language) or versions.get(Language.ENGLISH) or next(iter(versions.values()))

    def in_language(self, entry_id: str, language: Language) -> Entry | None:
        """An entry in exactly this language, or None."""
        return self._versions.get(entry_id, {}).get(language)

    @cached_property
    def english(self) -> tuple[Entry, ...]:
        """One version per id, in the order of the ids: English if there is one."""
        return tuple(self.version(entry_id, Language.ENGLISH) for entry_id in self.ids)

    @cached_property
    def editions(self) -> tuple[str, ...]:
        """The years of the risks, newest first; an id without a year means the first."""
        years = {entry.edition for entry in self.entries if entry.kind is Kind.RISK}
        return tuple(sorted(years, reverse=True)) or ("",)

    @cached_property
    def practices(self) -> dict[str, tuple[str, ...]]:
        """The ids of best practices by the id of their question."""
        practices: dict[str, tuple[str, ...]] = {}
        for entry_id in self.ids:
            if (question := question_of(entry_id)) != entry_id:
                practices[question] = (*practices.get(question, ()), entry_id)
        return practices
