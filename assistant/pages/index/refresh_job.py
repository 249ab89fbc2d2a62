"""The one refresh or check a server runs at a time, for all visitors, and its progress.

It runs in its own process, so the server never loads the embedding model for building and no visitor waits.
Whatever the process writes, and however it ends, the job ends with it, and another can be started.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread, Timer

from assistant.pages.index.messages import (
    MAX_LINE,
    Checked,
    Embedded,
    Refreshed,
    Stopped,
    WorkerError,
    message_of,
)

ROOT = Path(__file__).resolve().parents[3]
WORKER = (sys.executable, "-m", "assistant.pages.index.refresh_worker")
# Seconds without a message after which the process is killed. Reading the sites, which is silent, ends after
# fifteen minutes.
MAX_SILENCE = 3600.0


@dataclass(frozen=True, slots=True)
class State:
    """The progress of a job, or the result of the last one; empty before the first.

    `done` and `total` count chunks to embed; `total` is 0 while sources are read. After a refresh, `build` is
    the served build. After a check, `checked` is True, `ids` has the affected ids under "added", "removed",
    "changed" and "moved", and `notes` are those of the build a refresh would make. `new` is True if there
    is, or would be, a new build. `failed` has the editions that could not be updated from their sites.
    `broken` is True if the process ended with `error` instead of a result.
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
    broken: bool = False


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
                Thread(target=self._run, args=(verb,), daemon=True).start()

    def _run(self, verb: str) -> None:
        end = State(error="it could not be followed", broken=True)
        try:
            end = self._followed(verb)
        except (WorkerError, OSError) as error:
            end = State(error=str(error), broken=True)
        finally:
            # The result is set after the process has exited and released the lock of the home.
            self._state = end

    def _followed(self, verb: str) -> State:
        """The result of a process.

        :raises WorkerError: it wrote something other than messages, or ended without a result
        :raises OSError: it cannot be started
        """
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        with subprocess.Popen(  # noqa: S603 - our own module
            [*self._command, verb], env=environment, stdout=subprocess.PIPE
        ) as process:
            try:
                state = self._read(process)
                process.wait(MAX_SILENCE)
            except subprocess.TimeoutExpired as error:
                raise WorkerError("it closed its output and did not end") from error
            finally:
                process.kill()  # without effect after its end
        if state.running:
            code = process.returncode
            raise WorkerError(
                f"it {f'exited with code {code}' if code >= 0 else f'was killed by signal {-code}'}"
            )
        return state

    def _read(self, process: subprocess.Popen[bytes]) -> State:
        """The state after the output of a process; progress is set at once.

        :raises WorkerError: a line is not a message
        """
        state = self._state
        while line := _line(process):
            state = after(state, line)
            if state.running:
                self._state = state
        return state


def _line(process: subprocess.Popen[bytes]) -> bytes:
    """The next line of a process, cut to MAX_LINE; empty at its end. A silent process is killed."""
    silence = Timer(MAX_SILENCE, process.kill)
    silence.start()
    try:
        return process.stdout.readline(MAX_LINE) if process.stdout else b""
    finally:
        silence.cancel()


def after(state: State, line: bytes) -> State:
    """The state after a line of output from the worker.

    :raises WorkerError: the line is not a message
    """
    match message_of(line):
        case Embedded(done=done, total=total):
            return replace(state, done=min(done, total), total=total)
        case Refreshed(build=build, published=published, failed=failed):
            return State(build=build, new=published, failed=failed)
        case Checked(ids=ids, new=new, failed=failed, notes=notes):
            return State(checked=True, ids=ids, new=new, failed=failed, notes=notes)
        case Stopped(error=error):
            return State(error=error)
