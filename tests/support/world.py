"""Refreshes of the test sources from the test site, with the fake model (fixture `data`)."""

from pathlib import Path

from filelock import FileLock

from ingest.fetch.rate_limit import RateLimit
from ingest.pipeline import Report, refresh
from kb.entries import Entry, read_entries
from kb.settings import Settings
from kb.storage.builds import current_build
from kb.storage.manifest import Manifest
from support.saved import LENS

LENS_PLACE = LENS.removeprefix("https:/")
PRACTICE = f"{LENS_PLACE}gensec01-bp02.html"
CONTENTS = f"{LENS_PLACE}toc-contents.json"
COUNTS = {"page": 5, "design_principle": 2, "question": 2, "best_practice": 3, "risk": 2}


def run(home: Path, mirror: str, *, offline: bool = False) -> Report:
    """Refresh once from the site at an address, without waits between attempts."""
    return refresh(settings(home, mirror), offline=offline, limit=RateLimit(sleep=lambda _: None))


def settings(home: Path, mirror: str) -> Settings:
    """Settings with the fake model."""
    return Settings(home=home, mirror=mirror, model="tests/words")


def entries(home: Path) -> dict[tuple[str, str], Entry]:
    """Entries of the served build by id and language."""
    built = read_entries(current_build(home).folder / "entries.jsonl")
    return {(entry.id, entry.language.value): entry for entry in built}


def states(manifest: Manifest) -> list[tuple[str, str, str, int, str]]:
    """Origin of each edition of a build, without the time."""
    return [(s.name, s.edition, s.language, s.entries, s.origin) for s in manifest.sources]


def assert_only_build(home: Path, build: str) -> None:
    """Assert that the build is served, no other build or draft exists, and the lock is free."""
    assert current_build(home).id == build
    assert [path.name for path in (home / "builds").iterdir()] == [build]
    FileLock(home / "refresh.lock").acquire(timeout=0).lock.release()
