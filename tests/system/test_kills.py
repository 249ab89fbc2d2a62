"""A refresh that is killed at any moment loses nothing: what is served is whole, and the next one works."""

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

# Every step of a refresh is killed at once, spread over so many tests that each is short.
SHARES = 8
SIGNALS = ("SIGKILL", "SIGTERM")


@pytest.fixture(scope="module")
def orders() -> Iterator[Refresher]:
    with refresher() as made:
        yield made


class Killed:
    """A home whose refreshes are killed, and the site that changes before each of them."""

    def __init__(self, home: Path, site: Site, orders: Refresher) -> None:
        self.home, self.site, self.orders = home, site, orders
        self.version, self.kills = 0, 0
        self.whole: set[str] = set()

    def refresh(self, **deadly: object) -> int:
        """How a refresh of a new version of the site ends."""
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
        """The version that is served; 0 where there is none. Every build that is kept is whole."""
        for build in set(list_builds(self.home)) - self.whole:
            base = KnowledgeBase(Build(self.home, build), WordEncoder())
            assert base.retrieve("model traffic on private paths").hits[0].entry.id == "GENSEC01-BP02"
            assert base.manifest.counts == COUNTS
            self.whole.add(build)
        try:
            assert current_build(self.home).id in self.whole
        except NoIndexError:
            return 0
        text = "\n".join(section.text for section in entries(self.home)["GENSEC01-BP02", "en"].sections)
        (version,) = re.findall(r"Test it (\d+) times", text)
        return int(version)

    def survived(self, before: int) -> int:
        """The version that is served after a kill: the one before it, or the new one."""
        now = self.served()
        assert now in (before, self.version)
        told = {failure.what: failure.reason for failure in read_failures(self.home)}
        assert told in ({}, {REFRESH: "it began and has not ended"})
        return now

    def ends_well(self) -> None:
        """The next refresh serves what the site has, alone with builds that are whole, and forgets."""
        assert self.refresh() == 0
        assert self.served() == self.version
        assert not [path for path in (self.home / "builds").iterdir() if path.name.startswith(".")]
        assert read_failures(self.home) == ()


@pytest.mark.parametrize("share", range(SHARES))
def test_a_refresh_that_is_killed_before_any_of_its_steps_loses_nothing(
    home: Path, site: Site, orders: Refresher, share: int
) -> None:
    killed = Killed(home, site, orders)
    served, at = 0, share + 1
    while (code := killed.refresh(at=at, signal=SIGNALS[at // SHARES % 2])) != 0:
        assert code in (-9, -15)
        served = killed.survived(served)
        at += SHARES
        if at == share + 1 + 3 * SHARES:  # the first three are killed without any build to fall back on
            killed.ends_well()
            served = killed.version
    assert killed.kills >= 15
    killed.ends_well()


@pytest.mark.parametrize("name", SIGNALS)
def test_a_refresh_that_is_killed_at_a_random_moment_loses_nothing(
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
