import errno
import os
from pathlib import Path

import pytest
from support.homes import ROOT

from kb.data import data_folder
from kb.errors import StorageError
from kb.files import storage_errors, write_atomic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_file_is_written_with_its_folders(folder: Path) -> None:
    write_atomic(folder / "a" / "b" / "file", b"first")
    write_atomic(folder / "a" / "b" / "file", b"second")
    assert files(folder / "a" / "b") == {"file": b"second"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failed_write_leaves_only_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_atomic(folder / "file", b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(StorageError, match=r"file: the disk is full"):
        write_atomic(folder / "file", b"new")
    assert files(folder) == {"file": b"old"}


def test_interrupted_write_leaves_only_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomic(folder / "file", b"old")

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(folder / "file", b"new")
    assert files(folder) == {"file": b"old"}


def test_new_content_is_synced_before_it_replaces_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomic(folder / "file", b"old")
    contents: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: contents.append((folder / "file").read_bytes()))
    write_atomic(folder / "file", b"new")
    assert contents == [b"old"]
    assert files(folder) == {"file": b"new"}


def test_folder_in_place_of_the_file_is_reported(folder: Path) -> None:
    (folder / "file").mkdir()
    with pytest.raises(StorageError, match=r"set GENLENS_HOME to a folder that can be written"):
        write_atomic(folder / "file", b"new")
    assert list(files(folder / "file")) == []
    assert [path.name for path in folder.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full; free some space and repeat: the served build is untouched"),
        (errno.EDQUOT, "the disk is full; free some space and repeat: the served build is untouched"),
        (errno.EACCES, "it is not writable; give write permission or set GENLENS_HOME to another folder"),
        (errno.EROFS, "it is not writable; give write permission or set GENLENS_HOME to another folder"),
        (errno.EIO, "Input/output error; set GENLENS_HOME to a folder that can be written"),
    ],
)
def test_storage_error_has_advice(folder: Path, number: int, advice: str) -> None:
    with pytest.raises(StorageError) as caught, storage_errors(folder):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"{folder}: {advice}"
    assert isinstance(caught.value.__cause__, OSError)


def test_storage_error_names_the_file_if_known(folder: Path) -> None:
    with pytest.raises(StorageError, match=rf"^{folder}/gone: No such file"), storage_errors(folder):
        (folder / "gone").read_bytes()


def test_other_errors_pass_through(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^mine$"), storage_errors(folder):
        raise ValueError("mine")


def test_data_folder_of_a_checkout_is_beside_the_package() -> None:
    assert data_folder() == ROOT / "data"
