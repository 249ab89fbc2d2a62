"""Refreshes without changes: the served build stays, and the time of the check is recorded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.encoder import WordEncoder
from support.saved import OWASP
from support.site import Reply, Site, own_pages
from support.world import PRACTICE, assert_only_build, entries, run, settings

import kb.storage.fingerprint
from assistant.cli import main
from ingest.pipeline import refresh
from kb.errors import DamagedIndexError
from kb.knowledge_base import KnowledgeBase, open_served
from kb.rollback import rollback
from kb.storage.builds import Build, list_builds
from kb.storage.locks import refresh_lock
from kb.storage.refresh_log import checked_at, read_failures, write_check
from kb.verify import check_files

pytestmark = pytest.mark.usefixtures("data")
RISK = f"{OWASP}2026/final/LLM03_ExcessiveAgency.md".removeprefix("https:/")
OLD_AND_NEW_SUMMARY = ("Nameless callers cannot be stopped", "Callers without a name cannot be stopped")


@pytest.fixture
def daily_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves one day per refresh: 2 January 2030, 3 January 2030, ..."""
    days = iter(range(2, 30))
    monkeypatch.setattr("ingest.pipeline.utc_now", lambda: f"2030-01-{next(days):02}T00:00:00+00:00")


def invoke(home: Path, mirror: str, *words: str) -> Result:
    """Run a command in this process, with the fake model."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": mirror, "GENLENS_MODEL": "tests/words"}
    return CliRunner().invoke(main, words, env=environment)


def files(folder: Path) -> dict[str, bytes]:
    """Contents of all files below a folder, except the files Chroma writes when it opens a store."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith("chroma/")}


def test_unchanged_sites_are_not_fetched_embedded_or_published_again(
    home: Path, site: Site, encoder: WordEncoder
) -> None:
    first = run(home, site.base)
    assert first.published
    assert len(encoder.encoded) == first.manifest.chunks + first.manifest.passages
    build = Build(home, first.manifest.id).folder
    before = files(build)
    encoder.encoded.clear()
    site.requests.clear()
    reported: list[tuple[int, int]] = []
    second = refresh(settings(home, site.base), progress=lambda done, total: reported.append((done, total)))
    pages = {(path, status) for path, status in site.requests if not path.endswith("/robots.txt")}
    assert pages == {(path, 304) for path in own_pages()}
    assert (encoder.encoded, reported) == ([], [])
    assert (second.published, second.manifest, bool(second.changes)) == (False, first.manifest, False)
    assert_only_build(home, first.manifest.id)
    assert files(build) == before


@pytest.mark.usefixtures("daily_clock")
def test_time_of_the_check_belongs_to_its_build(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest
    newest = max(state.fetched_at for state in first.sources)
    assert checked_at(home, first) == newest  # fetching its pages counts as a check
    run(home, site.base)
    assert checked_at(home, first) == "2030-01-03T00:00:00+00:00"
    status = invoke(home, site.base, "status", "--json")
    assert json.loads(status.stdout)["checked_at"] == "2030-01-03T00:00:00+00:00"
    assert "\nchecked 2030-01-03T00:00:00+00:00\n" in invoke(home, site.base, "status").stdout
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    second = run(home, site.base).manifest
    assert checked_at(home, second) == max(state.fetched_at for state in second.sources)
    assert checked_at(home, first) == "2030-01-03T00:00:00+00:00"


def test_offline_refresh_is_not_a_check(home: Path, site: Site, unreachable: str) -> None:
    first = run(home, site.base).manifest
    before = checked_at(home, first)
    assert not run(home, unreachable, offline=True).published
    assert checked_at(home, first) == before
    assert not (home / "checked.json").exists()


def test_build_of_the_catalogue_was_never_checked(home: Path, unreachable: str) -> None:
    manifest = run(home, unreachable, offline=True).manifest
    assert checked_at(home, manifest) == ""
    assert json.loads(invoke(home, unreachable, "status", "--json").stdout)["checked_at"] is None
    assert "\nchecked never: no site was read\n" in invoke(home, unreachable, "status").stdout
    assert not run(home, unreachable, offline=True).published


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"build": 1}', b"\xff"])
def test_unreadable_record_of_the_check_is_ignored(home: Path, site: Site, content: bytes) -> None:
    manifest = run(home, site.base).manifest
    write_check(home, manifest.id, "2030-01-02T00:00:00+00:00")
    assert checked_at(home, manifest) == "2030-01-02T00:00:00+00:00"
    (home / "checked.json").write_bytes(content)
    assert checked_at(home, manifest) == max(state.fetched_at for state in manifest.sources)


