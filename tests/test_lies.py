"""How much of what one small change has made false is taken for supported, with a real build and model."""

from pathlib import Path
from random import Random

import pytest
from bench.lies import LIES, honest
from support.homes import ROOT

from assistant.answer import extractive
from assistant.grounding import Judge
from assistant.sentences import Sentence, sentences_of
from assistant.worded import passages_for
from kb.base import KnowledgeBase
from kb.builds import current_id
from kb.evaluate import read_questions

MOST = {
    "a denial put in or taken out": 0.02,
    "a word exchanged for one of the same entry": 0.12,
    "a word exchanged for one of another entry": 0.12,
    "a word of another entry put in": 0.20,
    "two words that changed places": 0.30,
}


@pytest.fixture(scope="module")
def shares(catalogue_home: Path) -> dict[str, float]:
    """Of each kind of sentence, the share that is taken for supported."""
    base, chance = KnowledgeBase(catalogue_home, current_id(catalogue_home)), Random(2)  # noqa: S311
    supported: dict[str, list[bool]] = {}
    for question in read_questions(ROOT / "data" / "eval" / "questions.jsonl")[::12]:
        found = base.retrieve(question.question)
        passages = passages_for(base, found)
        judge = Judge(base, passages, found.query.language)
        for statement in extractive(base, found).statements:
            for text in (sentence.text for sentence in sentences_of([statement.text])):
                own, foreign = (
                    " ".join(p.text for p in passages if (p.entry.id == statement.id) is here)
                    for here in (True, False)
                )
                said = [("their own", text), *honest(text, chance)]
                said += [(name, lie(text, own, foreign, chance) or "") for name, lie in LIES.items()]
                for name, one in said:
                    if one:
                        held = judge.judge(Sentence(one, (statement.id,))).support
                        supported.setdefault(name, []).append(bool(held))
    return {name: sum(some) / len(some) for name, some in supported.items()}


def test_what_the_sources_say_is_supported(shares: dict[str, float]) -> None:
    assert shares["their own"] == 1.0
    assert shares["their end left out"] == 1.0
    assert shares["a common synonym"] > 0.85


@pytest.mark.parametrize("lie", LIES)
def test_what_one_change_has_made_false_is_seldom_taken_for_supported(
    shares: dict[str, float], lie: str
) -> None:
    assert shares[lie] <= MOST[lie]
