"""Faults during a refresh: the last good build stays served, and the status has reason and time."""

import errno
import os
import re
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner
from support import faults
from support.encoder import WordEncoder
from support.faults import HEAD, always, redirect, until
from support.refresher import refresher
from support.saved import DATA, LENS
from support.site import Fault, Reply, Site
from support.world import CONTENTS, LENS_PLACE, PRACTICE, assert_only_build, entries, run, settings

from assistant.cli import main
from kb.errors import StorageError
from kb.knowledge_base import KnowledgeBase
from kb.serving import ServedBuild
from kb.storage.builds import current_build, list_builds
from kb.storage.refresh_log import read_failures

pytestmark = pytest.mark.usefixtures("data")
LENS_EDITION = "genai-lens 2026-02-03 (en)"
SHORT = HEAD + b"Content-Length: 1000\r\n\r\n"
BUSY = {
    "503": Reply(503),
    "503 with Retry-After": Reply(503, headers={"Retry-After": "2"}),
    "429": Reply(429),
    "429 with Retry-After": Reply(429, headers={"Retry-After": "2"}),
    "reset": faults.reset(),
    "reset within the body": faults.reset(SHORT + b"<html>"),
    "truncated body": faults.announcing(1000, b"<html>"),
    "body longer than announced": faults.announcing(6, b"<html></html>"),
    "truncated gzip": faults.packed(b"<html></html>" * 99, keep=0.8),
}


@pytest.mark.parametrize("reply", BUSY.values(), ids=BUSY)
def test_temporary_fault_is_no_failure(home: Path, site: Site, reply: Reply) -> None:
    site.faults |= {PRACTICE: until(2, reply), CONTENTS: until(2, reply)}
    report = run(home, site.base)
    assert report.failures == ()
    assert {state.origin for state in report.manifest.sources} == {"site"}


def status(home: Path) -> str:
    """The output of `genlens status`."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MODEL": "tests/words"}
    done = CliRunner().invoke(main, ("status",), env=environment)
    assert done.exit_code == 0
    return done.stdout


def assert_fails_in_part(home: Path, site: Site, place: str, fault: Fault, reason: str) -> None:
    """A fault at one place leaves the lens unchanged, and the status has reason and time."""
    run(home, site.base)
    before = entries(home)
    site.faults[place] = fault
    report = run(home, site.base)
    (failure,) = report.failures
    assert failure.what == LENS_EDITION
    assert reason in failure.reason
    assert entries(home) == before
    assert KnowledgeBase(current_build(home), WordEncoder()).retrieve("private paths").hits
    assert status(home).splitlines()[-1] == f"failed {LENS_EDITION}, {failure.at}: {failure.reason}"


PERMANENT: dict[str, tuple[Fault, str]] = {
    "503": (always(Reply(503)), "the site answered 503"),
    "429 with Retry-After": (always(Reply(429, headers={"Retry-After": "2"})), "the site answered 429"),
    "404": (always(Reply(404)), "the site answered 404, expected 200"),
    "reset": (always(faults.reset()), "ReadError"),
    "truncated body": (always(faults.announcing(1000, b"<html>")), "RemoteProtocolError"),
    "body longer than announced": (always(faults.announcing(6, b"<html></html>")), "its Content-Length"),
    "redirect to another host": (
        redirect("https://example.org/a.html"), "expected https and one of the hosts",
    ),
    "redirect to plain http": (
        redirect("http://docs.aws.amazon.com/a.html"), "expected https and one of the hosts",
    ),
    "redirect to a metadata address": (
        redirect("http://169.254.169.254/latest/meta-data/"), "expected https and one of the hosts",
    ),
    "redirect loop": (redirect("gensec01-bp02.html"), "more than 5 redirects"),
    "500 MB": (always(faults.huge(500, declared=True)), "more than 8388608 bytes"),
    "500 MB in chunks": (always(faults.huge(500, declared=False)), "more than 8388608 bytes"),
    "gzip bomb": (always(faults.packed(bytes(50 * faults.MIB))), "more than 8388608 bytes"),
    "truncated gzip": (always(faults.packed(b"<p>" * 99, keep=0.8)), "its gzip stream is not complete"),
    "wrong content type": (
        always(faults.page(b"<html>", "application/octet-stream")), "expected text or JSON",
    ),
    "wrong charset": (always(faults.page("鍵".encode("shift_jis"))), "neither UTF-8 nor utf-8"),
    "redirect to the guide's root": (
        redirect(f"{LENS_PLACE}generative-ai-lens.html"), "expected one that begins with GENSEC01-BP02",
    ),
    "empty page": (always(faults.page(b"")), "found no element #main-col-body, expected one"),
    "redirect to another page": (
        redirect(f"{LENS_PLACE}gensec01-bp01.html"), "expected one that begins with GENSEC01-BP02",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "reason"), PERMANENT.values(), ids=PERMANENT)
def test_faulty_page_leaves_its_source_unchanged(home: Path, site: Site, fault: Fault, reason: str) -> None:
    assert_fails_in_part(home, site, PRACTICE, fault, reason)


SLOW = {
    "no answer": faults.silent(0.5),
    "slow body": faults.dripping(SHORT, b"<p>" * 20, 0.05),
    "slow headers": faults.dripping(b"HTTP/1.1 200 OK\r\n", b"X-Slow: " + b"y" * 50, 0.05),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_slow_page_leaves_its_source_unchanged(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr("ingest.fetch.client.MAX_SECONDS", 0.3)
    assert_fails_in_part(home, site, PRACTICE, always(reply), "ReadTimeout")


def contents(text: bytes) -> Fault:
    return always(faults.page(text, "application/json"))


CONTENTS_FAULTS: dict[str, tuple[Fault, str]] = {
    "broken": (contents(b'{"contents": [{'), "expected a tree of titles"),
    "empty": (contents(b""), "expected a tree of titles"),
    "without pages": (contents(b'{"contents": []}'), "found an empty tree"),
    "not an object": (contents(b"[]"), "expected a tree of titles"),
    "deeply nested": (contents(b'{"contents":' * 5000 + b"[]" + b"}" * 5000), "expected a tree of titles"),
    "huge": (contents(b'{"contents": [' + b" " * 9 * faults.MIB + b"]}"), "more than 8388608 bytes"),
    "HTML": (always(faults.page(b"<html>Back soon</html>")), "expected a tree of titles"),
}


@pytest.mark.parametrize(("fault", "reason"), CONTENTS_FAULTS.values(), ids=CONTENTS_FAULTS)
def test_faulty_table_of_contents_leaves_its_source_unchanged(
    home: Path, site: Site, fault: Fault, reason: str
) -> None:
    assert_fails_in_part(home, site, CONTENTS, fault, reason)


def test_id_changed_only_on_its_page_is_refused(home: Path, site: Site) -> None:
    text = site.pages[PRACTICE].replace(b"GENSEC01-BP02", b"GENSEC01-BP07")
    reason = f"{LENS}gensec01-bp02.html: found the h1 'GENSEC01-BP07"
    assert_fails_in_part(home, site, PRACTICE, always(faults.page(text)), reason)


def test_failure_of_a_tenth_of_the_pages_leaves_their_sources_unchanged(home: Path, site: Site) -> None:
    run(home, site.base)
    before = entries(home)
    for place in sorted(site.pages)[3::10]:
        site.faults[place] = always(Reply(503))
    report = run(home, site.base)
    assert 0 < len(report.failures) < 4
    assert entries(home) == before


# The disk.


def disk_full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("at", [1, 2, 15, 30, 31])
def test_full_disk_leaves_the_served_build(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Files are flushed in this order: refresh log, page store, manifest, pointer."""
    served = run(home, site.base).manifest.id
    before = entries(home)
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    calls: list[int] = []

    def fsync(number: int) -> None:
        calls.append(number)
        if len(calls) == at:
            disk_full()

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(StorageError, match="the disk is full; free some space and repeat"):
            run(home, site.base)
    assert (current_build(home).id, entries(home)) == (served, before)
    assert_only_build(home, served)
    assert at == 1 or "the disk is full" in status(home)
    assert run(home, site.base).failures == ()
    assert read_failures(home) == ()


