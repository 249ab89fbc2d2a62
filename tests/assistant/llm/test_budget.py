from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.llm.budget import MAX_WRITTEN, BudgetedModel
from assistant.llm.cache import ResponseCache
from assistant.llm.client import LanguageModelError, Piece
from assistant.llm.prompts import Prompt
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
