from datetime import date

import pytest

from assistant.llm.usage import estimate_tokens, usage_of


def test_cost_is_given_for_a_known_price() -> None:
    usage = usage_of("openai:gpt-4o-mini", 1_000_000, 500_000, estimated=False)
    assert (usage.cost, usage.priced) == (pytest.approx(0.15 + 0.30), date(2026, 5, 1))
    assert usage_of("ollama:llama3.1", 1_000, 10, estimated=False).cost is None


def test_tokens_are_estimated_by_script() -> None:
    estimates = (estimate_tokens("a" * 400), estimate_tokens("権限" * 50), estimate_tokens(""))
    assert estimates == (100, 100, 1)
