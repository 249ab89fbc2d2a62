"""Partial refreshes: a failed edition does not stop the others, and failures are recorded."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.encoder import WordEncoder
from support.saved import LENS, OWASP
from support.site import Reply, Site
from support.world import (
    CONTENTS,
    COUNTS,
    LENS_PLACE,
    PRACTICE,
    assert_only_build,
    entries,
    run,
    settings,
    states,
)

from assistant.cli import main
from ingest.errors import NoSourceError
from ingest.pipeline import refresh
from kb.errors import StorageError
from kb.storage.builds import Draft, list_builds
from kb.storage.refresh_log import REFRESH, Failure, read_failures, write_failures

pytestmark = pytest.mark.usefixtures("data")
LENS_EDITION = "genai-lens 2026-02-03 (en)"
RISK = f"{OWASP}2026/final/LLM03_ExcessiveAgency.md".removeprefix("https:/")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def failures(home: Path) -> dict[str, str]:
    """Recorded failures with their reasons."""
    recorded = read_failures(home)
    assert all(TIME.fullmatch(failure.at) for failure in recorded)
    return {failure.what: failure.reason for failure in recorded}


def break_lens(site: Site) -> None:
    """Make the lens fail, and change the risk of 2026."""
    site.faults[PRACTICE] = lambda _: Reply(404)
    site.pages[RISK] = site.pages[RISK].replace(b"## Description", b"Changed since.\n\n## Description")


def test_failed_edition_keeps_its_entries_and_others_are_updated(home: Path, site: Site) -> None:
    first, before = run(home, site.base), entries(home)
    break_lens(site)
    site.pages[RISK] = site.pages[RISK] + b"\n## Added\n\nA new danger.\n"
    report = run(home, site.base)
    after = entries(home)
    assert {key for key in before if before[key] != after[key]} == {("LLM03:2026", "en")}
    assert report.in_part
    assert report.manifest.sources[0] == first.manifest.sources[0]
    assert failures(home) == {LENS_EDITION: f"{LENS}gensec01-bp02.html: the site answered 404, expected 200"}


def test_edition_comes_from_the_catalogue_if_its_first_refresh_fails(home: Path, site: Site) -> None:
    break_lens(site)
    report = run(home, site.base)
    assert (report.in_part, report.unreachable) == (True, ())
    assert [failure.what for failure in report.failures] == [LENS_EDITION]
    assert states(report.manifest) == [
        ("genai-lens", "2026-02-03", "en", 5, "catalogue"),
        ("owasp-llm", "2026", "en", 1, "site"),
        ("owasp-llm", "2025", "en", 1, "site"),
        ("owasp-llm", "2025", "ja", 1, "site"),
    ]


def test_last_good_entries_survive_repeated_failures(home: Path, site: Site) -> None:
    run(home, site.base)
    before = entries(home)
    site.faults[PRACTICE] = lambda _: Reply(404)
    for _ in range(3):
        run(home, site.base)
    assert entries(home) == before


def test_editions_of_one_source_fail_separately(home: Path, site: Site) -> None:
    first = run(home, site.base)
    before = entries(home)
    site.faults[RISK] = lambda _: Reply(404)
    report = run(home, site.base)
    assert [failure.what for failure in report.failures] == ["owasp-llm 2026 (en)"]
    assert states(report.manifest) == states(first.manifest)
    assert entries(home) == before


@pytest.mark.parametrize("served", [True, False], ids=["served build", "no build"])
def test_only_a_first_build_is_published_if_every_edition_fails(home: Path, site: Site, served: bool) -> None:
    first = run(home, site.base) if served else None
    site.pages.clear()
    if first:
        with pytest.raises(NoSourceError, match=r"no source could be read .*toc-contents\.json") as caught:
            run(home, site.base)
        assert caught.value.exit_code == 1
        assert_only_build(home, first.manifest.id)
        assert len(failures(home)) == 5
        assert failures(home)[REFRESH] == str(caught.value)
    else:
        report = run(home, site.base)
        assert (report.in_part, len(report.failures)) == (True, 4)
        assert {state.origin for state in report.manifest.sources} == {"catalogue"}


def test_served_build_stays_without_network(home: Path, site: Site, unreachable: str) -> None:
    served = run(home, site.base).manifest.id
    with pytest.raises(NoSourceError, match=r"cannot be reached.*genlens refresh --offline"):
        run(home, unreachable)
    assert_only_build(home, served)


def test_unreadable_build_is_replaced_from_kept_pages_without_network(
    home: Path, site: Site, unreachable: str
) -> None:
    first = run(home, site.base)
    (home / "builds" / first.manifest.id / "manifest.json").write_text("{}", encoding="utf-8")
    report = run(home, unreachable)
    assert report.manifest.sources == first.manifest.sources


def test_build_of_another_model_is_replaced_from_kept_pages_without_network(
    home: Path, site: Site, unreachable: str, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(home, site.base)
    monkeypatch.setattr(encoder, "model", "tests/other words")
    report = refresh(settings(home, unreachable).model_copy(update={"model": "tests/other words"}))
    assert report.manifest.sources == first.manifest.sources


# Kinds of failure.


def without_page(text: bytes, href: str) -> bytes:
    """The table of contents without a page and its children."""

    def pruned(nodes: list[dict[str, object]]) -> list[dict[str, object]]:
        return [
            node | {"contents": pruned(node.get("contents", []))}  # type: ignore[arg-type]
            for node in nodes
            if node["href"] != href
        ]

    return json.dumps({"contents": pruned(json.loads(text)["contents"])}).encode()


def assert_lens_fails(home: Path, site: Site, reason: str) -> None:
    """Assert that a refresh keeps the entries of the lens and records the reason."""
    before = entries(home)
    report = run(home, site.base)
    assert [(failure.what, failure.reason) for failure in report.failures] == [(LENS_EDITION, reason)]
    assert entries(home) == before
    assert failures(home) == {LENS_EDITION: reason}


def test_vanished_page_fails_the_edition(home: Path, site: Site) -> None:
    run(home, site.base)
    root = f"{LENS_PLACE}generative-ai-lens.html"
    site.faults[PRACTICE] = lambda _: Reply(302, headers={"Location": root})
    assert_lens_fails(
        home,
        site,
        f"{LENS}generative-ai-lens.html: found the h1 'Generative AI Lens - A small one', "
        "expected one that begins with GENSEC01-BP02",
    )


def test_broken_page_does_not_replace_the_kept_page(home: Path, site: Site) -> None:
    run(home, site.base)
    before = entries(home)
    site.pages[PRACTICE] = b"<html>Back soon</html>"
    assert_lens_fails(home, site, f"{LENS}gensec01-bp02.html: found no element #main-col-body, expected one")
    run(home, site.base, offline=True)
    assert entries(home) == before


@pytest.mark.parametrize(
    ("href", "counts"),
    [
        ("gensec01-bp02.html", "2 entries of kind best_practice, expected at least 3"),
        ("genops4.html", "1 entries of kind pillar, expected at least 2"),
    ],
    ids=["best practice", "question"],
)
def test_missing_entries_fail_the_edition(home: Path, site: Site, href: str, counts: str) -> None:
    run(home, site.base)
    site.pages[CONTENTS] = without_page(site.pages[CONTENTS], href)
    assert_lens_fails(home, site, f"genai-lens 2026-03-05: found {counts}")


def test_duplicate_id_fails_the_edition(home: Path, site: Site) -> None:
    run(home, site.base)
    site.pages[f"{LENS_PLACE}again.html"] = site.pages[PRACTICE]
    contents = site.pages[CONTENTS].decode()
    node = re.search(r'\{[^{}]*"gensec01-bp02\.html"[^{}]*\}', contents)
    assert node is not None
    twice = node[0] + "," + node[0].replace("gensec01-bp02.html", "again.html")
    site.pages[CONTENTS] = contents.replace(node[0], twice).encode()
    assert_lens_fails(home, site, "GENSEC01-BP02 (en) is a duplicate, expected once")


# The record of failures.


def test_successful_refresh_clears_the_record(home: Path, site: Site) -> None:
    site.faults[PRACTICE] = lambda _: Reply(404)
    run(home, site.base)
    assert failures(home) != {}
    site.faults.clear()
    report = run(home, site.base)
    assert (report.failures, report.in_part, failures(home)) == ((), False, {})
    assert report.manifest.counts == COUNTS
    assert not (home / "failures.json").exists()


def test_failed_publication_is_recorded(home: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    served = run(home, site.base).manifest.id
    break_lens(site)

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "publish", full)
        with pytest.raises(StorageError):
            run(home, site.base)
    assert_only_build(home, served)
    assert list(failures(home)) == [LENS_EDITION, REFRESH]
    assert failures(home)[REFRESH] == "the disk is full"


def test_first_error_is_raised_if_the_record_cannot_be_written(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, site.base)
    break_lens(site)

    def full(*_: object) -> None:
        monkeypatch.setattr("kb.storage.refresh_log.write_atomic", full)
        raise StorageError("the disk is full")

    monkeypatch.setattr(Draft, "publish", full)
    with pytest.raises(StorageError, match=r"^the disk is full$"):
        run(home, site.base)
    assert failures(home) == {REFRESH: "it started and did not finish"}


def test_interrupted_refresh_is_recorded_beside_earlier_failures(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.faults[PRACTICE] = lambda _: Reply(404)
    run(home, site.base)
    break_lens(site)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr("ingest.pipeline.make_build", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(home, site.base)
    assert list(failures(home)) == [LENS_EDITION, REFRESH]
    assert failures(home)[REFRESH] == "it started and did not finish"


def test_unreadable_record_is_reported_and_replaced(home: Path, site: Site) -> None:
    write_failures(home, [Failure("a", "b", "c")])
    (home / "failures.json").write_text("[", encoding="utf-8")
    assert failures(home) == {
        REFRESH: f"{home}/failures.json cannot be read (ValidationError); repeat the refresh"
    }
    run(home, site.base)
    assert read_failures(home) == ()


def test_first_refresh_without_network_is_complete_with_failures_recorded(
    home: Path, unreachable: str
) -> None:
    report = run(home, unreachable)
    assert (report.in_part, len(report.failures)) == (False, 4)
    assert report.unreachable == (unreachable.removeprefix("http://"),)
    assert len(failures(home)) == 4
    assert len(list_builds(home)) == 1


def test_entry_of_the_last_build_gets_the_current_catalogue(home: Path, site: Site, data: Path) -> None:
    run(home, site.base)
    before = entries(home)["GENSEC01-BP02", "en"]
    file = data / "catalog" / "genai-lens" / "GENSEC01.yaml"
    text = file.read_text(encoding="utf-8")
    words = before.sections[-2].text
    assert text.count(words) == 1
    file.write_text(text.replace(words, "Written anew."), encoding="utf-8")
    site.faults[PRACTICE] = lambda _: Reply(404)
    run(home, site.base)
    after = entries(home)["GENSEC01-BP02", "en"]
    assert [s.text for s in after.sections if s.text == "Written anew."] == ["Written anew."]
    assert replace(after, sections=()) == replace(before, sections=())
    assert len(after.sections) == len(before.sections)


def test_reason_is_one_short_printable_line(home: Path, site: Site) -> None:
    run(home, site.base)
    site.pages[PRACTICE] = re.sub(
        rb"GENSEC01-BP02 ", b"\x1b]0;owned\x07&#27;[2J\n" + b"x" * 9000, site.pages[PRACTICE]
    )
    (failure,) = run(home, site.base).failures
    assert (len(failure.reason), failure.reason.isprintable()) == (500, True)
    assert read_failures(home) == (failure,)


# On the command line.


def invoke(home: Path, mirror: str, *words: str) -> Result:
    """Run a command in this process, with the fake model."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": mirror, "GENLENS_MODEL": "tests/words"}
    return CliRunner().invoke(main, words, env=environment)


