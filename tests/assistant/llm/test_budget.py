from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from assistant.llm import budget
from assistant.llm.budget import MAX_WRITTEN, BudgetedModel, NotAskedError
from assistant.llm.cache import ResponseCache
from assistant.llm.client import LanguageModelError
from assistant.llm.prompts import Prompt
from assistant.llm.responses import Piece
from assistant.llm.usage import usage_of

PROMPT = Prompt("i" * 400, "m" * 800)  # 100 and 200 tokens


class FakeModel:
    """Writes the given pieces, and records the limits it was given."""

    name = "openai:gpt-4o-mini"

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = pieces
        self.limits: list[int] = []

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        assert prompt == PROMPT
        self.limits.append(max_tokens)
        yield from self.pieces


def test_counted_tokens_are_used() -> None:
    counted = FakeModel(Piece("One "), Piece("two."), Piece("", read=310, written=4))
    model = BudgetedModel(counted, 5_000, 9_000)
    assert "".join(model.stream(PROMPT, "b")) == "One two."
    assert model.usage == usage_of("openai:gpt-4o-mini", 310, 4, estimated=False)
    assert model.spent == 314


def test_uncounted_tokens_are_estimated() -> None:
    model = BudgetedModel(FakeModel(Piece("One two.")), 5_000, 9_000)
    assert list(model.stream(PROMPT, "b")) == ["One two."]
    assert model.usage == usage_of("openai:gpt-4o-mini", 300, 2, estimated=True)


def test_budget_limits_written_tokens() -> None:
    fake = FakeModel(Piece("One."))
    list(BudgetedModel(fake, 5_000, 9_000).stream(PROMPT, "b"))
    list(BudgetedModel(fake, 700, 9_000).stream(PROMPT, "b"))
    assert fake.limits == [MAX_WRITTEN, 400]


@pytest.mark.parametrize(
    ("answer", "conversation", "name", "left"),
    [(350, 9_000, "GENLENS_LLM_ANSWER_TOKENS", 350), (5_000, 200, "GENLENS_LLM_CONVERSATION_TOKENS", 200)],
)
def test_too_small_budget_is_named_and_nothing_is_sent(
    answer: int, conversation: int, name: str, left: int
) -> None:
    fake = FakeModel(Piece("One."))
    reason = f"the question needs about 360 tokens and {name} leaves {left}"
    with pytest.raises(LanguageModelError, match=reason):
        list(BudgetedModel(fake, answer, conversation).stream(PROMPT, "b"))
    assert fake.limits == []


def test_conversation_spends_its_budget() -> None:
    model = BudgetedModel(FakeModel(Piece("One.", read=300, written=100)), 5_000, 700)
    list(model.stream(PROMPT, "b"))
    with pytest.raises(LanguageModelError, match="GENLENS_LLM_CONVERSATION_TOKENS leaves 300"):
        list(model.stream(PROMPT, "b"))


def test_model_that_writes_on_is_stopped_and_counted() -> None:
    model = BudgetedModel(FakeModel(*[Piece("and so on ")] * 10_000), 400, 9_000)
    with pytest.raises(LanguageModelError, match="it wrote more than the 100 tokens it was allowed"):
        list(model.stream(PROMPT, "b"))
    assert 400 < model.spent < 600


def test_long_answer_is_stopped_although_thoughts_have_room() -> None:
    fake = FakeModel(*[Piece("and so on ")] * 10_000)
    model = BudgetedModel(fake, 50_000, 90_000)
    with pytest.raises(LanguageModelError, match="it wrote more than the 1,000 tokens it was allowed"):
        list(model.stream(PROMPT, "b"))
    assert fake.limits == [MAX_WRITTEN]
    assert model.spent < 300 + 2_100


def test_response_is_cached_on_request_only(home: Path) -> None:
    fake = FakeModel(Piece("One.", read=310, written=4))
    first, second = (BudgetedModel(fake, 5_000, 9_000, ResponseCache(home / "responses")) for _ in range(2))
    list(first.stream(PROMPT, "b"))
    assert not (home / "responses").exists()
    first.remember()
    assert list(second.stream(PROMPT, "b")) == ["One."]
    assert len(fake.limits) == 1
    assert second.spent == 0
    assert second.usage == usage_of("openai:gpt-4o-mini", 310, 4, estimated=False, cached=True)
    assert second.usage.cost == 0
    list(second.stream(PROMPT, "another build"))
    assert len(fake.limits) == 2


