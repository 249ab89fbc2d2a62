"""Sites that change their shape: what is new is told, and a large loss stops its edition."""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.saved import OWASP
from support.site import Site
from support.world import CONTENTS, LENS_PLACE, PRACTICE, entries, run

from assistant.cli import main
from kb.storage.builds import current_build, list_builds
from kb.storage.manifest import Manifest, read_manifest
from kb.storage.refresh_log import read_failures

pytestmark = pytest.mark.usefixtures("data")
LENS_EDITION = "genai-lens 2026-02-03 (en)"
SHOWN_EDITION = "genai-lens 2026-03-05 (en)"
PRACTICES = [f"{LENS_PLACE}{name}.html" for name in ("genops04-bp01", "gensec01-bp01", "gensec01-bp02")]
RISK = f"{OWASP}2026/final/LLM03_ExcessiveAgency.md".removeprefix("https:/")
STRANGE = (
    "2 pages look like best practices but have no known id: GENRAI01-BP01 Measure it, GENRAI01-BP02 Tell it"
)
LOSS = "no best practice has a desired outcome any more; 3 had"


def invoke(home: Path, mirror: str, *words: str) -> Result:
    """Run a command in this process, with the fake model."""
    environment = {"GENLENS_HOME": str(home), "GENLENS_MIRROR": mirror, "GENLENS_MODEL": "tests/words"}
    return CliRunner().invoke(main, words, env=environment)


def notes(manifest: Manifest) -> tuple[str, ...]:
    """The notes on the lens in a build."""
    return manifest.sources[0].notes


def replaced(site: Site, places: list[str], old: str, new: str) -> None:
    """Replace words on some pages, each of which has them."""
    for place in places:
        assert old.encode() in site.pages[place]
        site.pages[place] = site.pages[place].replace(old.encode(), new.encode())


def add_pillar(site: Site) -> None:
    """A pillar with an unknown kind of id: a question and two best practices."""
    contents = json.loads(site.pages[CONTENTS])
    below = []
    for number, title in ((1, "Measure it"), (2, "Tell it")):
        name = f"genrai01-bp{number:02}"
        new = f"GENRAI01-BP{number:02} {title}"
        page = site.pages[PRACTICE].decode().replace("GENSEC01-BP02 Keep model traffic on private paths", new)
        site.pages[f"{LENS_PLACE}{name}.html"] = page.encode()
        below.append({"title": new, "href": f"{name}.html"})
    pillar = {"title": "Fairness", "contents": below}
    contents["contents"][0]["contents"].append(pillar)
    site.pages[CONTENTS] = json.dumps(contents).encode()


# Something new that is not understood.


def test_new_pillar_with_unknown_ids_is_told_in_report_status_and_json(home: Path, site: Site) -> None:
    assert invoke(home, site.base, "refresh").stderr == ""
    add_pillar(site)
    check = invoke(home, site.base, "refresh", "--check")
    assert (check.exit_code, check.stderr) == (3, f"genlens: {SHOWN_EDITION}: {STRANGE}\n")
    done = invoke(home, site.base, "refresh")
    assert (done.exit_code, done.stderr) == (0, f"genlens: {SHOWN_EDITION}: {STRANGE}\n")
    line = f"note   {SHOWN_EDITION}: {STRANGE}"
    assert line in done.stdout.splitlines()
    assert line in invoke(home, site.base, "status").stdout.splitlines()
    sources = json.loads(invoke(home, site.base, "status", "--json").stdout)["sources"]
    assert [source["notes"] for source in sources] == [[STRANGE], [], [], []]


def test_note_stays_with_its_build_and_goes_with_its_reason(home: Path, site: Site) -> None:
    add_pillar(site)
    assert notes(run(home, site.base).manifest) == (STRANGE,)
    again = invoke(home, site.base, "refresh")
    assert (again.exit_code, again.stderr, len(list_builds(home))) == (0, "", 1)
    assert f"note   {SHOWN_EDITION}: {STRANGE}" in again.stdout
    contents = json.loads(site.pages[CONTENTS])
    contents["contents"][0]["contents"].pop()
    site.pages[CONTENTS] = json.dumps(contents).encode()
    assert notes(run(home, site.base).manifest) == ()


