import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from assistant.llm.budget import MOST_WRITTEN, Writer
from assistant.llm.cache import KEPT, Response, Responses, key_of
from assistant.llm.client import LanguageModelError, Piece
from assistant.llm.prompts import Prompt
from assistant.llm.usage import tokens_of, usage_of

PROMPT = Prompt("i" * 400, "m" * 800)  # 100 and 200 tokens


class FakeModel:
    """Says what it is told to, and remembers how much it may."""

    name = "openai:gpt-4o-mini"

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = pieces
        self.most: list[int] = []

    def stream(self, prompt: Prompt, most: int) -> Iterator[Piece]:
        assert prompt == PROMPT
        self.most.append(most)
        yield from self.pieces


def test_tokens_are_those_that_the_server_counts() -> None:
    writer = Writer(FakeModel(Piece("One "), Piece("two."), Piece("", read=310, written=4)), 5_000, 9_000)
    assert "".join(writer.write(PROMPT, "b")) == "One two."
    assert writer.usage == usage_of("openai:gpt-4o-mini", 310, 4, estimated=False)
    assert writer.spent == 314


def test_tokens_that_nobody_counts_are_estimated() -> None:
    writer = Writer(FakeModel(Piece("One two.")), 5_000, 9_000)
    assert list(writer.write(PROMPT, "b")) == ["One two."]
    assert writer.usage == usage_of("openai:gpt-4o-mini", 300, 2, estimated=True)


def test_a_budget_bounds_what_may_be_written() -> None:
    model = FakeModel(Piece("One."))
    list(Writer(model, 5_000, 9_000).write(PROMPT, "b"))
    list(Writer(model, 700, 9_000).write(PROMPT, "b"))
    assert model.most == [MOST_WRITTEN, 400]


@pytest.mark.parametrize(
    ("answer", "conversation", "name", "left"),
    [(350, 9_000, "GENLENS_LLM_ANSWER_TOKENS", 350), (5_000, 200, "GENLENS_LLM_CONVERSATION_TOKENS", 200)],
)
def test_a_budget_that_does_not_suffice_is_named_and_nothing_is_sent(
    answer: int, conversation: int, name: str, left: int
) -> None:
    model = FakeModel(Piece("One."))
    reason = f"the question needs about 360 tokens and {name} leaves {left}"
    with pytest.raises(LanguageModelError, match=reason):
        list(Writer(model, answer, conversation).write(PROMPT, "b"))
    assert model.most == []


def test_a_conversation_spends_its_budget() -> None:
    writer = Writer(FakeModel(Piece("One.", read=300, written=100)), 5_000, 700)
    list(writer.write(PROMPT, "b"))
    with pytest.raises(LanguageModelError, match="GENLENS_LLM_CONVERSATION_TOKENS leaves 300"):
        list(writer.write(PROMPT, "b"))


def test_a_model_that_writes_on_is_stopped_and_counted() -> None:
    writer = Writer(FakeModel(*[Piece("and so on ")] * 10_000), 400, 9_000)
    with pytest.raises(LanguageModelError, match="it wrote more than the 100 tokens it was allowed"):
        list(writer.write(PROMPT, "b"))
    assert 400 < writer.spent < 600


def test_an_answer_longer_than_an_answer_is_stopped_though_thoughts_had_room() -> None:
    model = FakeModel(*[Piece("and so on ")] * 10_000)
    writer = Writer(model, 50_000, 90_000)
    with pytest.raises(LanguageModelError, match="it wrote more than the 1,000 tokens it was allowed"):
        list(writer.write(PROMPT, "b"))
    assert model.most == [MOST_WRITTEN]
    assert writer.spent < 300 + 2_100


def test_a_response_is_kept_when_it_has_proved_good(home: Path) -> None:
    model = FakeModel(Piece("One.", read=310, written=4))
    first, second = (Writer(model, 5_000, 9_000, Responses(home / "responses")) for _ in range(2))
    list(first.write(PROMPT, "b"))
    assert not (home / "responses").exists()
    first.keep()
    assert list(second.write(PROMPT, "b")) == ["One."]
    assert len(model.most) == 1
    assert second.spent == 0
    assert second.usage == usage_of("openai:gpt-4o-mini", 310, 4, estimated=False, cached=True)
    assert second.usage.cost == 0
    list(second.write(PROMPT, "another build"))
    assert len(model.most) == 2


def test_a_kept_response_can_be_read_by_its_owner_alone(home: Path) -> None:
    kept = Responses(home)
    kept.keep("k", Response("One.", 1, 2, estimated=False))
    assert kept.kept("k") == Response("One.", 1, 2, estimated=False)
    assert stat.S_IMODE((home / "k.json").stat().st_mode) == 0o600


def test_a_damaged_response_is_as_good_as_none(home: Path) -> None:
    home.mkdir()
    (home / "k.json").write_text('{"text": 5}', encoding="utf-8")
    assert Responses(home).kept("k") is None


def test_a_home_that_cannot_be_written_loses_nothing_but_the_copy(home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    Responses(home / "responses").keep("k", Response("One.", 1, 2, estimated=False))


def test_only_the_newest_responses_are_kept(home: Path) -> None:
    kept = Responses(home)
    for number in range(KEPT + 3):
        kept.keep(f"{number:04}", Response("One.", 1, 2, estimated=False))
    assert len(list(home.glob("*.json"))) == KEPT


def test_a_key_differs_by_model_prompt_and_build() -> None:
    keys = {
        key_of("a:b", PROMPT, "1"),
        key_of("a:c", PROMPT, "1"),
        key_of("a:b", Prompt("i", "m"), "1"),
        key_of("a:b", PROMPT, "2"),
    }
    assert len(keys) == 4


def test_a_cost_is_told_where_a_price_is_known() -> None:
    usage = usage_of("openai:gpt-4o-mini", 1_000_000, 500_000, estimated=False)
    assert (usage.cost, usage.priced) == (pytest.approx(0.15 + 0.30), date(2026, 5, 1))
    assert usage_of("ollama:llama3.1", 1_000, 10, estimated=False).cost is None


def test_tokens_are_estimated_by_script() -> None:
    assert (tokens_of("a" * 400), tokens_of("権限" * 50), tokens_of("")) == (100, 100, 1)
