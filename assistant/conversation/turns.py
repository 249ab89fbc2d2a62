"""The turns of a conversation: each question understood with the ones before, and answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers.records import Answer
from assistant.conversation.follow_ups import resolve
from assistant.generate import OnStatement, ask, ignore
from assistant.llm import prompts
from assistant.llm.budget import BudgetedModel
from assistant.llm.client import LanguageModelError
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.query import MAX_QUESTION
from kb.text import squeeze

# The part of a conversation a follow-up can refer to.
MAX_TURNS, MAX_TURN_CHARACTERS = 4, 1_500


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as asked and as understood, and its answer.

    `root` is the last question that stood alone, `question` the one that was answered.
    """

    asked: str
    root: str
    question: str
    answer: Answer

    @property
    def rewritten(self) -> bool:
        """True if the question was completed from the turns before."""
        return self.question != self.asked


def reply(
    base: KnowledgeBase,
    asked: str,
    before: Sequence[Turn] = (),
    filters: Filters = ALL,
    model: BudgetedModel | None = None,
    on_statement: OnStatement = ignore,
) -> Turn:
    """The next turn of a conversation.

    :raises GenlensError: the question cannot be answered, as in `assistant.generate.ask`.
    """
    root, question = _understand(asked, before, model)
    return Turn(asked, root, question, ask(base, question, filters, model, on_statement))


def condense(history: Sequence[tuple[str, str]], question: str, model: BudgetedModel) -> str:
    """A follow-up as a question that stands alone; `history` has questions and answers, oldest first.

    :raises LanguageModelError: the model writes no question, or an id that nobody named.
    """
    recent = [(asked, answered[:MAX_TURN_CHARACTERS]) for asked, answered in history[-MAX_TURNS:]]
    prompt = prompts.condensing(recent, question)
    condensed = squeeze("".join(model.stream(prompt, build="")))
    known = {match.id for match in find_ids(prompt.material, "")}
    if not any(character.isalnum() for character in condensed) or len(condensed) > MAX_QUESTION:
        raise LanguageModelError("it did not complete the question")
    if prompts.leaks(condensed) or not {match.id for match in find_ids(condensed, "")} <= known:
        raise LanguageModelError("it changed the question")
    model.remember()
    return condensed


def _understand(asked: str, before: Sequence[Turn], model: BudgetedModel | None) -> tuple[str, str]:
    """The root and the question of a text: by the model if there is one, else by its form."""
    if not before:
        return asked, asked
    by_form = resolve(asked, before[-1].root, before[-1].question)
    if model is None or len(asked) > MAX_QUESTION or find_ids(asked, "0000"):
        return by_form
    history = [(turn.question, " ".join(s.text for s in turn.answer.statements)) for turn in before]
    try:
        question = condense(history, squeeze(asked), model)
    except LanguageModelError:  # the answer will give the reason
        return by_form
    return question, question
