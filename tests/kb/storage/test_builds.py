import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus, question
from support.homes import ROOT

from kb.embedding.open import export_folder
from kb.entries import Entry, Item, Language, Role, Section
from kb.errors import DamagedIndexError, NoIndexError, NotKeptError, RecordError, StorageError
from kb.files import TemporaryFolder
from kb.index.chunker import Chunk, read_chunks, write_chunks
from kb.storage import builds
from kb.storage.builds import (
    Build,
    Draft,
    current_build,
    draft_build,
    kept_build,
    kept_builds,
    list_builds,
    new_id,
    remove_leftovers,
    serve,
)
from kb.storage.manifest import Manifest, count_kinds, read_manifest, write_manifest
from kb.verify import check_entries

CHUNK = Chunk("E.ja.0.0", "E", Language.JAPANESE, 0, Role.STEPS, 3, 8, "鍵", "two\u2028")
LINE = (
    '{"id":"E.ja.0.0","entry_id":"E","language":"ja","section":0,"role":"steps"'
    ',"start":3,"end":8,"context":"鍵","text":"two\u2028"}\n'
)


def manifest(build_id: str) -> Manifest:
    return Manifest(build_id, 2, MADE_AT, "tests/words", "0" * 64, 256, {"risk": 3}, 18, SOURCES)


def publish(home: Path, build_id: str) -> None:
    draft = Draft(home, build_id)
    draft.folder.mkdir(parents=True)
    write_manifest(draft.folder, manifest(build_id))
    draft.publish()


def test_build_id_has_time_and_fingerprint(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(builds, "datetime", Clock)
    assert new_id(home, "0123456789abcdef") == "20260102T000001-01234567"
    assert new_id(home, "ffff000000000000") == "20260102T000002-ffff0000"


def test_builds_of_the_same_second_and_fingerprint_get_different_ids(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "datetime", Clock)
    for name in ("20260102T000001-01234567", "20260102T000002-01234567", "20260102T000001-ffff0000"):
        publish(home, name)
    monkeypatch.setattr(Clock, "ticks", 0)
    assert new_id(home, "0123456789abcdef") == "20260102T000003-01234567"


def test_kinds_are_counted_without_translations() -> None:
    assert count_kinds(corpus()) == {"question": 1, "best_practice": 3, "page": 1, "risk": 3}
    assert count_kinds([]) == {}


def test_published_build_is_served(home: Path) -> None:
    publish(home, "20260101T000000-aaaaaaaa")
    assert current_build(home).id == "20260101T000000-aaaaaaaa"
    assert (home / "current").read_bytes() == b"20260101T000000-aaaaaaaa\n"
    folder = home / "builds" / "20260101T000000-aaaaaaaa"
    assert read_manifest(folder) == manifest("20260101T000000-aaaaaaaa")
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_home_without_a_build_is_reported(home: Path) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {home}; make one with: genlens refresh$"):
        current_build(home)


@pytest.mark.parametrize("content", [b"", b"\n", b"gone\n", b"../builds\n", b"/etc\n", b".making-x\n", b"."])
def test_pointer_to_a_missing_build_is_refused(home: Path, content: bytes) -> None:
    (home / "builds" / ".making-x").mkdir(parents=True)
    (home / "current").write_bytes(content)
    with pytest.raises(DamagedIndexError, match=r"current names '.*', which is not a build here; .*refresh"):
        current_build(home)


def test_pointer_with_invalid_utf_8_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "current").write_bytes(b"\xff\xfe")
    with pytest.raises(DamagedIndexError, match=r"current cannot be read .*genlens refresh"):
        current_build(home)


def test_manifest_of_another_format_is_refused_with_both_numbers(home: Path) -> None:
    publish(home, "b")
    file = home / "builds" / "b" / "manifest.json"
    file.write_text(file.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(DamagedIndexError, match=r"builds/b: format 1, expected 2; .*genlens refresh"):
        read_manifest(file.parent)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"id": "b"}', b"\xff"])
def test_damaged_manifest_is_refused(home: Path, content: bytes | None) -> None:
    publish(home, "b")
    file = home / "builds" / "b" / "manifest.json"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(
        DamagedIndexError, match=r"builds/b: its manifest cannot be read; run: genlens refresh"
    ):
        read_manifest(file.parent)


def test_builds_are_listed_newest_first_without_drafts_and_files(home: Path) -> None:
    assert list_builds(home) == ()
    for name in ("20260102T000000-b", "20260101T000000-c", "20260103T000000-a", ".making-x"):
        (home / "builds" / name).mkdir(parents=True)
    (home / "builds" / "notes.txt").write_text("")
    assert list_builds(home) == ("20260103T000000-a", "20260102T000000-b", "20260101T000000-c")