# Reasons for a new build.


def zero_page(database: Path) -> None:
    """Zero the second page of a database; the core of Chroma panics on it."""
    content = database.read_bytes()
    database.write_bytes(content[:4096] + bytes(4096) + content[8192:])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing manifest": lambda build: (build / "manifest.json").unlink(),
    "manifest of an earlier version": lambda build: (build / "manifest.json").write_text(
        (build / "manifest.json").read_text().replace('"content": "', '"content": "0')
    ),
    "missing entries": lambda build: (build / "entries.jsonl").unlink(),
    "fewer entries": lambda build: (build / "entries.jsonl").write_bytes(
        b"".join((build / "entries.jsonl").read_bytes().splitlines(keepends=True)[:-1])
    ),
    "altered entry": lambda build: (build / "entries.jsonl").write_bytes(
        (build / "entries.jsonl").read_bytes().replace(b"Test it from outside.", b"Test it from inside.")
    ),
    "missing chunks": lambda build: (build / "chunks.jsonl").unlink(),
    "fewer chunks": lambda build: (build / "chunks.jsonl").write_bytes(
        b"".join((build / "chunks.jsonl").read_bytes().splitlines(keepends=True)[:-1])
    ),
    "missing keyword index": lambda build: shutil.rmtree(build / "keywords" / "chunks"),
    "truncated keyword index": lambda build: (build / "keywords" / "entries" / "postings.npz").write_bytes(
        (build / "keywords" / "entries" / "postings.npz").read_bytes()[:-9]
    ),
    "missing vectors": lambda build: shutil.rmtree(build / "chroma"),
    "damaged vectors": lambda build: (build / "chroma" / "chroma.sqlite3").write_bytes(b"damaged " * 1000),
    "overwritten vectors": lambda build: zero_page(build / "chroma" / "chroma.sqlite3"),
    "empty vector store": lambda build: (build / "chroma" / "chroma.sqlite3").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_build_is_rebuilt(home: Path, site: Site, damage: Callable[[Path], object]) -> None:
    first = run(home, site.base).manifest.id
    damage(Build(home, first).folder)
    report = run(home, site.base)
    assert report.published
    base = KnowledgeBase(Build(home, report.manifest.id), WordEncoder())
    check_files(Build(home, base.build), base)
    text = "\n".join(section.text for section in entries(home)["GENSEC01-BP02", "en"].sections)
    assert "Test it from outside." in text
    assert not run(home, site.base).published


