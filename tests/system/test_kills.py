"""Refreshes killed at any moment: the served build stays intact, and the next refresh works."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.encoder import WordEncoder
from support.refresher import Refresher, refresher
from support.saved import DATA
from support.site import Site
from support.world import COUNTS, PRACTICE, entries

from kb.errors import NoIndexError
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import Build, current_build, list_builds
from kb.storage.refresh_log import REFRESH, read_failures

# A refresh is killed before each of its steps; the steps are shared between tests to keep each test short.
SHARES = 8
SIGNALS = ("SIGKILL", "SIGTERM")


@pytest.fixture(scope="module")
def orders() -> Iterator[Refresher]:
    with refresher() as started:
        yield started


class Killed:
    """A home with killed refreshes, and a site that changes before each refresh."""

    def __init__(self, home: Path, site: Site, orders: Refresher) -> None:
        self.home, self.site, self.orders = home, site, orders
        self.version, self.kills = 0, 0
        self.intact: set[str] = set()

    def refresh(self, **deadly: object) -> int:
        """Refresh from a new version of the site; the exit code, or the negative signal."""
        self.version += 1
        self.site.pages[PRACTICE] = re.sub(
            rb"Test it (from outside|\d+ times)",
            b"Test it %d times" % self.version,
            self.site.pages[PRACTICE],
        )
        code, _ = self.orders.order(home=self.home, mirror=self.site.base, data=DATA, **deadly)
        self.kills += code < 0
        return code

    def served(self) -> int:
        """The served version, or 0 without a build. Checks that every kept build is intact."""
        for build in set(list_builds(self.home)) - self.intact:
            base = KnowledgeBase(Build(self.home, build), WordEncoder())
            assert base.retrieve("model traffic on private paths").hits[0].entry.id == "GENSEC01-BP02"
            assert base.manifest.counts == COUNTS
            self.intact.add(build)
        try:
            assert current_build(self.home).id in self.intact
        except NoIndexError:
            return 0
        text = "\n".join(section.text for section in entries(self.home)["GENSEC01-BP02", "en"].sections)
        (version,) = re.findall(r"Test it (\d+) times", text)
        return int(version)

    def survived(self, before: int) -> int:
        """The served version after a kill, either the previous or the new one."""
        now = self.served()
        assert now in (before, self.version)
        failures = {failure.what: failure.reason for failure in read_failures(self.home)}
        assert failures in ({}, {REFRESH: "it started and did not finish"})
        return now

    def ends_well(self) -> None:
        """Checks that the next refresh serves the new version and leaves no draft and no failure."""
        assert self.refresh() == 0
        assert self.served() == self.version
        assert not [path for path in (self.home / "builds").iterdir() if path.name.startswith(".")]
        assert read_failures(self.home) == ()


@pytest.mark.parametrize("share", range(SHARES))
def test_refresh_killed_before_any_step_keeps_the_served_build(
    home: Path, site: Site, orders: Refresher, share: int
) -> None:
    killed = Killed(home, site, orders)
    served, at = 0, share + 1
    while (code := killed.refresh(at=at, signal=SIGNALS[at // SHARES % 2])) != 0:
        assert code in (-9, -15)
        served = killed.survived(served)
        at += SHARES
        if at == share + 1 + 3 * SHARES:  # the first three kills happen without a served build
            killed.ends_well()
            served = killed.version
    assert killed.kills >= 15
    killed.ends_well()


@pytest.mark.parametrize("name", SIGNALS)
def test_refresh_killed_at_a_random_moment_keeps_the_served_build(
    home: Path, site: Site, orders: Refresher, name: str
) -> None:
    killed = Killed(home, site, orders)
    killed.ends_well()
    served = killed.version
    moments = random.Random(1)  # noqa: S311 - moments need not be unpredictable
    for _ in range(10):
        if killed.refresh(after=moments.uniform(0.0, 1.0), signal=name) == 0:
            served = killed.version
        served = killed.survived(served)
    killed.ends_well()