def test_limit_on_file_size_leaves_the_served_build(home: Path, site: Site) -> None:
    served = run(home, site.base).manifest.id
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(b"Test it from outside.", b"Test it twice.")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
        with pytest.raises(StorageError, match="free some space and repeat"):
            run(home, site.base)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_only_build(home, served)
    assert "failed refresh, 20" in status(home)


# Concurrent refreshes and readers.


def test_concurrent_refreshes_run_one_after_the_other(home: Path, site: Site) -> None:
    seen: list[str] = []
    place = next(place for place in site.pages if place.endswith("toc-contents.json"))
    site.faults[place] = lambda _: seen.append(str(list_builds(home)))
    with refresher() as first, refresher() as second, ThreadPoolExecutor(2) as pool:
        orders = [pool.submit(one.order, home=home, mirror=site.base, data=DATA) for one in (first, second)]
        assert [order.result()[0] for order in orders] == [0, 0]
    assert seen[0] == "()"
    assert len(set(seen)) == 2  # the second began after the first had published
    assert len(list_builds(home)) == 1  # the second found no change
    assert read_failures(home) == ()


QUESTIONS = 1000
GUIDANCE, MARK = b"Implementation guidance</h2>", re.compile("version v[0-9]+")


def marked(page: bytes, version: int) -> bytes:
    """The page with its version in the guidance; a page without guidance is unchanged."""
    head, heading, rest = page.partition(GUIDANCE)
    rest = re.sub(rb"^<p>This is version v\d+\.</p>", b"", rest)
    return head + heading + (b"<p>This is version v%d.</p>" % version + rest if heading else b"")


def test_each_question_is_answered_from_one_build_while_builds_are_published(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, site.base)
    monkeypatch.setattr("kb.serving.open_build", lambda _, build: KnowledgeBase(build, WordEncoder()))
    served = ServedBuild(settings(home, site.base))
    answered: list[tuple[str, set[str]]] = []
    failed: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                base = served.base()
                retrieval = base.retrieve("How do you keep model traffic on private paths, in which version?")
                texts = [chunk.text for hit in retrieval.hits for chunk in hit.chunks]
                texts += [section.text for hit in retrieval.hits for section in hit.entry.sections]
                answered.append((base.build, {mark for text in texts for mark in MARK.findall(text)}))
        except BaseException as error:  # noqa: BLE001 - the test reports any error
            failed.append(error)

    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    published = [current_build(home).id]
    while (len(answered) < QUESTIONS or len(published) < 8) and not failed:
        site.pages |= {place: marked(page, len(published)) for place, page in site.pages.items()}
        published.append(run(home, site.base).manifest.id)
    stop.set()
    for reader in readers:
        reader.join()
    assert failed == []
    assert len(answered) >= QUESTIONS
    mark_of = {build: {f"version v{number}"} if number else set() for number, build in enumerate(published)}
    assert [(build, seen) for build, seen in answered if seen != mark_of[build]] == []
    assert len({build for build, _ in answered}) >= 5