def test_missing_vectors_are_reported(home: Path, site: Site) -> None:
    run(home, site.base)
    base = open_served(settings(home, site.base))
    check_files(Build(home, base.build), base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.index.vector_store.VectorStore.count", lambda _: base.manifest.chunks - 1)
        expected = (
            f"found {base.manifest.chunks - 1} vectors, expected {base.manifest.chunks}; run genlens refresh"
        )
        with pytest.raises(DamagedIndexError, match=expected):
            check_files(Build(home, base.build), base)


def test_new_text_of_the_catalogue_is_published(home: Path, site: Site, data: Path) -> None:
    first = run(home, site.base).manifest
    file = data / "catalog" / "genai-lens" / "GENSEC01.yaml"
    text = file.read_text(encoding="utf-8")
    assert OLD_AND_NEW_SUMMARY[0] in text
    file.write_text(text.replace(*OLD_AND_NEW_SUMMARY), encoding="utf-8")
    report = run(home, site.base)
    assert (report.published, bool(report.changes)) == (True, False)
    assert list_builds(home) == (report.manifest.id, first.id)


def test_new_out_of_scope_example_is_published(home: Path, site: Site, data: Path) -> None:
    run(home, site.base)
    file = data / "catalog" / "scope.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("a rope", "a string"), encoding="utf-8")
    assert run(home, site.base).published


def test_build_with_other_weights_is_published(home: Path, site: Site, encoder: WordEncoder) -> None:
    run(home, site.base)
    encoder.weights_sha256 = "1" * 64
    assert run(home, site.base).manifest.weights_sha256 == "1" * 64


def test_build_with_another_recipe_is_published(
    home: Path, site: Site, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, site.base)
    encoder.encoded.clear()
    monkeypatch.setattr(kb.storage.fingerprint, "RECIPE", 99)
    assert run(home, site.base).published
    assert encoder.encoded == []


def test_refresh_after_a_rollback_publishes_a_new_build(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest.id
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    run(home, site.base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.rollback.open_encoder", lambda _folder, _model, _weights: WordEncoder())
        rollback(settings(home, site.base), first)
    report = run(home, site.base)
    assert report.published
    assert [change.entry.id for change in report.changes.changed] == ["GENSEC01-BP02"]


def test_failed_edition_alone_publishes_no_build(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest
    site.faults[PRACTICE] = lambda _: Reply(404)
    report = run(home, site.base)
    assert (report.published, report.manifest, report.in_part) == (False, first, True)


# Output of the command line.


def change_step(site: Site) -> None:
    """Change one step of one practice."""
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")


CHANGED = [{"id": "GENSEC01-BP02", "fields": ["steps"]}]
DIFF = ["-Test it from outside.", "+Test it twice."]


def test_refresh_shows_changes(home: Path, site: Site) -> None:
    first = invoke(home, site.base, "refresh")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == invoke(home, site.base, "status").stdout
    change_step(site)
    second = invoke(home, site.base, "refresh")
    assert (second.exit_code, second.stderr) == (0, "")
    new, old = list_builds(home)
    head, report = second.stdout.split("\n\n", 1)
    assert f"{head}\n" == invoke(home, site.base, "status").stdout
    assert report == invoke(home, site.base, "changes").stdout
    assert report.startswith(f"from  {old}: genai-lens")
    assert report.endswith("changed\n   GENSEC01-BP02  Keep model traffic on private paths  (steps)\n")
    third = invoke(home, site.base, "refresh")
    assert (third.exit_code, third.stderr) == (0, "")
    status = invoke(home, site.base, "status").stdout
    assert third.stdout == f"{status}\nno changes; the served build stays\n"
    assert list_builds(home) == (new, old)


def test_refresh_shows_changes_as_json(home: Path, site: Site) -> None:
    first = json.loads(invoke(home, site.base, "refresh", "--json").stdout)
    assert (first["published"], first["changes"]["from"]) == (True, None)
    assert len(first["changes"]["added"]) == sum(first["counts"].values())
    change_step(site)
    second = json.loads(invoke(home, site.base, "refresh", "--json").stdout)
    assert second["published"]
    assert second["changes"] == {
        "from": first["build"], "to": second["build"], "added": [], "removed": [], "changed": CHANGED,
    }  # fmt: skip
    third = json.loads(invoke(home, site.base, "refresh", "--json").stdout)
    assert (third["published"], third["build"]) == (False, second["build"])
    assert third["changes"] == {
        "from": second["build"], "to": second["build"], "added": [], "removed": [], "changed": [],
    }  # fmt: skip
    status = json.loads(invoke(home, site.base, "status", "--json").stdout)
    assert {key: third[key] for key in status} == status
    assert third.keys() - status.keys() == {"published", "changes"}


@pytest.mark.parametrize("words", [("refresh",), ("refresh", "--dry-run"), ("refresh", "--check")])
def test_diff_shows_old_and_new_text(home: Path, site: Site, words: tuple[str, ...]) -> None:
    invoke(home, site.base, "refresh")
    change_step(site)
    lines = invoke(home, site.base, *words, "--diff").stdout.splitlines()
    assert [line for line in lines if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")] == DIFF


@pytest.mark.parametrize("word", ["--dry-run", "--check"])
def test_preview_shows_changes_without_publishing(
    home: Path, site: Site, encoder: WordEncoder, word: str
) -> None:
    invoke(home, site.base, "refresh")
    served = list_builds(home)
    encoder.encoded.clear()
    before = files(home / "builds")
    unchanged = invoke(home, site.base, "refresh", word)
    assert (unchanged.exit_code, unchanged.stderr) == (0, "")
    assert unchanged.stdout.endswith("\n\nno changes\n")
    change_step(site)
    code = 3 if word == "--check" else 0
    done = invoke(home, site.base, "refresh", word)
    assert (done.exit_code, done.stderr) == (code, "")
    assert done.stdout.splitlines()[1].startswith("to    an unpublished build: genai-lens")
    assert done.stdout.endswith("changed\n   GENSEC01-BP02  Keep model traffic on private paths  (steps)\n")
    record = invoke(home, site.base, "refresh", word, "--json")
    assert record.exit_code == code
    assert json.loads(record.stdout) == {
        "from": served[0], "to": None, "added": [], "removed": [], "changed": CHANGED,
    }  # fmt: skip
    assert (list_builds(home), files(home / "builds"), encoder.encoded) == (served, before, [])
    assert not (home / "checked.json").exists()
    assert json.loads(invoke(home, site.base, "refresh", "--json").stdout)["changes"]["changed"] == CHANGED


def test_preview_without_a_build_creates_none(home: Path, site: Site) -> None:
    done = invoke(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.startswith("from  nothing\nto    an unpublished build: genai-lens 2026-03-05 (en)")
    assert list_builds(home) == ()
    assert invoke(home, site.base, "refresh", "--dry-run").exit_code == 0
    assert invoke(home, site.base, "status").exit_code == 2


@pytest.mark.parametrize(
    ("changed", "code"), [(False, 4), (True, 3)], ids=["no change", "change in another source"]
)
def test_check_reports_a_failed_source(home: Path, site: Site, changed: bool, code: int) -> None:
    invoke(home, site.base, "refresh")
    site.faults[RISK] = lambda _: Reply(404)
    if changed:
        change_step(site)
    done = invoke(home, site.base, "refresh", "--check")
    assert done.exit_code == code
    assert done.stderr == "genlens: not up to date: owasp-llm 2026 (en)\n"
    assert invoke(home, site.base, "refresh", "--dry-run").exit_code == 4
    assert read_failures(home) == ()


def test_check_without_any_source_fails(home: Path, site: Site) -> None:
    invoke(home, site.base, "refresh")
    site.pages.clear()
    done = invoke(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("genlens: no source could be read (")
    assert read_failures(home) == ()


def test_preview_reports_a_new_build_without_changed_entries(home: Path, site: Site, data: Path) -> None:
    invoke(home, site.base, "refresh")
    file = data / "catalog" / "genai-lens" / "GENSEC01.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(*OLD_AND_NEW_SUMMARY), encoding="utf-8")
    done = invoke(home, site.base, "refresh", "--check")
    assert done.exit_code == 0
    assert done.stderr == ("genlens: no entry changed, but a refresh would publish a new build\n")


def test_white_space_and_markup_are_ignored(home: Path, site: Site) -> None:
    invoke(home, site.base, "refresh")
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(
        b"Test it from outside.", b"Test  it\n <b>from</b> outside."
    )
    done = invoke(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stdout.endswith("\n\nno changes\n")) == (0, True)


def test_preview_with_no_wait_fails_at_once(home: Path, site: Site) -> None:
    with refresh_lock(home):
        done = invoke(home, site.base, "refresh", "--check", "--no-wait")
    assert (done.exit_code, done.stdout, site.requests) == (1, "", [])
    assert "another refresh or rollback is running" in done.stderr