# The budget of a process.


def test_conversations_of_a_process_share_its_budget() -> None:
    fake = FakeModel(Piece("One.", read=300, written=100))
    first, second, third = (BudgetedModel(fake, 5_000, 9_000, process_tokens=1_000) for _ in range(3))
    list(first.stream(PROMPT, "b"))
    list(second.stream(PROMPT, "b"))
    assert fake.limits == [700, 300]
    assert budget.PROCESS.tokens == 800
    reason = "^this process has used 800 of its 1,000 tokens, which leaves too few for a question; "
    with pytest.raises(NotAskedError, match=f"{reason}restart it, or raise GENLENS_LLM_PROCESS_TOKENS$"):
        list(third.stream(PROMPT, "b"))
    assert (len(fake.limits), third.spent, third.usage) == (2, 0, None)


def test_failed_and_abandoned_answers_use_the_budget_of_the_process() -> None:
    written = BudgetedModel(FakeModel(Piece("x" * 4_000), Piece("x" * 8_000)), 5_000, 9_000)
    with pytest.raises(LanguageModelError, match="it wrote more than"):
        list(written.stream(PROMPT, "b"))
    assert budget.PROCESS.tokens == written.spent == 300 + 3_000
    abandoned = BudgetedModel(FakeModel(Piece("One."), Piece("Two.")), 5_000, 9_000)
    stream = abandoned.stream(PROMPT, "b")
    next(stream)
    stream.close()
    assert budget.PROCESS.tokens == 3_300 + 301


def test_wrong_count_of_a_server_does_not_use_up_the_budget_of_everybody() -> None:
    wrong = FakeModel(Piece("One.", read=900_000, written=900_000))
    with pytest.raises(LanguageModelError, match="it wrote more than"):
        list(BudgetedModel(wrong, 1_000, 9_000, process_tokens=5_000).stream(PROMPT, "b"))
    assert budget.PROCESS.tokens == 2_000
    sound = BudgetedModel(FakeModel(Piece("One.")), 1_000, 9_000, process_tokens=5_000)
    assert list(sound.stream(PROMPT, "b")) == ["One."]


def test_cached_response_needs_no_budget(home: Path) -> None:
    cache = ResponseCache(home / "responses")
    paid = BudgetedModel(FakeModel(Piece("One.")), 5_000, 9_000, cache, process_tokens=400)
    list(paid.stream(PROMPT, "b"))
    paid.remember()
    again = BudgetedModel(FakeModel(), 5_000, 9_000, cache, process_tokens=1, asking=False)
    assert list(again.stream(PROMPT, "b")) == ["One."]


def test_model_that_may_not_ask_sends_nothing(home: Path) -> None:
    fake = FakeModel(Piece("One."))
    model = BudgetedModel(fake, 5_000, 9_000, ResponseCache(home / "responses"), asking=False)
    with pytest.raises(NotAskedError, match=budget.UNASKED):
        list(model.stream(PROMPT, "b"))
    assert (fake.limits, model.usage, budget.PROCESS.tokens) == ([], None, 0)


def test_threads_never_use_more_than_the_budget_of_the_process() -> None:
    together = Barrier(8)

    class Patient(FakeModel):
        """Writes when every thread has asked."""

        def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
            yield from super().stream(prompt, max_tokens)
            together.wait(timeout=10)
            yield Piece("", read=300, written=max_tokens)

    fake = Patient()

    def ask(_number: int) -> bool:
        try:
            list(BudgetedModel(fake, 1_000, 9_000, process_tokens=3_400).stream(PROMPT, "b"))
        except NotAskedError:
            together.wait(timeout=10)
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        answered = list(threads.map(ask, range(8)))
    assert sorted(fake.limits) == [100, 700, 700, 700]
    assert answered.count(True) == 4
    assert budget.PROCESS.tokens == 3_400
