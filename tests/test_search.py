import numpy as np
import pytest
from support.corpus import corpus

from kb.search import Filters, best_of, fuse, order

ENTRIES = {f"{entry.id} {entry.language}": entry for entry in corpus()}


def rows(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    return np.array(values, dtype=np.intp)


def test_an_owner_has_the_score_of_its_best_chunk() -> None:
    scores = np.array([0.2, 0.5, 0.1, 0.0, -0.3], dtype=np.float32)
    owners = np.array([2, 0, 2, 1, 3], dtype=np.int32)
    assert best_of(scores, owners, 5).tolist() == pytest.approx([0.5, 0, 0.2, 0, 0])


def test_rows_are_ordered_best_first_and_equal_ones_as_they_stand() -> None:
    scores = np.array([0.1, 0.9, 0.0, 0.5, 0.9, -1.0, 0.5], dtype=np.float32)
    every = np.ones(7, dtype=np.bool_)
    assert order(scores, every).tolist() == [1, 4, 3, 6, 0]
    assert order(scores, np.array([1, 0, 1, 1, 1, 1, 0], dtype=np.bool_)).tolist() == [4, 3, 0]
    assert order(scores, np.zeros(7, dtype=np.bool_)).tolist() == []


def test_ranks_are_fused_by_weight_over_ten_plus_rank() -> None:
    fused = fuse([(1.0, rows(3, 0, 2)), (0.5, rows(2, 3))], 5)
    # Row 0: 1/12. Row 2: 1/13 + 0.5/11. Row 3: 1/11 + 0.5/12.
    assert fused.tolist() == pytest.approx([0.083333, 0, 0.122378, 0.132576, 0], abs=1e-6)


def test_a_row_that_two_rankings_hold_comes_before_the_first_of_one() -> None:
    fused = fuse([(1.0, rows(0, 1)), (1.0, rows(2, 1))], 3)
    assert order(fused, np.ones(3, dtype=np.bool_)).tolist() == [1, 0, 2]


def test_no_rankings_give_no_scores() -> None:
    assert fuse([], 2).tolist() == [0, 0]
    assert fuse([(1.0, rows())], 2).tolist() == [0, 0]


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
def test_an_entry_must_pass_every_filter_that_is_set(filters: Filters, expected: set[str]) -> None:
    assert admitted(filters) == expected


def test_filters_are_true_where_one_is_set() -> None:
    assert not Filters()
    for name in ("kinds", "pillars", "sources", "editions", "risk_levels"):
        assert Filters(**{name: frozenset({"x"})})
