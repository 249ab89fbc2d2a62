"""The log of refreshes: what cannot be used is not shown."""

import json
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder

from kb.errors import StorageError
from kb.make import make_build
from kb.storage.refresh_log import REFRESH, checked_at, read_failures, write_check, write_failures

NEWEST = max(state.fetched_at for state in SOURCES if state.origin == "site")


@pytest.mark.parametrize("at", ["soon", "", 5, None, "2026-13-01T00:00:00+00:00", ["2026-01-01"]])
def test_check_without_a_time_is_ignored(home: Path, encoder: WordEncoder, at: object) -> None:
    served = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    write_check(home, served.id, "2026-05-06T07:08:09+00:00")
    assert checked_at(home, served) == "2026-05-06T07:08:09+00:00"
    (home / "checked.json").write_text(json.dumps({"build": served.id, "at": at}), encoding="utf-8")
    assert checked_at(home, served) == NEWEST


@pytest.mark.parametrize("at", ["soon", "", 5, None, "2026-13-01T00:00:00+00:00"])
def test_failure_without_a_time_is_told_as_an_unreadable_record(home: Path, at: object) -> None:
    home.mkdir()
    (home / "failures.json").write_text(
        json.dumps([{"what": "a", "reason": "b", "at": at}]), encoding="utf-8"
    )
    (failure,) = read_failures(home)
    assert (failure.what, "cannot be read (ValidationError)" in failure.reason) == (REFRESH, True)


def test_folder_in_place_of_the_record_is_named_with_the_remedy(home: Path) -> None:
    (home / "failures.json").mkdir(parents=True)
    (failure,) = read_failures(home)
    with pytest.raises(StorageError, match=r"failures\.json: it is a folder, expected a file; remove it"):
        write_failures(home, [failure])
