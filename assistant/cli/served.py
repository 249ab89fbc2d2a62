"""What the verbs of the index print: what is served, and what a refresh changed or would change."""

from typing import TYPE_CHECKING

import click

from assistant.cli.options import json_text
from kb.settings import Settings

if TYPE_CHECKING:
    from assistant.render.schemas import StatusForm
    from ingest.refresh import Preview, Report
    from kb.storage.refresh_log import Failure

# Exit codes.
CHANGED, IN_PART = 3, 4
PLACES = {"site": "the pages kept from last time", "catalogue": "the catalogue that genlens carries"}


def print_status(settings: Settings, *, as_json: bool) -> None:
    """Print what is served, as text or JSON."""
    from assistant.render.status import status_text

    record = _status(settings)
    click.echo(json_text(record) if as_json else status_text(record))


def print_report(settings: Settings, report: "Report", *, diff: bool, as_json: bool) -> int:
    """Print what is served after a refresh and what it changed; the exit code."""
    from assistant.render.changes import changes_json, changes_text
    from assistant.render.status import status_text

    record = _status(settings)
    if report.unreachable:
        used = " and ".join(PLACES[origin] for origin in sorted({s["from"] for s in record["sources"]}))
        _tell(f"cannot reach {', '.join(report.unreachable)}; built from {used}")
    if as_json:
        found = changes_json(report.changes, diff=diff)
        click.echo(json_text(record | {"published": report.published, "changes": found}))
    else:
        click.echo(status_text(record))
        if not report.published:
            click.echo("\nnothing changed; the served build stays")
        elif report.changes.old.entries:  # of a first build, every entry is new
            click.echo(f"\n{changes_text(report.changes, diff=diff)}")
    if report.in_part:
        done = "published in part" if report.published else "nothing new is published"
        _tell(f"{done}; {_not_renewed(report.failures)}")
        return IN_PART
    return 0


def print_preview(preview: "Preview", *, check: bool, diff: bool, as_json: bool) -> int:
    """Print what a refresh would change; the exit code, which tells of changes where `check` asks for it."""
    from assistant.render.changes import catalogue_notes, changes_json, changes_text

    changes = preview.changes
    if as_json:
        for note in catalogue_notes(changes):
            _tell(note)
        click.echo(json_text(changes_json(changes, diff=diff)))
    else:
        click.echo(changes_text(changes, diff=diff))
    if preview.publishes and not changes:
        _tell("no entry differs for a reader, but a refresh would publish a new build all the same")
    if preview.failures:
        _tell(_not_renewed(preview.failures))
    if check and changes:
        return CHANGED
    return IN_PART if preview.failures else 0


def _not_renewed(failures: "tuple[Failure, ...]") -> str:
    return f"not as its site has it now: {', '.join(failure.what for failure in failures)}"


def _tell(line: str) -> None:
    click.echo(f"genlens: {line}", err=True)


def _status(settings: Settings) -> "StatusForm":
    from assistant.render.status import status_of
    from kb.knowledge_base import open_served

    return status_of(settings.home, open_served(settings).manifest)
