"""The one refresh or check a server runs at a time, for all visitors, and its progress.

It runs in its own process, so the server never loads the embedding model for building and no visitor waits.
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
    """The progress of a job, or the result of the last one; empty before the first.

    `done` and `total` count chunks to embed; `total` is 0 while sources are read. After a refresh, `build` is
    the served build. After a check, `checked` is True, `ids` has the affected ids under "added", "removed",
    "changed" and "moved", and `notes` are those of the build a refresh would make. `new` is True if there
    is, or would be, a new build. `failed` has the editions that could not be updated from their sites.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    build: str = ""
    checked: bool = False
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    new: bool = False
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


class RefreshJob:
    """Runs one refresh or check at a time and follows its progress."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._lock = Lock()
        self._state = State()

    @property
    def state(self) -> State:
        """The progress, or the last result."""
        return self._state

    def start(self, verb: str) -> None:
        """Start a "refresh" or a "check", unless one of them is running."""
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
            error = f"it exited with code {process.returncode} and without a result; see the server log"
            state = State(error=error)
        # The result is set after the process has exited and released the lock of the home.
        self._state = state


def after(state: State, line: str) -> State:
    """The state after a line of output from the worker."""
    message = json.loads(line)
    if "total" in message:
        return replace(state, done=message["done"], total=message["total"])
    if "error" in message:
        return State(error=message["error"])
    failed = tuple(message["failed"])
    if "build" in message:
        return State(build=message["build"], new=message["published"], failed=failed)
    notes = tuple(message["notes"])
    return State(checked=True, ids=message["ids"], new=message["new"], failed=failed, notes=notes)
