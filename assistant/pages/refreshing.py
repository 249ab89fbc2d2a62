"""The one refresh that a server runs at a time, whoever asks for it, and how far it has come.

It is a process of its own: the models of a build are not loaded into the server, and no visitor waits.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Thread

ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "assistant.pages.worker")


@dataclass(frozen=True, slots=True)
class State:
    """How far a refresh has come; `total` is 0 while sources are read, `build` or `error` come at its end.

    `failed` are the editions that are not as their sites have them.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    build: str = ""
    failed: tuple[str, ...] = ()
    error: str = ""


class Refreshing:
    """Starts a refresh where none is under way, and follows it."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._lock = Lock()
        self._state = State()

    @property
    def state(self) -> State:
        """How far it has come, or how the last one ended."""
        return self._state

    def start(self) -> None:
        """Begin a refresh, unless one is under way already."""
        with self._lock:
            if not self._state.running:
                self._state = State(running=True)
                Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        with subprocess.Popen(  # noqa: S603 - our own module
            self._command, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout or ():
                self._state = _after(self._state, line)
        if self._state.running:
            error = f"the refresh ended with code {process.returncode} and said nothing; see the server's log"
            self._state = replace(self._state, running=False, error=error)


def _after(state: State, line: str) -> State:
    """The state after a line that the worker said."""
    said = json.loads(line)
    if "total" in said:
        return replace(state, done=said["done"], total=said["total"])
    ended = replace(state, running=False)
    if "error" in said:
        return replace(ended, error=said["error"])
    return replace(ended, build=said["build"], failed=tuple(said["failed"]))