def test_build_made_before_there_were_notes_gets_them(
    home: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pillar(site)
    with monkeypatch.context() as patched:
        patched.setattr("ingest.editions.compare", lambda *_: ())
        assert notes(run(home, site.base).manifest) == ()
    report = run(home, site.base)
    assert (report.published, bool(report.changes), notes(report.manifest)) == (True, False, (STRANGE,))
    assert run(home, site.base).published is False


def test_note_is_one_line_without_escape_sequences(home: Path, site: Site) -> None:
    add_pillar(site)
    odd = "\x1b]0;owned\x07\u202eit" + "x" * 9000
    replaced(site, [f"{LENS_PLACE}genrai01-bp01.html"], "Measure it</h1>", f"{odd}</h1>")
    replaced(site, [CONTENTS], "Measure it", json.dumps(odd)[1:-1])
    (note,) = notes(run(home, site.base).manifest)
    assert note.isprintable()
    assert len(note) < 300
    assert "\x1b" not in invoke(home, site.base, "status").stdout


# Losses.


def test_renamed_heading_on_all_pages_stops_the_edition(home: Path, site: Site) -> None:
    invoke(home, site.base, "refresh")
    before = entries(home)
    replaced(site, PRACTICES, "Desired outcome:", "Expected result:")
    site.pages[RISK] += b"\n## Added\n\nA new danger.\n"
    done = invoke(home, site.base, "refresh")
    assert (done.exit_code, done.stderr) == (
        4,
        f"genlens: published in part; not up to date: {LENS_EDITION}\n",
    )
    assert {key for key, entry in entries(home).items() if entry != before[key]} == {("LLM03:2026", "en")}
    (failure,) = read_failures(home)
    assert failure.reason == (
        f"genai-lens 2026-03-05: {LOSS}; if the site means it: genlens refresh --accept-losses"
    )
    assert invoke(home, site.base, "status").stdout.splitlines()[-1].endswith(failure.reason)
    record = json.loads(invoke(home, site.base, "status", "--json").stdout)
    assert record["failures"] == [asdict(failure)]
    run(home, site.base, offline=True)  # the kept pages are those before the loss
    assert {key for key, entry in entries(home).items() if entry != before[key]} == {("LLM03:2026", "en")}


def test_large_loss_can_be_accepted_and_stays_a_note(home: Path, site: Site) -> None:
    run(home, site.base)
    replaced(site, PRACTICES, "Desired outcome:", "Expected result:")
    done = invoke(home, site.base, "refresh", "--accept-losses")
    assert (done.exit_code, done.stderr) == (0, f"genlens: {SHOWN_EDITION}: {LOSS}\n")
    assert "outcome" not in {section.role for section in entries(home)["GENSEC01-BP02", "en"].sections}
    again = invoke(home, site.base, "refresh")
    assert (again.exit_code, again.stderr, read_failures(home)) == (0, "", ())
    assert f"note   {SHOWN_EDITION}: {LOSS}" in again.stdout


def test_accepted_loss_can_be_looked_at_first(home: Path, site: Site) -> None:
    run(home, site.base)
    replaced(site, PRACTICES, "Desired outcome:", "Expected result:")
    stopped = invoke(home, site.base, "refresh", "--check")
    assert (stopped.exit_code, stopped.stderr) == (4, f"genlens: not up to date: {LENS_EDITION}\n")
    shown = invoke(home, site.base, "refresh", "--check", "--accept-losses")
    assert (shown.exit_code, shown.stderr) == (3, f"genlens: {SHOWN_EDITION}: {LOSS}\n")


def test_small_loss_is_told_and_stays_told_while_other_editions_change(home: Path, site: Site) -> None:
    run(home, site.base)
    replaced(site, PRACTICES[:1], "Desired outcome:", "Expected result:")
    note = "2 best practices have a desired outcome; 3 had"
    done = invoke(home, site.base, "refresh")
    assert (done.exit_code, done.stderr) == (0, f"genlens: {SHOWN_EDITION}: {note}\n")
    site.pages[RISK] += b"\n## Added\n\nA new danger.\n"
    report = run(home, site.base)
    assert (report.published, notes(report.manifest)) == (True, (note,))
    replaced(site, PRACTICES[:1], "Expected result:", "Desired outcome:")
    assert notes(run(home, site.base).manifest) == ()


def test_losses_of_two_kinds_are_named_together(home: Path, site: Site) -> None:
    run(home, site.base)
    replaced(site, PRACTICES, "Desired outcome:", "Expected result:")
    for place in PRACTICES:
        site.pages[place] = re.sub(b"<li>|</li>", b"", site.pages[place])
    (failure,) = run(home, site.base).failures
    assert f"{LOSS}; no best practice has steps any more; 3 had; if the site" in failure.reason


def test_first_build_is_made_without_an_edition_that_lacks_what_its_source_file_names(
    home: Path, site: Site, data: Path
) -> None:
    file = data / "sources" / "genai-lens.toml"
    expected = "best_practice = 3\nsections.best_practice = { outcome = 3 }\n"
    text = file.read_text(encoding="utf-8")
    assert text.count("best_practice = 3\n") == 1
    file.write_text(text.replace("best_practice = 3\n", expected), encoding="utf-8")
    replaced(site, PRACTICES, "Desired outcome:", "Expected result:")
    report = run(home, site.base)
    assert report.failures[0].reason.startswith(
        "genai-lens 2026-03-05: no best practice has a desired outcome any more; expected 3; if"
    )
    assert report.manifest.sources[0].origin == "catalogue"


def test_ids_that_are_not_read_any_more_are_named_beside_the_missing_practices(
    home: Path, site: Site
) -> None:
    run(home, site.base)
    before = entries(home)
    replaced(site, [CONTENTS, *PRACTICES[1:]], "GENSEC01-BP", "GENLAW01-BP")
    (failure,) = run(home, site.base).failures
    assert "2 pages look like best practices but have no known id: GENLAW01-BP01 " in failure.reason
    assert entries(home) == before


def test_build_sealed_before_there_were_notes_can_be_read(home: Path, site: Site) -> None:
    run(home, site.base)
    folder = current_build(home).folder
    file = folder / "manifest.json"
    record = json.loads(file.read_bytes()) | {"seal": ""}
    for source in record["sources"]:
        assert source.pop("notes") == []
    record["seal"] = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(record), encoding="utf-8")
    assert notes(read_manifest(folder)) == ()
