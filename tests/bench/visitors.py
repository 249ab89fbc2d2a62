"""Many people ask the running page at once: python tests/bench/visitors.py http://127.0.0.1:8501

Each visitor is a session of its own over the page's websocket: it thinks, opens the link of a question, reads
until the page is drawn, and goes on to the next one. First one visitor asks every question alone; what
that one is shown is what everybody must be shown, element by element, and the time it takes is the measure.
Ends with 1 where a page says an error, an answer is not the one that belongs to its question, or the 95th
percentile of all is more than MOST_TIMES that of the one.
"""

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter, sleep
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

MOST_TIMES = 5.0
PATIENCE = 60.0  # seconds for one page
QUESTIONS = (
    "How do I keep an agent from taking actions it should not?",
    "Our token bill doubled. Where do we start?",
    "What should we log when people call the model?",
    "How do we fail over a RAG application to another Region?",
    "How do we defend against prompt injection?",
    "エージェントに渡す権限は、どこまで絞ればいいですか？",
    "What is the capital of France?",
    "prompt caching",
)


@dataclass
class Visitor:
    """One session: how long each page took in seconds, what it showed, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def visit(self, address: str, asked: list[str], expected: dict[str, list[str]], think: float) -> None:
        with connect(
            f"ws{address.removeprefix('http')}/_stcore/stream", subprotocols=None, max_size=None
        ) as page:
            for question in asked:
                sleep(random.uniform(0, 2 * think))  # noqa: S311 - no secret
                started = perf_counter()
                shown = drawn(page, question)
                self.seconds.append(perf_counter() - started)
                if shown != expected.setdefault(question, shown):
                    self.wrong.append(question)


def drawn(page: ClientConnection, question: str) -> list[str]:
    """The texts that a page shows for the link of a question, in order.

    :raises RuntimeError: the page shows an error, or ends without an answer.
    """
    asking = BackMsg()
    asking.rerun_script.query_string = urlencode({"lang": "en", "q": question})
    page.send(asking.SerializeToString())
    shown: list[str] = []
    while True:
        message = ForwardMsg.FromString(page.recv(timeout=PATIENCE))
        element = message.delta.new_element
        if element.HasField("exception") or element.HasField("alert"):
            raise RuntimeError(f"{question!r}: {element.exception.message or element.alert.body}")
        if element.HasField("markdown"):
            shown.append(element.markdown.body)
        if message.HasField("script_finished") and shown:
            return shown


def main() -> None:
    """Ask alone, then together, and tell how the times compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--questions", type=int, default=8, help="by each visitor")
    parser.add_argument("--think", type=float, default=5.0, help="seconds before a question, on average")
    given = parser.parse_args()
    expected: dict[str, list[str]] = {}
    Visitor().visit(given.address, list(QUESTIONS), expected, 0)  # opens index and model
    alone = Visitor()
    alone.visit(given.address, list(QUESTIONS) * 3, expected, 0)
    visitors = [Visitor() for _ in range(given.visitors)]
    with ThreadPoolExecutor(given.visitors) as pool:
        asked = [
            [QUESTIONS[(n + i) % len(QUESTIONS)] for i in range(given.questions)]
            for n in range(given.visitors)
        ]
        for done in [
            pool.submit(visitor.visit, given.address, mine, expected, given.think)
            for visitor, mine in zip(visitors, asked, strict=True)
        ]:
            done.result()
    one, many = (
        float(np.percentile(s, 95)) for s in (alone.seconds, [t for v in visitors for t in v.seconds])
    )
    wrong = alone.wrong + [question for visitor in visitors for question in visitor.wrong]
    sys.stdout.write(
        f"{given.visitors} visitors, {given.questions} questions each: "
        f"p95 {many / one:.1f} times that of one "
        f"({1000 * many:.0f} ms, {1000 * one:.0f} ms alone); {len(wrong)} answers mixed\n"
    )
    sys.exit(bool(wrong) or many > MOST_TIMES * one)


if __name__ == "__main__":
    main()
