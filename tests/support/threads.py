"""A cold process that answers the catalogue's own questions from many threads at once.

    python -m support.threads HOME THREADS STEP SEED

prints a line of JSON: the answer to every STEP-th question, by question, as its digest and confidence. SEED
shuffles the questions, so that each process begins with others.
"""

import hashlib
import json
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from assistant.answers.records import Answer
from assistant.generate import ask
from kb.entries import Entry, Role, read_entries
from kb.index.passages import Passage
from kb.serving import ServedBuild
from kb.settings import load_settings
from kb.storage.builds import current_build

SWITCH = 1e-5  # seconds; threads take turns 500 times as often as usual
Summary = tuple[str, float]


def asks_of(home: Path) -> list[str]:
    """The questions people ask, of every entry of the served build, each once."""
    entries = read_entries(current_build(home).folder / "entries.jsonl")
    return list(dict.fromkeys(text for entry in entries for text in _asks(entry)))


def summary_of(answer: Answer) -> Summary:
    """A digest of the answer, and its confidence.

    Hits after the cited ones are left out: Chroma finds neighbours approximately, and near ties change places
    from process to process, also with one thread.
    """
    statements = [
        (statement.part, statement.text, statement.origin, _places(statement.passages))
        for statement in answer.statements
    ]
    seen = (answer.covered, answer.gap, statements, _places(answer.citations))
    return hashlib.sha256(repr(seen).encode()).hexdigest(), answer.confidence


def answered(home: Path, questions: list[str], threads: int) -> dict[str, Summary]:
    """The answers by question; all threads ask their first question at the same moment."""
    served = ServedBuild(load_settings(home=home))
    together = Barrier(threads)

    def work(number: int) -> dict[str, Summary]:
        together.wait()
        return {one: summary_of(ask(served.base(), one)) for one in questions[number::threads]}

    with ThreadPoolExecutor(threads) as pool:
        return dict(pair for part in pool.map(work, range(threads)) for pair in part.items())


def _asks(entry: Entry) -> list[str]:
    return [item.text for section in entry.sections if section.role is Role.ASKS for item in section.items]


def _places(passages: Sequence[Passage]) -> list[object]:
    return [(p.entry.id, p.entry.language, p.section_index, p.start, p.end) for p in passages]


if __name__ == "__main__":
    place, threads, step, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
    chosen = asks_of(place)[::step]
    random.Random(seed).shuffle(chosen)  # noqa: S311 - an order need not be unpredictable
    sys.setswitchinterval(SWITCH)
    print(json.dumps(answered(place, chosen, threads)))  # noqa: T201
