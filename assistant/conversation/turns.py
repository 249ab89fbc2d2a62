"""The turns of a conversation: each question understood with the ones before, and answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers.records import Answer, Context, Gap
from assistant.conversation.follow_ups import Subject, resolve
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
# Characters set aside from which a reader is told what was taken as the question.
SHORTENED = 60


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as asked and as understood, and its answer.

    `subject` is the last question that stood alone and its topic; `question` is the one that was answered.
    """

    asked: str
    subject: Subject
    question: str
    answer: Answer

    @property
    def rewritten(self) -> bool:
        """True if the question was completed from the turns before."""
        return self.question != self.asked

    @property
    def covered(self) -> bool:
        """True if the sources answer the question, now or in an earlier turn."""
        return self.answer.covered or self.answer.gap in (Gap.NOTHING_NEW, Gap.NO_SOURCE)

    @property
    def shortened(self) -> bool:
        """True if the question was found in a longer text."""
        return len(self.answer.question) < len(squeeze(self.question)) - SHORTENED


def converse(
    base: KnowledgeBase,
    asked: Sequence[str],
    filters: Filters = ALL,
    model: BudgetedModel | None = None,
    *,
    verbatim: bool = False,
) -> list[Turn]:
    """The turns of a conversation, in order; only the last question goes to the model.

    :raises GenlensError: a question cannot be answered, as in `assistant.generate.ask`.
    """
    turns: list[Turn] = []
    for place, question in enumerate(asked, start=1):
        last = place == len(asked)
        turns.append(reply(base, question, turns, filters, model if last else None, verbatim=verbatim))
    return turns


def reply(
    base: KnowledgeBase,
    asked: str,
    before: Sequence[Turn] = (),
    filters: Filters = ALL,
    model: BudgetedModel | None = None,
    on_statement: OnStatement = ignore,
    *,
    verbatim: bool = False,
) -> Turn:
    """The next turn of a conversation.

    :raises GenlensError: the question cannot be answered, as in `assistant.generate.ask`.
    """
    subject, question = _understand(base, asked, before, model)
    context = _context(asked, before) if question != asked else Context()
    answer = ask(base, question, filters, model, on_statement, context=context, verbatim=verbatim)
    return Turn(asked, subject, question, answer)


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


def _context(asked: str, before: Sequence[Turn]) -> Context:
    """The words typed, and the statements that the conversation has shown."""
    shown = {statement.text for turn in before for statement in turn.answer.statements}
    return Context(asked, frozenset(shown))


def _understand(
    base: KnowledgeBase, asked: str, before: Sequence[Turn], model: BudgetedModel | None
) -> tuple[Subject, str]:
    """The subject and the question of a text: by the model if there is one, else by its form.

    A text follows the last turn that was covered; without any, the one most nearly covered.
    """
    if not before or len(asked) > MAX_QUESTION or find_ids(asked, "0000"):
        return Subject(asked, asked), asked
    if model is not None:
        history = [(turn.question, " ".join(s.text for s in turn.answer.statements)) for turn in before]
        try:
            question = condense(history, squeeze(asked), model)
        except LanguageModelError:  # the answer will give the reason
            pass
        else:
            return Subject(question, question), question
    covered = (turn for turn in reversed(before) if turn.covered)
    last = next(covered, max(before, key=lambda turn: turn.answer.confidence))
    return resolve(asked, last.subject, base.idf)
