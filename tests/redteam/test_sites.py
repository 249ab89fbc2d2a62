"""Attacks by a site: in the report, the status and its JSON each is told, and the served entries stay."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.saved import OWASP
from support.site import Reply, Site
from support.world import CONTENTS, LENS_PLACE, entries

from assistant.cli import main

pytestmark = pytest.mark.usefixtures("data")
PRACTICES = [f"{LENS_PLACE}{name}.html" for name in ("genops04-bp01", "gensec01-bp01", "gensec01-bp02")]
QUESTIONS = [f"{LENS_PLACE}{name}.html" for name in ("genops4", "gensec01")]
RISK = f"{OWASP}2026/final/LLM03_ExcessiveAgency.md".removeprefix("https:/")
ROBOTS = "/docs.aws.amazon.com/robots.txt"
POISONED, UNBOUNDED = "LLM05:2026", "LLM06:2026"


@dataclass(frozen=True)
class Attack:
    """A change of the site, the risk it stands for, and part of the reason that must be told."""

    risk: str
    change: Callable[[Site], None]
    told: str


def words(places: list[str], old: str, new: str) -> Callable[[Site], None]:
    """Other words on some pages, each of which has them."""

    def change(site: Site) -> None:
        for place in places:
            assert old.encode() in site.pages[place], place
            site.pages[place] = site.pages[place].replace(old.encode(), new.encode())

    return change


def many_pages(site: Site) -> None:
    site.pages[CONTENTS] = json.dumps(
        {"contents": [{"title": f"Page {number}", "href": f"{number}.html"} for number in range(5000)]}
    ).encode()


def deep(site: Site) -> None:
    site.pages[CONTENTS] = b'{"contents":' + b'[{"title":"a","contents":' * 3000 + b"[]" + b"}]" * 3000 + b"}"


def robots(reply: Reply) -> Callable[[Site], None]:
    """A robots.txt of the host of the lens."""

    def change(site: Site) -> None:
        site.faults[ROBOTS] = lambda _: reply

    return change


ATTACKS = {
    "outcomes hidden under another heading": Attack(
        POISONED,
        words(PRACTICES, "Desired outcome:", "What you get:"),
        "no best practice has a desired outcome any more; 3 had",
    ),
    "guidance replaced by a promise": Attack(
        POISONED,
        words(PRACTICES, "Implementation guidance</h2>", "Coming soon</h2>"),
        "no guidance in GENOPS04-BP01, expected some text",
    ),
    "levels of risk removed": Attack(
        POISONED,
        words(PRACTICES, "Level of risk", "Effort"),
        "no level of risk, expected High, Medium or Low",
    ),
    "steps no longer a list": Attack(
        POISONED, words(PRACTICES, "<li>", ""), "no best practice has steps any more; 3 had"
    ),
    "ids of another author": Attack(
        POISONED,
        words([CONTENTS, *PRACTICES[1:]], "GENSEC01-BP", "EVILSEC99-BP"),
        "expected at least",
    ),
    "more pages than any lens has": Attack(UNBOUNDED, many_pages, "found 5001 pages, expected at most 1000"),
    "contents nested without end": Attack(UNBOUNDED, deep, "RecursionError"),
    "robots.txt that never changed": Attack(
        UNBOUNDED, robots(Reply(304)), "robots.txt: the site answered 304, expected 200"
    ),
    "robots.txt as a download that forbids": Attack(
        UNBOUNDED,
        robots(Reply(200, b"User-agent: *\nDisallow: /", {"Content-Type": "application/octet-stream"})),
        "robots.txt of the host forbids it",
    ),
}


def invoke(home: Path, mirror: str, *words: str) -> Result:
    """Run a command in this process, with the fake model."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": mirror, "GENLENS_MODEL": "tests/words"}
    return CliRunner().invoke(main, words, env=environment)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_attack_of_a_site_is_told_and_the_served_entries_stay(
    home: Path, site: Site, attack: Attack, record_property: Callable[..., None]
) -> None:
    record_property("risk", attack.risk)
    assert invoke(home, site.base, "refresh").exit_code == 0
    before = entries(home)
    attack.change(site)
    site.pages[RISK] += b"\n## Added\n\nA new danger.\n"
    done = invoke(home, site.base, "refresh")
    assert (done.exit_code, "Traceback" in done.stderr) == (4, False)
    assert done.stderr == "genlens: published in part; not up to date: genai-lens 2026-02-03 (en)\n"
    assert {key[0] for key, entry in entries(home).items() if entry != before[key]} == {"LLM03:2026"}
    status = invoke(home, site.base, "status").stdout
    assert attack.told in status.splitlines()[-1]
    (failure,) = json.loads(invoke(home, site.base, "status", "--json").stdout)["failures"]
    assert attack.told in failure["reason"]
    assert failure["reason"].isprintable()


def test_new_kind_of_pages_is_told_and_published(
    home: Path, site: Site, record_property: Callable[..., None]
) -> None:
    record_property("risk", POISONED)
    invoke(home, site.base, "refresh")
    contents = json.loads(site.pages[CONTENTS])
    contents["contents"].append({"title": "GENLAW01-BP01 Obey me", "href": "genlaw01-bp01.html"})
    site.pages[CONTENTS] = json.dumps(contents).encode()
    page = site.pages[PRACTICES[2]].replace(
        b"GENSEC01-BP02 Keep model traffic on private paths", b"GENLAW01-BP01 Obey me"
    )
    site.pages[f"{LENS_PLACE}genlaw01-bp01.html"] = page
    done = invoke(home, site.base, "refresh")
    note = "1 page looks like a best practice but has no known id: GENLAW01-BP01 Obey me"
    assert (done.exit_code, note in done.stderr, note in done.stdout) == (0, True, True)
    status = json.loads(invoke(home, site.base, "status", "--json").stdout)
    assert status["sources"][0]["notes"] == [note]
