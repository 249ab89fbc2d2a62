"""The pipeline: a build from the sites, the kept pages and the catalogue."""

import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock
from support.encoder import WordEncoder
from support.saved import LENS, OWASP
from support.site import Site
from support.world import COUNTS, PRACTICE, assert_only_build, entries, run, settings, states

from assistant.cli import main
from ingest.errors import CatalogueError
from ingest.fetch.page_store import Page, PageStore
from ingest.pipeline import refresh
from kb.entries import Origin
from kb.errors import BusyError
from kb.storage.builds import current_build, list_builds
from kb.storage.refresh_log import read_failures

pytestmark = pytest.mark.usefixtures("data")


def test_first_refresh_builds_from_the_sites(home: Path, site: Site) -> None:
    report = run(home, site.base)
    assert report.unreachable == ()
    assert report.manifest.counts == COUNTS
    assert states(report.manifest) == [
        ("genai-lens", "2026-03-05", "en", 12, "site"),
        ("owasp-llm", "2026", "en", 1, "site"),
        ("owasp-llm", "2025", "en", 1, "site"),
        ("owasp-llm", "2025", "ja", 1, "site"),
    ]
    assert current_build(home).id == report.manifest.id
    assert {path for path, status in site.requests if status != 200} == {
        "/docs.aws.amazon.com/robots.txt",
        "/raw.githubusercontent.com/robots.txt",
    }


def test_robots_txt_is_requested_once_per_edition(home: Path, site: Site, data: Path) -> None:
    names = [f"Page{number}.md" for number in range(8)]
    file = data / "sources" / "owasp-llm.toml"
    text = file.read_text(encoding="utf-8").replace('["LLM03_', f'{json.dumps(names)[:-1]}, "LLM03_')
    file.write_text(text, encoding="utf-8")
    folder = OWASP.removeprefix("https:/") + "2026/final/"
    site.pages |= {folder + name: b"# Page\n\nText.\n" for name in names}
    site.faults["/raw.githubusercontent.com/robots.txt"] = lambda _: time.sleep(0.05)
    assert states(run(home, site.base).manifest)[1] == ("owasp-llm", "2026", "en", 9, "site")
    paths = [path for path, _ in site.requests]
    assert paths.count("/raw.githubusercontent.com/robots.txt") == 3
    assert [paths.count(folder + name) for name in names] == [1] * 8


def test_catalogue_adds_missing_japanese_versions(home: Path, site: Site) -> None:
    run(home, site.base)
    built = entries(home)
    ids = [
        "GENOPS04",
        "GENOPS04-BP01",
        "GENSEC01",
        "GENSEC01-BP01",
        "GENSEC01-BP02",
        "LLM03:2026",
        "LLM06:2025",
    ]
    assert [entry_id for entry_id, language in built if language == "ja"] == ids
    keys = list(built)
    assert [keys[keys.index((entry_id, "en")) + 1] for entry_id in ids] == [(name, "ja") for name in ids]
    practice = built["GENSEC01-BP01", "ja"]
    assert (practice.title, practice.edition, practice.url) == (
        "呼び出し元に名前を付ける",
        "2026-03-05",
        f"{LENS}gensec01-bp01.html",
    )
    assert [section.origin for section in practice.sections] == [Origin.CATALOGUE] * 2


def test_catalogue_sections_follow_site_sections(home: Path, site: Site) -> None:
    run(home, site.base)
    built = entries(home)
    assert [(s.title, s.origin.value) for s in built["GENSEC01-BP01", "en"].sections] == [
        ("Introduction", "site"),
        ("Desired outcome", "site"),
        ("Benefits", "site"),
        ("Implementation guidance", "site"),
        ("Implementation steps", "site"),
        ("Related best practices", "site"),
        ("Summary", "catalogue"),
        ("What to do", "catalogue"),
    ]
    assert [(s.title, s.origin.value) for s in built["LLM06:2025", "ja"].sections] == [
        ("説明", "site"),
        ("リスクの一般的な例", "site"),
        ("予防と緩和の戦略", "site"),
        ("攻撃シナリオの例", "site"),
        ("参考リンク", "site"),
        ("概要", "catalogue"),
        ("実施すること", "catalogue"),
    ]
    assert [s.origin for s in built["genai-lens/definitions", "en"].sections] == [Origin.SITE] * 2