def test_last_five_builds_are_kept(home: Path) -> None:
    for day in range(1, 8):
        publish(home, f"2026010{day}T000000-a")
    assert [build_id[6:8] for build_id in list_builds(home)] == ["07", "06", "05", "04", "03"]


def test_served_build_is_kept_at_any_age(home: Path) -> None:
    for day in range(2, 8):
        (home / "builds" / f"2026010{day}T000000-a").mkdir(parents=True)
    publish(home, "20260101T000000-a")
    assert current_build(home).id == "20260101T000000-a"
    assert [build_id[6:8] for build_id in list_builds(home)] == ["07", "06", "05", "04", "03", "01"]


def test_previously_served_build_is_kept_at_any_age(home: Path) -> None:
    for day in range(1, 6):
        publish(home, f"2026010{day}T000000-a")
    serve(Build(home, "20260101T000000-a"))
    assert current_build(home).id == "20260101T000000-a"
    publish(home, "20260106T000000-a")
    assert current_build(home).id == "20260106T000000-a"
    assert [build_id[6:8] for build_id in list_builds(home)] == ["06", "05", "04", "03", "02", "01"]
    publish(home, "20260107T000000-a")
    assert [build_id[6:8] for build_id in list_builds(home)] == ["07", "06", "05", "04", "03"]


def test_kept_build_is_found_by_its_full_id(home: Path) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {home}; make one with: genlens refresh$"):
        kept_builds(home)
    publish(home, "20260101T000000-a")
    publish(home, "20260102T000000-b")
    assert kept_builds(home) == ("20260102T000000-b", "20260101T000000-a")
    assert kept_build(home, "20260101T000000-a").id == "20260101T000000-a"


@pytest.mark.parametrize("typed", ["", ".", "..", ".making-x", "20260101", "20260101T000000-A", "x" * 200])
def test_unknown_build_is_refused_with_a_list_of_kept_builds(home: Path, typed: str) -> None:
    (home / "builds" / ".making-x").mkdir(parents=True)
    publish(home, "20260101T000000-a")
    with pytest.raises(NotKeptError, match=rf"is not a build in {home}; kept: 20260101T000000-a$") as caught:
        kept_build(home, typed)
    assert len(str(caught.value)) < 200 + len(str(home))


def test_unpublished_draft_is_removed_on_any_exit(home: Path) -> None:
    with draft_build(home, "a" * 64) as draft:
        (draft.folder / "chroma").mkdir()
    with pytest.raises(ValueError, match=r"^mine$"), draft_build(home, "b" * 64):
        raise ValueError("mine")
    with pytest.raises(KeyboardInterrupt), draft_build(home, "c" * 64):
        raise KeyboardInterrupt
    assert list((home / "builds").iterdir()) == []
    assert not (home / "current").exists()


def test_file_in_place_of_the_home_is_refused(home: Path) -> None:
    home.write_text("")
    with (
        pytest.raises(StorageError, match=r"set GENLENS_HOME to a folder that can be written"),
        draft_build(home, "a" * 64),
    ):
        pytest.fail("a draft was created in a file")


def test_leftovers_of_killed_builds_are_removed(home: Path) -> None:
    publish(home, "a")
    (home / "builds" / ".making-b" / "chroma").mkdir(parents=True)
    remove_leftovers(home)
    assert [path.name for path in (home / "builds").iterdir()] == ["a"]
    remove_leftovers(home / "missing")


def test_export_folder_is_named_by_its_weights(home: Path) -> None:
    assert export_folder(home, "0123456789abcdef" + "0" * 48) == home / "exports" / "0123456789abcdef"


def test_chunks_are_written_as_json_lines_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "chunks.jsonl"
    write_chunks(file, [CHUNK, CHUNK])
    assert file.read_bytes().decode() == LINE * 2
    assert read_chunks(file) == (CHUNK, CHUNK)


@pytest.mark.parametrize(
    "line", [b"{\n", b"\n", LINE.encode()[:-20], LINE.replace("3", '"x"').encode(), b"\xff\n"]
)
def test_malformed_chunk_line_is_refused(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "chunks.jsonl"
    file.write_bytes(LINE.encode() + line)
    with pytest.raises(RecordError, match=r"chunks.jsonl, line 2, "):
        read_chunks(file)


BLANK = (Section("Introduction", Role.INTRODUCTION, (Item(""),)), Section("Steps", Role.STEPS, ()))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((), "no entries were read, expected some"),
        ((question(), question()), r"GENSEC05 \(en\) is a duplicate, expected once"),
        ((replace(question(), url=""),), r"GENSEC05 \(en\) has no text or no https address, expected both"),
        (
            (replace(question(), url="http://docs.aws.amazon.com/x"),),
            r"GENSEC05 \(en\) has no text or no https address, expected both",
        ),
        (
            (replace(question(), sections=()),),
            r"GENSEC05 \(en\) has no text or no https address, expected both",
        ),
        (
            (replace(question(), sections=BLANK),),
            r"GENSEC05 \(en\) has no text or no https address, expected both",
        ),
    ],
)
def test_invalid_entries_are_refused(entries: tuple[Entry, ...], message: str) -> None:
    with pytest.raises(RecordError, match=f"^{message}$"):
        check_entries(entries)


