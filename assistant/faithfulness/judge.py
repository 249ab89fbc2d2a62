"""The judge of a language model's sentences: which are withheld, and which the entries they cite support.

A sentence is withheld if it names an id that was not given, contains an address, or repeats the prompt. It is
supported if no check has a doubt about it (`checks.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers.records import Doubt
from assistant.faithfulness.claims import Claim, ClaimCheck
from assistant.faithfulness.facts import has_address, names_others
from assistant.faithfulness.findings import Finding
from assistant.faithfulness.stream import Sentence
from assistant.llm.prompts import leaks
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

    def __init__(self, base: KnowledgeBase, passages: Sequence[Passage]) -> None:
        self._newest = base.editions[0]
        self._given = frozenset(passage.entry.id for passage in passages)
        self._check = ClaimCheck(base)

    def judge(self, sentence: Sentence) -> Judged:
        """The verdict on one sentence.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        text = sentence.text
        if leaks(text) or has_address(text) or names_others(text, self._given, self._newest):
            return Judged(text, withheld=True)
        ids = tuple(key for key in sentence.keys if key in self._given)
        if not ids:
            return Judged(text, doubt=Doubt.UNCITED)
        checked = self._check.claim(Claim(text, ids))
        if checked.doubts:
            return Judged(text, doubt=Doubt.UNSUPPORTED, findings=checked.doubts)
        return Judged(text, support=checked.rests_on)
