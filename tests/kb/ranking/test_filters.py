import numpy as np
import pytest
from support.corpus import corpus

from kb.ranking.filters import Filters
from kb.ranking.ranker import order

ENTRIES = {f"{entry.id} {entry.language}": entry for entry in corpus()}


def test_order_is_best_first_and_stable() -> None:
    scores = np.array([0.1, 0.9, 0.0, 0.5, 0.9, -1.0, 0.5], dtype=np.float32)
    all_rows = np.ones(7, dtype=np.bool_)
    assert order(scores, all_rows).tolist() == [1, 4, 3, 6, 0]
    assert order(scores, np.array([1, 0, 1, 1, 1, 1, 0], dtype=np.bool_)).tolist() == [4, 3, 0]
    assert order(scores, np.zeros(7, dtype=np.bool_)).tolist() == []


def admitted(filters: Filters) -> set[str]:
    return {name for name, entry in ENTRIES.items() if filters.admits(entry)}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), set(ENTRIES)),
        (Filters(kinds=frozenset({"question", "design_principle"})), {"GENSEC05 en"}),
        (Filters(pillars=frozenset({"Cost optimization"})), {"GENCOST03-BP01 en"}),
        (Filters(sources=frozenset({"owasp-llm"})), {"LLM03:2026 en", "LLM06:2026 en", "LLM06:2025 en"}),
        (Filters(editions=frozenset({"2025"})), {"LLM06:2025 en"}),
        (Filters(risk_levels=frozenset({"High"})), {"GENSEC05-BP01 en", "GENSEC05-BP01 ja"}),
        (
            Filters(risk_levels=frozenset({"Medium", "Low"}), pillars=frozenset({"Security"})),
            {"GENSEC05-BP02 en"},
        ),
        (Filters(sources=frozenset({"owasp-llm"}), pillars=frozenset({"Security"})), set()),
        (Filters(kinds=frozenset({"no such kind"})), set()),
    ],
)
def test_entry_must_pass_every_filter(filters: Filters, expected: set[str]) -> None:
    assert admitted(filters) == expected


def test_filters_are_true_if_any_is_set() -> None:
    assert not Filters()
    for name in ("kinds", "pillars", "sources", "editions", "risk_levels"):
        assert Filters(**{name: frozenset({"x"})})
