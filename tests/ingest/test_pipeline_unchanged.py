"""A refresh with nothing new: what is served stays, and is only said to have been checked."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.encoder import WordEncoder
from support.saved import OWASP
from support.site import Reply, Site, own_pages
from support.world import PRACTICE, assert_the_only_build, entries, run, settings

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
OWN_WORDS = ("Nameless callers cannot be stopped", "Callers without a name cannot be stopped")


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refresh is a day later than the one before: 2 January 2030, 3 January 2030 ..."""
    days = iter(range(2, 30))
    monkeypatch.setattr("ingest.pipeline.utc_now", lambda: f"2030-01-{next(days):02}T00:00:00+00:00")


def typed(home: Path, mirror: str, *words: str) -> Result:
    """A command in this process, with the fake model."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": mirror, "GENLENS_MODEL": "tests/words"}
    return CliRunner().invoke(main, words, env=environment)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and what it holds, but for those that Chroma writes to when it opens them."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith("chroma/")}


def test_nothing_is_fetched_embedded_or_published_again(home: Path, site: Site, encoder: WordEncoder) -> None:
    first = run(home, site.base)
    assert first.published
    assert len(encoder.encoded) == first.manifest.chunks
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
    assert_the_only_build(home, first.manifest.id)
    assert files(build) == before


@pytest.mark.usefixtures("moments")
def test_the_time_of_the_check_is_told_with_the_build_that_it_holds_for(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest
    newest = max(state.fetched_at for state in first.sources)
    assert checked_at(home, first) == newest  # its pages were read for it
    run(home, site.base)
    assert checked_at(home, first) == "2030-01-03T00:00:00+00:00"
    status = typed(home, site.base, "status", "--json")
    assert json.loads(status.stdout)["checked_at"] == "2030-01-03T00:00:00+00:00"
    assert "\nchecked 2030-01-03T00:00:00+00:00\n" in typed(home, site.base, "status").stdout
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    second = run(home, site.base).manifest
    assert checked_at(home, second) == max(state.fetched_at for state in second.sources)
    assert checked_at(home, first) == "2030-01-03T00:00:00+00:00"


def test_offline_nothing_is_checked(home: Path, site: Site, nowhere: str) -> None:
    first = run(home, site.base).manifest
    before = checked_at(home, first)
    assert not run(home, nowhere, offline=True).published
    assert checked_at(home, first) == before
    assert not (home / "checked.json").exists()


def test_a_build_of_the_catalogue_was_never_checked(home: Path, nowhere: str) -> None:
    made = run(home, nowhere, offline=True).manifest
    assert checked_at(home, made) == ""
    assert json.loads(typed(home, nowhere, "status", "--json").stdout)["checked_at"] is None
    assert "\nchecked never: no site was read\n" in typed(home, nowhere, "status").stdout
    assert not run(home, nowhere, offline=True).published


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"build": 1}', b"\xff"])
def test_a_record_of_the_check_that_cannot_be_read_says_nothing(
    home: Path, site: Site, content: bytes
) -> None:
    made = run(home, site.base).manifest
    write_check(home, made.id, "2030-01-02T00:00:00+00:00")
    assert checked_at(home, made) == "2030-01-02T00:00:00+00:00"
    (home / "checked.json").write_bytes(content)
    assert checked_at(home, made) == max(state.fetched_at for state in made.sources)


# What makes a new build all the same.


def overwrite(database: Path) -> None:
    """Zeros in place of the second page of a database, at which the core of Chroma panics."""
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda build: (build / "manifest.json").unlink(),
    "a manifest of an earlier version": lambda build: (build / "manifest.json").write_text(
        (build / "manifest.json").read_text().replace('"content": "', '"content": "0')
    ),
    "no entries": lambda build: (build / "entries.jsonl").unlink(),
    "fewer entries": lambda build: (build / "entries.jsonl").write_bytes(
        b"".join((build / "entries.jsonl").read_bytes().splitlines(keepends=True)[:-1])
    ),
    "another entry": lambda build: (build / "entries.jsonl").write_bytes(
        (build / "entries.jsonl").read_bytes().replace(b"Test it from outside.", b"Test it from inside.")
    ),
    "no chunks": lambda build: (build / "chunks.jsonl").unlink(),
    "fewer chunks": lambda build: (build / "chunks.jsonl").write_bytes(
        b"".join((build / "chunks.jsonl").read_bytes().splitlines(keepends=True)[:-1])
    ),
    "no keyword index": lambda build: shutil.rmtree(build / "keywords" / "chunks"),
    "a keyword index cut short": lambda build: (build / "keywords" / "entries" / "postings.npz").write_bytes(
        (build / "keywords" / "entries" / "postings.npz").read_bytes()[:-9]
    ),
    "no vectors": lambda build: shutil.rmtree(build / "chroma"),
    "damaged vectors": lambda build: (build / "chroma" / "chroma.sqlite3").write_bytes(b"damaged " * 1000),
    "overwritten vectors": lambda build: overwrite(build / "chroma" / "chroma.sqlite3"),
    "an empty vector store": lambda build: (build / "chroma" / "chroma.sqlite3").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_build_that_is_not_whole_is_made_anew(
    home: Path, site: Site, damage: Callable[[Path], object]
) -> None:
    first = run(home, site.base).manifest.id
    damage(Build(home, first).folder)
    report = run(home, site.base)
    assert report.published
    base = KnowledgeBase(Build(home, report.manifest.id), WordEncoder())
    check_files(Build(home, base.build), base)
    said = "\n".join(section.text for section in entries(home)["GENSEC01-BP02", "en"].sections)
    assert "Test it from outside." in said
    assert not run(home, site.base).published


def test_fewer_vectors_than_chunks_are_not_whole(home: Path, site: Site) -> None:
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


def test_new_words_of_the_catalogue_are_published(home: Path, site: Site, data: Path) -> None:
    first = run(home, site.base).manifest
    file = data / "catalog" / "genai-lens" / "GENSEC01.yaml"
    text = file.read_text(encoding="utf-8")
    assert OWN_WORDS[0] in text
    file.write_text(text.replace(*OWN_WORDS), encoding="utf-8")
    report = run(home, site.base)
    assert (report.published, bool(report.changes)) == (True, False)
    assert list_builds(home) == (report.manifest.id, first.id)


def test_new_examples_of_what_is_outside_are_published(home: Path, site: Site, data: Path) -> None:
    run(home, site.base)
    file = data / "catalog" / "scope.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("a rope", "a string"), encoding="utf-8")
    assert run(home, site.base).published


def test_other_weights_are_published(home: Path, site: Site, encoder: WordEncoder) -> None:
    run(home, site.base)
    encoder.weights_sha256 = "1" * 64
    assert run(home, site.base).manifest.weights_sha256 == "1" * 64


def test_another_recipe_is_published(
    home: Path, site: Site, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, site.base)
    encoder.encoded.clear()
    monkeypatch.setattr(kb.storage.fingerprint, "RECIPE", 99)
    assert run(home, site.base).published
    assert encoder.encoded == []


def test_a_build_that_was_rolled_back_from_is_made_again(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest.id
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    run(home, site.base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kb.rollback.open_encoder", lambda _folder, _model, _weights: WordEncoder())
        rollback(settings(home, site.base), first)
    report = run(home, site.base)
    assert report.published
    assert [change.entry.id for change in report.changes.changed] == ["GENSEC01-BP02"]


def test_an_edition_that_fails_is_no_reason_for_a_new_build(home: Path, site: Site) -> None:
    first = run(home, site.base).manifest
    site.faults[PRACTICE] = lambda _: Reply(404)
    report = run(home, site.base)
    assert (report.published, report.manifest, report.in_part) == (False, first, True)


# What the command line tells.


def changed(site: Site) -> None:
    """One step of one practice says something else."""
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")


CHANGED = [{"id": "GENSEC01-BP02", "fields": ["steps"]}]
DIFF = ["-Test it from outside.", "+Test it twice."]


def test_a_refresh_tells_what_changed(home: Path, site: Site) -> None:
    first = typed(home, site.base, "refresh")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == typed(home, site.base, "status").stdout
    changed(site)
    second = typed(home, site.base, "refresh")
    assert (second.exit_code, second.stderr) == (0, "")
    new, old = list_builds(home)
    head, report = second.stdout.split("\n\n", 1)
    assert f"{head}\n" == typed(home, site.base, "status").stdout
    assert report == typed(home, site.base, "changes").stdout
    assert report.startswith(f"from  {old}: genai-lens")
    assert report.endswith("changed\n   GENSEC01-BP02  Keep model traffic on private paths  (steps)\n")
    third = typed(home, site.base, "refresh")
    assert (third.exit_code, third.stderr) == (0, "")
    status = typed(home, site.base, "status").stdout
    assert third.stdout == f"{status}\nno changes; the served build stays\n"
    assert list_builds(home) == (new, old)


def test_a_refresh_tells_what_changed_as_json(home: Path, site: Site) -> None:
    first = json.loads(typed(home, site.base, "refresh", "--json").stdout)
    assert (first["published"], first["changes"]["from"]) == (True, None)
    assert len(first["changes"]["added"]) == sum(first["counts"].values())
    changed(site)
    second = json.loads(typed(home, site.base, "refresh", "--json").stdout)
    assert second["published"]
    assert second["changes"] == {
        "from": first["build"], "to": second["build"], "added": [], "removed": [], "changed": CHANGED,
    }  # fmt: skip
    third = json.loads(typed(home, site.base, "refresh", "--json").stdout)
    assert (third["published"], third["build"]) == (False, second["build"])
    assert third["changes"] == {
        "from": second["build"], "to": second["build"], "added": [], "removed": [], "changed": [],
    }  # fmt: skip
    status = json.loads(typed(home, site.base, "status", "--json").stdout)
    assert {key: third[key] for key in status} == status
    assert third.keys() - status.keys() == {"published", "changes"}


@pytest.mark.parametrize("words", [("refresh",), ("refresh", "--dry-run"), ("refresh", "--check")])
def test_a_diff_shows_what_was_said_and_is(home: Path, site: Site, words: tuple[str, ...]) -> None:
    typed(home, site.base, "refresh")
    changed(site)
    lines = typed(home, site.base, *words, "--diff").stdout.splitlines()
    assert [line for line in lines if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")] == DIFF


@pytest.mark.parametrize("word", ["--dry-run", "--check"])
def test_a_preview_publishes_nothing_and_tells_what_a_refresh_would_change(
    home: Path, site: Site, encoder: WordEncoder, word: str
) -> None:
    typed(home, site.base, "refresh")
    served = list_builds(home)
    encoder.encoded.clear()
    before = files(home / "builds")
    same = typed(home, site.base, "refresh", word)
    assert (same.exit_code, same.stderr) == (0, "")
    assert same.stdout.endswith("\n\nno changes\n")
    changed(site)
    code = 3 if word == "--check" else 0
    done = typed(home, site.base, "refresh", word)
    assert (done.exit_code, done.stderr) == (code, "")
    assert done.stdout.splitlines()[1].startswith("to    a build not published: genai-lens")
    assert done.stdout.endswith("changed\n   GENSEC01-BP02  Keep model traffic on private paths  (steps)\n")
    record = typed(home, site.base, "refresh", word, "--json")
    assert record.exit_code == code
    assert json.loads(record.stdout) == {
        "from": served[0], "to": None, "added": [], "removed": [], "changed": CHANGED,
    }  # fmt: skip
    assert (list_builds(home), files(home / "builds"), encoder.encoded) == (served, before, [])
    assert not (home / "checked.json").exists()
    assert json.loads(typed(home, site.base, "refresh", "--json").stdout)["changes"]["changed"] == CHANGED


def test_a_preview_without_a_build_makes_none(home: Path, site: Site) -> None:
    done = typed(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.startswith("from  nothing\nto    a build not published: genai-lens 2026-03-05 (en)")
    assert list_builds(home) == ()
    assert typed(home, site.base, "refresh", "--dry-run").exit_code == 0
    assert typed(home, site.base, "status").exit_code == 2


@pytest.mark.parametrize(("also", "code"), [(False, 4), (True, 3)], ids=["nothing else", "another changed"])
def test_a_check_that_could_not_read_a_source_says_so(home: Path, site: Site, also: bool, code: int) -> None:
    typed(home, site.base, "refresh")
    site.faults[RISK] = lambda _: Reply(404)
    if also:
        changed(site)
    done = typed(home, site.base, "refresh", "--check")
    assert done.exit_code == code
    assert done.stderr == "genlens: not up to date: owasp-llm 2026 (en)\n"
    assert typed(home, site.base, "refresh", "--dry-run").exit_code == 4
    assert read_failures(home) == ()


def test_a_check_that_could_read_no_source_fails(home: Path, site: Site) -> None:
    typed(home, site.base, "refresh")
    site.pages.clear()
    done = typed(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("genlens: no source could be read (")
    assert read_failures(home) == ()


def test_a_preview_tells_of_a_build_for_another_reason(home: Path, site: Site, data: Path) -> None:
    typed(home, site.base, "refresh")
    file = data / "catalog" / "genai-lens" / "GENSEC01.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(*OWN_WORDS), encoding="utf-8")
    done = typed(home, site.base, "refresh", "--check")
    assert done.exit_code == 0
    assert done.stderr == (
        "genlens: no entry changed, but a refresh would publish a new build\n"
    )


def test_white_space_and_markup_are_no_change(home: Path, site: Site) -> None:
    typed(home, site.base, "refresh")
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(
        b"Test it from outside.", b"Test  it\n <b>from</b> outside."
    )
    done = typed(home, site.base, "refresh", "--check")
    assert (done.exit_code, done.stdout.endswith("\n\nno changes\n")) == (0, True)


def test_a_preview_waits_for_no_other_where_it_is_told_so(home: Path, site: Site) -> None:
    with refresh_lock(home):
        done = typed(home, site.base, "refresh", "--check", "--no-wait")
    assert (done.exit_code, done.stdout, site.requests) == (1, "", [])
    assert "another refresh or rollback is running" in done.stderr
