import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from support.homes import ROOT

from kb.errors import BusyError, StorageError
from kb.storage.locks import refresh_lock

HOLD = """
import sys
from pathlib import Path
from kb.storage.locks import refresh_lock
with refresh_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock_creates_the_home_and_is_released_on_any_exit(home: Path) -> None:
    with refresh_lock(home):
        assert home.is_dir()
    with pytest.raises(ValueError, match=r"^mine$"), refresh_lock(home):
        raise ValueError("mine")
    FileLock(home / "refresh.lock").acquire(timeout=0).lock.release()


def test_wait_for_a_held_lock_is_logged_and_limited(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    message = f"^{home}: another refresh or rollback did not end within 0 seconds; stop it and repeat$"
    with refresh_lock(home), pytest.raises(BusyError, match=message), refresh_lock(home):
        pytest.fail("the lock was taken twice")
    assert f"another refresh or rollback is running in {home}; waiting for it to end" in caplog.text


def test_waiting_thread_continues_after_the_other_ends(home: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with refresh_lock(home):
            order.append("second")

    thread = threading.Thread(target=second)
    with refresh_lock(home):
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_lock_of_a_killed_process_is_released(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    command = [sys.executable, "-c", HOLD, str(home)]
    root = ROOT
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError), refresh_lock(home):
            pytest.fail("the lock was taken twice")
        holder.kill()
        holder.wait()
        with refresh_lock(home):
            assert (home / "refresh.lock").exists()


def test_file_in_place_of_the_home_is_refused(home: Path) -> None:
    home.write_text("")
    with (
        pytest.raises(StorageError, match=r"set GENLENS_HOME to a folder that can be written"),
        refresh_lock(home),
    ):
        pytest.fail("a lock was taken in a file")