def test_id_missing_from_the_site_is_not_taken_from_the_catalogue(
    home: Path, site: Site, data: Path, unreachable: str
) -> None:
    old = (data / "catalog" / "genai-lens" / "GENOPS04.yaml").read_text(encoding="utf-8")
    new = old.replace("GENOPS04", "GENSUS09").replace("genops04", "gensus09").replace("genops4", "gensus09")
    (data / "catalog" / "genai-lens" / "GENSUS09.yaml").write_text(new, encoding="utf-8")
    run(home, site.base)
    assert {key for key in entries(home) if "GENSUS09" in key[0]} == set()
    shutil.rmtree(home)
    run(home, unreachable)
    assert {key for key in entries(home) if "GENSUS09" in key[0]} == {
        ("GENSUS09", "en"),
        ("GENSUS09", "ja"),
        ("GENSUS09-BP01", "en"),
        ("GENSUS09-BP01", "ja"),
    }


# A second refresh.


def test_changed_section_is_the_only_text_embedded(home: Path, site: Site, encoder: WordEncoder) -> None:
    run(home, site.base)
    encoder.encoded.clear()
    site.requests.clear()
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    run(home, site.base)
    assert [path for path, status in site.requests if status == 200] == [PRACTICE]
    assert encoder.encoded == [
        "Keep model traffic on private paths\nHow do you know who calls your models?\nImplementation steps\n"
        "Choose the network.\nPrefer one without a gateway.\nRemove gateways that are left over.\n"
        "Keep its name short.\nWrite the policy of the endpoint:\n"
        '{\n    "Action": "bedrock:InvokeModel",\n    "Effect": "Allow"\n}\n'
        "Nothing else may pass.\nTest it twice."
    ]


def test_leftovers_of_a_killed_refresh_are_removed(home: Path, site: Site) -> None:
    leftover = home / "builds" / ".making-20200101T000000-00000000"
    leftover.mkdir(parents=True)
    (leftover / "entries.jsonl").write_text("half", encoding="utf-8")
    report = run(home, site.base)
    assert [path.name for path in (home / "builds").iterdir()] == [report.manifest.id]


# Without the sites.


def test_catalogue_is_built_without_network_and_kept_pages(home: Path, unreachable: str) -> None:
    report = run(home, unreachable)
    assert report.unreachable == (unreachable.removeprefix("http://"),)
    assert report.manifest.counts == {"question": 2, "best_practice": 3, "risk": 2}
    assert states(report.manifest) == [
        ("genai-lens", "2026-02-03", "en", 5, "catalogue"),
        ("owasp-llm", "2026", "en", 1, "catalogue"),
        ("owasp-llm", "2025", "en", 1, "catalogue"),
        ("owasp-llm", "2025", "ja", 1, "catalogue"),
    ]
    built = entries(home)
    assert len(built) == 14
    assert [(s.title, s.text) for s in built["GENSEC01-BP01", "en"].sections] == [
        ("Summary", "Nameless callers cannot be stopped one by one."),
        ("What to do", "Keep a register of callers.\nRevoke roles that have no owner."),
    ]


def test_offline_refresh_reads_the_kept_pages(
    home: Path, site: Site, unreachable: str, encoder: WordEncoder
) -> None:
    first = run(home, site.base)
    before = entries(home)
    encoder.encoded.clear()
    second = run(home, unreachable, offline=True)
    assert (second.unreachable, second.failures) == ((), ())
    assert second.manifest.sources == first.manifest.sources
    assert (entries(home), encoder.encoded) == (before, [])


def test_edition_is_as_old_as_its_oldest_page(home: Path, site: Site, unreachable: str) -> None:
    run(home, site.base)
    page = next((home / "pages" / "genai-lens").glob("*.json"))
    facts = json.loads(page.read_text(encoding="utf-8")) | {"fetched_at": "2026-01-02T03:04:05+00:00"}
    page.write_text(json.dumps(facts), encoding="utf-8")
    shutil.rmtree(home / "builds")
    lens, *others = run(home, unreachable, offline=True).manifest.sources
    assert lens.fetched_at == "2026-01-02T03:04:05+00:00"
    assert [state.fetched_at > "2026-01-02T03:04:05+00:00" for state in others] == [True] * 3


def test_each_edition_falls_back_separately(home: Path, site: Site, unreachable: str) -> None:
    run(home, site.base)
    shutil.rmtree(home / "pages" / "owasp-llm")
    assert states(run(home, unreachable, offline=True).manifest) == [
        ("genai-lens", "2026-03-05", "en", 12, "site"),
        ("owasp-llm", "2026", "en", 1, "catalogue"),
        ("owasp-llm", "2025", "en", 1, "catalogue"),
        ("owasp-llm", "2025", "ja", 1, "catalogue"),
    ]


