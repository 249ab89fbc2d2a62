"""Terms are the same in many threads at once as in one."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from kb import text
from kb.text import terms

THREADS = 16
_ENDINGS = ("ed", "ing", "ation", "ly", "ness", "ment", "ities", "ful", "izer", "s")
_WORDS = [
    f"{start}{end}" for start in ("relat", "train", "prompt", "embedd", "million", "calm") for end in _ENDINGS
]


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Switches threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_threads_find_the_terms_of_one_thread() -> None:
    def stems(number: int, barrier: Barrier) -> list[str]:
        barrier.wait()
        return [terms(word)[0] for word in (*_WORDS[number:], *_WORDS[:number])]

    text._term.cache_clear()  # noqa: SLF001 - as in a new process
    expected = stems(0, Barrier(1))
    for _ in range(20):
        text._term.cache_clear()  # noqa: SLF001
        barrier = Barrier(THREADS)
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(lambda n: stems(n, barrier), range(THREADS)))
        assert found == [expected[n:] + expected[:n] for n in range(THREADS)]
