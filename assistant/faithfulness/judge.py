"""The judge of a language model's sentences: which are withheld, and which the entries they cite support.

A sentence is withheld if it names an id that was not given, contains an address, or repeats the prompt. It is
supported if no check has a doubt about it (`checks.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers.records import Doubt
from assistant.faithfulness.basis import Evidence, rests_on
from assistant.faithfulness.checks import doubts_of
from assistant.faithfulness.facts import has_address, names_others
from assistant.faithfulness.findings import Finding
from assistant.faithfulness.stream import Sentence
from assistant.llm.prompts import leaks
from kb.entries import Entry, Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a sentence: withheld, in doubt with the findings, or supported by passages."""

    text: str
    withheld: bool = False
    doubt: Doubt | None = None
    findings: tuple[Finding, ...] = ()
    support: tuple[Passage, ...] = ()


class Judge:
    """Judges sentences by the entries whose passages a model was given."""

    def __init__(self, base: KnowledgeBase, passages: Sequence[Passage], language: Language) -> None:
        self._base, self._language = base, language
        self._given = {passage.entry.id: passage.entry for passage in passages}
        self._evidence: dict[tuple[str, ...], Evidence] = {}

    def judge(self, sentence: Sentence) -> Judged:
        """The verdict on one sentence.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        newest, given = self._base.editions[0], self._given.keys()
        if leaks(sentence.text) or has_address(sentence.text) or names_others(sentence.text, given, newest):
            return Judged(sentence.text, withheld=True)
        ids = tuple(key for key in sentence.keys if key in self._given)
        if not ids:
            return Judged(sentence.text, doubt=Doubt.UNCITED)
        if ids not in self._evidence:
            self._evidence[ids] = Evidence(self._base, self._entries(ids))
        basis = self._evidence[ids].basis(sentence.text, self._language)
        if findings := doubts_of(basis):
            return Judged(sentence.text, doubt=Doubt.UNSUPPORTED, findings=findings)
        return Judged(sentence.text, support=rests_on(basis))

    def _entries(self, ids: Sequence[str]) -> list[Entry]:
        return [self._given[entry_id] for entry_id in ids]