def test_exit_code_is_4_for_a_partial_build(home: Path, site: Site) -> None:
    assert invoke(home, site.base, "refresh").exit_code == 0
    break_lens(site)
    done = invoke(home, site.base, "refresh")
    assert done.exit_code == 4
    assert done.stderr == f"genlens: published in part; not up to date: {LENS_EDITION}\n"
    (failure,) = read_failures(home)
    line = (
        f"failed {LENS_EDITION}, {failure.at}: {LENS}gensec01-bp02.html: the site answered 404, expected 200"
    )
    status = invoke(home, site.base, "status")
    assert (status.exit_code, status.stdout.splitlines()[-1]) == (0, line)
    assert done.stdout.startswith(f"{status.stdout}\nfrom  ")
    record = json.loads(invoke(home, site.base, "status", "--json").stdout)
    assert record["failures"] == [asdict(failure)]


def test_exit_code_is_4_for_a_failed_edition_without_other_changes(home: Path, site: Site) -> None:
    invoke(home, site.base, "refresh")
    served = list_builds(home)
    site.faults[PRACTICE] = lambda _: Reply(404)
    done = invoke(home, site.base, "refresh")
    assert done.exit_code == 4
    assert done.stderr == (f"genlens: nothing new is published; not up to date: {LENS_EDITION}\n")
    assert list_builds(home) == served
    assert list(failures(home)) == [LENS_EDITION]


def test_exit_code_is_1_if_every_edition_fails(home: Path, site: Site) -> None:
    invoke(home, site.base, "refresh")
    site.pages.clear()
    done = invoke(home, site.base, "refresh")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("genlens: no source could be read (")
    assert invoke(home, site.base, "status").stdout.splitlines()[-1].startswith("failed refresh, 20")


def test_exit_code_is_0_for_a_first_build_without_network(home: Path, unreachable: str) -> None:
    done = invoke(home, unreachable, "refresh")
    assert done.exit_code == 0
    assert "built from the catalogue that comes with genlens" in done.stderr
