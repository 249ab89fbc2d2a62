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


def test_a_home_is_made_and_the_lock_is_free_afterwards_however_the_block_ends(home: Path) -> None:
    with refresh_lock(home):
        assert home.is_dir()
    with pytest.raises(ValueError, match=r"^mine$"), refresh_lock(home):
        raise ValueError("mine")
    FileLock(home / "refresh.lock").acquire(timeout=0).lock.release()


def test_a_lock_that_another_holds_is_waited_for_with_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    message = f"^{home}: another refresh or rollback did not end within 0 seconds; stop it and repeat$"
    with refresh_lock(home), pytest.raises(BusyError, match=message), refresh_lock(home):
        pytest.fail("two hold the lock")
    assert f"another refresh or rollback is running in {home}; waiting for it to end" in caplog.text


def test_one_goes_on_when_the_other_has_ended(home: Path) -> None:
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


def test_a_lock_of_a_killed_process_is_no_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    command = [sys.executable, "-c", HOLD, str(home)]
    root = ROOT
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError), refresh_lock(home):
            pytest.fail("two hold the lock")
        holder.kill()
        holder.wait()
        with refresh_lock(home):
            assert (home / "refresh.lock").exists()


def test_a_home_that_is_a_file_cannot_be_locked(home: Path) -> None:
    home.write_text("")
    with (
        pytest.raises(StorageError, match=r"set GENLENS_HOME to a folder that can be written"),
        refresh_lock(home),
    ):
        pytest.fail("there is nothing to lock")
