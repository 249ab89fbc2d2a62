"""A process that runs refreshes and kills them on request, each in a fork to save the imports.

A request is a line of JSON: `home`, `mirror`, `data`, and the `signal` to die of, either before step number
`at` (a step is a call that changes the home or opens a connection) or `after` some seconds. The reply is a
line of JSON: `code`, the exit code or the negative signal, and `steps`, the number of steps begun.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "socket.connect"}


@dataclass(frozen=True)
class Refresher:
    """The client of the process."""

    process: "subprocess.Popen[str]"

    def order(self, **order: object) -> tuple[int, int]:
        """Run a refresh; the exit code and the number of steps begun."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order, default=str) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        return reply["code"], reply["steps"]


@contextmanager
def refresher() -> Iterator[Refresher]:
    """A process that serves requests until the block ends."""
    root = Path(__file__).resolve().parents[2]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")]),
        "OPENBLAS_NUM_THREADS": "1",  # a fork carries one thread over
    }
    with subprocess.Popen(
        [sys.executable, "-m", "support.refresher"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Refresher(process)
        process.stdin.close()  # type: ignore[union-attr]


def _refresh(order: dict[str, str], count: list[int]) -> None:
    import ingest.pipeline
    from support.encoder import WordEncoder
    from support.world import run

    at, kill_signal = int(order.get("at", 0)), getattr(signal, order.get("signal", "SIGKILL"))

    def step(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return  # only reads
        if event in STEPS and (event == "socket.connect" or order["home"] in str(arguments[0])):
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), kill_signal)

    sys.addaudithook(step)
    ingest.pipeline.data_folder = lambda: Path(order["data"])
    ingest.pipeline.prepare_encoder = lambda _home, _model: WordEncoder()
    run(Path(order["home"]), order["mirror"])


def _forked(order: dict[str, str]) -> dict[str, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        count, code = [0], 1
        try:
            _refresh(order, count)
            code = 0
        finally:
            os.write(writing, str(count[0]).encode())
            os._exit(code)
    os.close(writing)
    timer = None
    if "after" in order:
        timer = threading.Timer(float(order["after"]), os.kill, (child, getattr(signal, order["signal"])))
        timer.start()
    _, status = os.waitpid(child, 0)
    if timer:
        timer.cancel()
    with os.fdopen(reading) as pipe:
        steps = pipe.read()
    return {"code": os.waitstatus_to_exitcode(status), "steps": int(steps or 0)}


if __name__ == "__main__":
    import kb.index.vector_store  # noqa: F401 - before the first fork

    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)  # noqa: T201