def test_damaged_kept_page_counts_as_missing(home: Path, site: Site, unreachable: str) -> None:
    run(home, site.base)
    for body in (home / "pages" / "genai-lens").glob("*.body"):
        body.write_bytes(body.read_bytes()[:-1])
    lens = states(run(home, unreachable, offline=True).manifest)[0]
    assert lens == ("genai-lens", "2026-02-03", "en", 5, "catalogue")


def test_unreadable_kept_pages_are_replaced_by_the_catalogue(home: Path, site: Site) -> None:
    run(home, site.base)
    store = PageStore(home / "pages" / "genai-lens")
    store.put(f"{LENS}gensec01-bp02.html", Page(f"{LENS}gensec01-bp02.html", b"<p>Other</p>", "2026-04-01"))
    report = run(home, site.base, offline=True)
    assert [failure.what for failure in report.failures] == ["genai-lens 2026-02-03 (en)"]
    assert states(report.manifest)[0] == ("genai-lens", "2026-02-03", "en", 5, "catalogue")


def test_offline_refresh_sends_no_request(home: Path, site: Site) -> None:
    first = run(home, site.base, offline=True)
    assert (first.unreachable, [state.origin for state in first.manifest.sources]) == ((), ["catalogue"] * 4)
    assert site.requests == []
    run(home, site.base)
    site.requests.clear()
    second = run(home, site.base, offline=True)
    assert (second.unreachable, [state.origin for state in second.manifest.sources]) == ((), ["site"] * 4)
    assert site.requests == []


def test_invalid_catalogue_leaves_the_served_build(home: Path, site: Site, data: Path) -> None:
    served = run(home, site.base).manifest.id
    (data / "catalog" / "owasp-llm" / "LLM03-2026.yaml").write_text("id: LLM03:2026\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"LLM03-2026\.yaml, LLM03:2026, title: Field required"):
        run(home, site.base)
    assert_only_build(home, served)


# Two refreshes at once.

HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of the home until its input ends."""
    home.mkdir()
    command = [sys.executable, "-c", HOLD, str(home / "refresh.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.terminate()


@pytest.mark.usefixtures("holder")
def test_refresh_fails_after_waiting_too_long(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    with pytest.raises(BusyError, match=f"^{home}: another refresh or rollback did not end within 0 seconds"):
        run(home, site.base)
    assert (site.requests, list_builds(home)) == ([], ())


@pytest.mark.usefixtures("holder")
def test_refresh_without_waiting_fails_at_once(home: Path, site: Site) -> None:
    with pytest.raises(
        BusyError, match=f"^{home}: another refresh or rollback is running; repeat when it has ended$"
    ):
        refresh(settings(home, site.base), wait=False)
    assert (site.requests, list_builds(home), read_failures(home)) == ([], (), ())


@pytest.mark.usefixtures("holder")
def test_no_wait_option_fails_at_once(home: Path, site: Site) -> None:
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": site.base, "GENLENS_MODEL": "tests/words"}
    done = CliRunner().invoke(main, ("refresh", "--no-wait"), env=environment)
    assert (done.exit_code, done.stdout) == (1, "")
    message = f"{home}: another refresh or rollback is running; repeat when it has ended"
    assert done.stderr == f"genlens: {message}\n"


def test_lock_of_a_killed_refresh_is_released(home: Path, site: Site, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert (home / "refresh.lock").exists()
    assert refresh(settings(home, site.base), wait=False).manifest.counts == COUNTS


def test_refresh_continues_after_another_ends(
    home: Path, site: Site, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    class EndOtherRefresh(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "another refresh or rollback is running" in record.getMessage():
                assert site.requests == []
                assert holder.stdin is not None
                holder.stdin.close()

    handler = EndOtherRefresh()
    logging.getLogger("kb.storage.locks").addHandler(handler)
    try:
        report = run(home, site.base)
    finally:
        logging.getLogger("kb.storage.locks").removeHandler(handler)
    assert report.manifest.counts == COUNTS
    assert f"another refresh or rollback is running in {home}; waiting for it to end" in caplog.text


def test_lock_is_free_after_a_refresh(home: Path, site: Site) -> None:
    run(home, site.base)
    FileLock(home / "refresh.lock").acquire(timeout=0).lock.release()