def test_entry_may_occur_once_per_language() -> None:
    check_entries((question(), replace(question(), language=Language.JAPANESE)))
    check_entries(corpus())


# A clock that went back.


def test_build_made_after_the_clock_went_back_is_the_newest(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "datetime", Clock)
    publish(home, "20310704T235959-ffffffff")
    made = []
    for _ in range(6):
        made.append(new_id(home, "0" * 64))
        publish(home, made[-1])
    assert made[:2] == ["20310705T000000-00000000", "20310705T000001-00000000"]
    assert list_builds(home) == tuple(reversed(made[1:]))
    assert current_build(home).id == made[-1]


def test_folder_without_a_time_in_its_name_is_older_than_every_build(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(builds, "datetime", Clock)
    for name in ("20319999T000000-aaaaaaaa", "old", "20250101T000000"):
        (home / "builds" / name).mkdir(parents=True)
    assert new_id(home, "0" * 64) == "20260102T000001-00000000"


# What killed processes left behind.


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of the system, for this test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("kb.storage.builds.gettempdir", lambda: str(folder))
    return folder


def test_files_of_killed_writers_are_removed(home: Path) -> None:
    kept = {"current", "pages/genai-lens/a.json", "responses/k.json", "responses/.k.json.77-8", ".note"}
    left = {".current.4711", ".failures.json.4711-12", "pages/genai-lens/.a.json.4711-12"}
    for name in kept | left:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    remove_leftovers(home)
    assert {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()} == kept
    os.utime(home / "responses/.k.json.77-8", (0, 0))
    remove_leftovers(home)
    assert {path.name for path in (home / "responses").iterdir()} == {"k.json"}


COPY = "genlens-20260101T000000-aaaaaaaa"


def test_abandoned_exports_and_copies_are_removed(home: Path, temporary: Path) -> None:
    exports = home / "exports"
    for folder in (exports / ".export-1a2b3c4d", temporary / f"{COPY}-1a2b3c4d"):
        (folder / "inside").mkdir(parents=True)
        folder.with_name(f"{folder.name}.lock").touch()
    for folder in (exports / ".export-x_y", temporary / "genlens-.making-20260101T000000-aaaaaaaa-12345678"):
        folder.mkdir()  # without a lock
    (temporary / f"{COPY}-11111111.lock").touch()  # without a folder
    kept = {exports / "0123456789abcdef", temporary / "genlens-notes", temporary / "genlens-2026-plans"}
    for folder in kept:
        folder.mkdir()
    remove_leftovers(home)
    assert {*exports.iterdir(), *temporary.iterdir()} == kept


def test_folders_in_use_stay(home: Path, temporary: Path) -> None:
    (home / "exports").mkdir(parents=True)
    with (
        TemporaryFolder(home / "exports", ".export-") as export,
        TemporaryFolder(temporary, f"{COPY}-") as copy,
    ):
        remove_leftovers(home)
        assert export.is_dir()
        assert copy.is_dir()
    assert [*(home / "exports").iterdir(), *temporary.iterdir()] == []


def test_link_in_place_of_a_copy_is_left_alone(home: Path, temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "precious" / "file").mkdir(parents=True)
    (temporary / f"{COPY}-1a2b3c4d").symlink_to(tmp_path / "precious")
    remove_leftovers(home)
    assert (tmp_path / "precious" / "file").is_dir()


def test_copy_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(
    home: Path, temporary: Path
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from kb.files import TemporaryFolder\n"
        f"folder = TemporaryFolder(Path(sys.argv[1]), '{COPY}-')\n"
        "print(folder.path.name, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(temporary)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as living,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as killed,
    ):
        names = [process.stdout.readline().strip() for process in (living, killed) if process.stdout]
        killed.kill()
        killed.wait()
        remove_leftovers(home)
        assert [path.name for path in temporary.iterdir() if path.is_dir()] == names[:1]
        living.kill()
    remove_leftovers(home)
    assert list(temporary.iterdir()) == []
