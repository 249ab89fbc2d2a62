"""The page store: a page is returned complete or not at all."""

import json
import os
import re
from pathlib import Path

import pytest

from ingest.fetch.page_store import Page, PageStore, link_target
from kb.errors import StorageError

ADDRESS = "https://docs.example.org/guide/page.html"
PAGE = Page(
    url="https://docs.example.org/guide/page2.html",
    body="<h1>鍵 \x00</h1>\r\n".encode("shift_jis"),
    fetched_at="2026-04-01T00:00:00+00:00",
    encoding="shift_jis",
    etag='"abc"',
    last_modified="Wed, 01 Apr 2026 00:00:00 GMT",
)


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "pages")


def file(folder: Path, suffix: str) -> Path:
    """The only stored file with this suffix."""
    (path,) = (folder / "pages").glob(f"*{suffix}")
    return path


def test_page_is_stored_under_its_requested_address(store: PageStore) -> None:
    store.put(ADDRESS, PAGE)
    assert store.get(ADDRESS) == PAGE
    assert store.get(PAGE.url) is None


def test_page_is_kept_for_the_next_process(store: PageStore, tmp_path: Path) -> None:
    store.put(ADDRESS, PAGE)
    assert PageStore(tmp_path / "pages").get(ADDRESS) == PAGE


def test_newer_page_replaces_the_older_one(store: PageStore, tmp_path: Path) -> None:
    newer = Page(ADDRESS, b"", "2026-05-01T00:00:00+00:00")
    store.put(ADDRESS, PAGE)
    store.put(ADDRESS, newer)
    assert store.get(ADDRESS) == newer
    assert sorted(path.suffix for path in (tmp_path / "pages").iterdir()) == [".body", ".json"]


def test_new_store_is_empty_and_creates_no_folder(store: PageStore, tmp_path: Path) -> None:
    assert store.get(ADDRESS) is None
    assert list(tmp_path.glob("pages*")) == []


def test_truncated_body_is_ignored(store: PageStore, tmp_path: Path) -> None:
    store.put(ADDRESS, PAGE)
    body = file(tmp_path, ".body")
    body.write_bytes(body.read_bytes()[:-1])
    assert store.get(ADDRESS) is None


@pytest.mark.parametrize("suffix", [".body", ".json"])
def test_page_with_a_missing_file_is_ignored(store: PageStore, tmp_path: Path, suffix: str) -> None:
    store.put(ADDRESS, PAGE)
    file(tmp_path, suffix).unlink()
    assert store.get(ADDRESS) is None


DAMAGES = [
    "cut", "list", "missing fact", "unknown fact", "no digest", "not UTF-8", "wrong type", "empty fact",
    "unknown encoding", "no text encoding", "nested", "no time", "no such day", "another scheme",
    "list of facts",
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_page_with_damaged_facts_is_ignored(store: PageStore, tmp_path: Path, damage: str) -> None:
    store.put(ADDRESS, PAGE)
    path = file(tmp_path, ".json")
    facts = json.loads(path.read_bytes())
    texts = {
        "cut": path.read_bytes()[:-1],
        "list": b"[]",
        "missing fact": json.dumps({k: v for k, v in facts.items() if k != "url"}).encode(),
        "unknown fact": json.dumps(facts | {"colour": "red"}).encode(),
        "no digest": json.dumps({k: v for k, v in facts.items() if k != "sha256"}).encode(),
        "not UTF-8": b'"\xff"',
        "wrong type": json.dumps(facts | {"fetched_at": 20260401}).encode(),
        "empty fact": json.dumps(facts | {"etag": None}).encode(),
        "unknown encoding": json.dumps(facts | {"encoding": "klingon"}).encode(),
        "no text encoding": json.dumps(facts | {"encoding": "hex"}).encode(),
        "no time": json.dumps(facts | {"fetched_at": "yesterday"}).encode(),
        "no such day": json.dumps(facts | {"fetched_at": "2026-02-30T00:00:00+00:00"}).encode(),
        "another scheme": json.dumps(facts | {"url": "file:///etc/passwd"}).encode(),
        "list of facts": json.dumps([facts]).encode(),
        "nested": b"[" * 100_000,
    }
    path.write_bytes(texts[damage])
    assert store.get(ADDRESS) is None


@pytest.mark.parametrize("kind", ["folder", "full folder", "pipe", "broken link"])
@pytest.mark.parametrize("suffix", [".body", ".json"])
def test_other_thing_in_place_of_a_kept_file_is_ignored_and_replaced(
    store: PageStore, tmp_path: Path, suffix: str, kind: str
) -> None:
    store.put(ADDRESS, PAGE)
    path = file(tmp_path, suffix)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "broken link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.mkdir()
        if kind == "full folder":
            (path / "file").write_text("x", encoding="utf-8")
    assert store.get(ADDRESS) is None
    store.put(ADDRESS, PAGE)
    assert store.get(ADDRESS) == PAGE


def test_unreadable_folder_is_reported(store: PageStore, tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(StorageError, match=re.escape(str(tmp_path / "pages")) + ".*: Not a directory"):
        store.get(ADDRESS)


def test_page_is_decoded_with_its_encoding() -> None:
    assert PAGE.text == "<h1>鍵 \x00</h1>\r\n"
    assert Page(ADDRESS, b"caf\xe9", "", "iso-8859-1").text == "café"
    assert Page(ADDRESS, b"caf\xe9!", "").text == "caf\ufffd!"


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("./b.html#c", "https://docs.example.org/guide/b.html#c"),
        ("/b", "https://docs.example.org/b"),
        ("//example.org/b", "https://example.org/b"),
        ("http://example.org", "http://example.org"),
        ("#c", "https://docs.example.org/guide/page.html#c"),
        ("", ""),
        ("mailto:a@example.org", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("file:///etc/passwd", ""),
        ("http://[::1", ""),
    ],
)
def test_link_target_is_a_web_address_or_empty(href: str, address: str) -> None:
    assert link_target(ADDRESS, href) == address
