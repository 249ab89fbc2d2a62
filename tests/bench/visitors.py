"""Many visitors of the running chat page at once: python tests/bench/visitors.py http://127.0.0.1:8501

Each visitor is a separate session over the page's websocket: it waits, opens the link of a question, reads
until the page is drawn, and continues with the next question. First, a single visitor asks every question:
its answers are the expected ones, element by element, and its times are the reference. The exit code is 1
if the page shows an error, if an answer differs from the expected one, or if the 95th percentile of all
visitors is more than MAX_RATIO times the reference.
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

MAX_RATIO = 5.0
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
    """One session: the seconds of each answer, and the questions with a wrong answer."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def visit(self, address: str, asked: list[str], expected: dict[str, list[str]], think: float) -> None:
        with connect(
            f"ws{address.removeprefix('http')}/_stcore/stream", subprotocols=None, max_size=None
        ) as page:
            for question in asked:
                sleep(random.uniform(0, 2 * think))  # noqa: S311 - not a secret
                started = perf_counter()
                shown = drawn(page, question)
                self.seconds.append(perf_counter() - started)
                if shown != expected.setdefault(question, shown):
                    self.wrong.append(question)


def drawn(page: ClientConnection, question: str) -> list[str]:
    """The texts on the page for the link of a question, in order.

    :raises RuntimeError: the page shows an error.
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
    """Ask with one visitor, then with all, and compare the times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--questions", type=int, default=8, help="per visitor")
    parser.add_argument("--think", type=float, default=5.0, help="mean seconds before a question")
    options = parser.parse_args()
    expected: dict[str, list[str]] = {}
    Visitor().visit(options.address, list(QUESTIONS), expected, 0)  # loads index and model
    single = Visitor()
    for _ in range(3):  # a session keeps its answers
        single.visit(options.address, list(QUESTIONS), expected, 0)
    visitors = [Visitor() for _ in range(options.visitors)]
    with ThreadPoolExecutor(options.visitors) as pool:
        asked = [
            [QUESTIONS[(n + i) % len(QUESTIONS)] for i in range(options.questions)]
            for n in range(options.visitors)
        ]
        for done in [
            pool.submit(visitor.visit, options.address, mine, expected, options.think)
            for visitor, mine in zip(visitors, asked, strict=True)
        ]:
            done.result()
    one, many = (
        float(np.percentile(s, 95)) for s in (single.seconds, [t for v in visitors for t in v.seconds])
    )
    wrong = single.wrong + [question for visitor in visitors for question in visitor.wrong]
    sys.stdout.write(
        f"{options.visitors} visitors, {options.questions} questions each: "
        f"p95 is {many / one:.1f} times the p95 of one visitor "
        f"({1000 * many:.0f} ms and {1000 * one:.0f} ms); {len(wrong)} wrong answers\n"
    )
    sys.exit(bool(wrong) or many > MAX_RATIO * one)


if __name__ == "__main__":
    main()
