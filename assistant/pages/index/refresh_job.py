"""The one refresh or check that a server runs at a time, whoever asks for it, and how far it has come.

It is a process of its own: the model that builds is not loaded into the server, and no visitor waits.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread

ROOT = Path(__file__).resolve().parents[3]
WORKER = (sys.executable, "-m", "assistant.pages.index.refresh_worker")


@dataclass(frozen=True, slots=True)
class State:
    """How far it has come, or how the last one ended; before any, all is empty.

    `total` is 0 while sources are read. At the end of a refresh `build` is what is served; at that of a
    check `checked` holds, and `found` are the ids of what a refresh would change: under "added", "removed",
    "changed" and "moved". `new` tells whether there is, or would be, a new build. `failed` are the editions
    that are not as their sites have them.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    build: str = ""
    checked: bool = False
    found: Mapping[str, Sequence[str]] = field(default_factory=dict)
    new: bool = False
    failed: tuple[str, ...] = ()
    error: str = ""


class Refreshing:
    """Starts a refresh or a check where none is under way, and follows it."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._lock = Lock()
        self._state = State()

    @property
    def state(self) -> State:
        """How far it has come."""
        return self._state

    def start(self, verb: str) -> None:
        """Begin a "refresh" or a "check", unless one of them is under way already."""
        with self._lock:
            if not self._state.running:
                self._state = State(running=True)
                Thread(target=self._follow, args=(verb,), daemon=True).start()

    def _follow(self, verb: str) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        with subprocess.Popen(  # noqa: S603 - our own module
            [*self._command, verb], env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            state = self._state
            for line in process.stdout or ():
                state = after(state, line)
                if state.running:
                    self._state = state
        if state.running:
            error = (
                f"it ended with code {process.returncode} and said nothing more; see the log of the server"
            )
            state = State(error=error)
        self._state = state  # only now, when the process no longer holds the lock of the home


def after(state: State, line: str) -> State:
    """The state after a line that the worker said."""
    said = json.loads(line)
    if "total" in said:
        return replace(state, done=said["done"], total=said["total"])
    if "error" in said:
        return State(error=said["error"])
    failed = tuple(said["failed"])
    if "build" in said:
        return State(build=said["build"], new=said["published"], failed=failed)
    return State(checked=True, found=said["found"], new=said["anew"], failed=failed)
