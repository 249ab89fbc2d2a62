"""The output of the verbs of the index: the status, and the results of a refresh or a preview."""

from typing import TYPE_CHECKING

import click

from assistant.cli.options import json_text
from kb.settings import Settings

if TYPE_CHECKING:
    from assistant.render.schemas import StatusSchema
    from ingest.pipeline import Preview, Report
    from kb.storage.refresh_log import Failure

# Exit codes.
CHANGED, IN_PART = 3, 4
PLACES = {"site": "the kept pages", "catalogue": "the catalogue that comes with genlens"}


def print_status(settings: Settings, *, as_json: bool) -> None:
    """Print the served build, as text or JSON."""
    from assistant.render.status import status_text

    status = _status(settings)
    click.echo(json_text(status.dump()) if as_json else status_text(status))


def print_report(settings: Settings, report: "Report", *, diff: bool, as_json: bool) -> int:
    """Print the served build after a refresh and its changes; the exit code."""
    from assistant.render.changes import changes_json, changes_text, shape_notes
    from assistant.render.status import status_text

    status = _status(settings)
    if report.unreachable:
        used = " and ".join(PLACES[origin] for origin in sorted({s.origin for s in status.sources}))
        report_line(f"cannot reach {', '.join(report.unreachable)}; built from {used}")
    if as_json:
        changes = changes_json(report.changes, diff=diff).dump()
        click.echo(json_text(status.dump() | {"published": report.published, "changes": changes}))
    else:
        click.echo(status_text(status))
        if not report.published:
            click.echo("\nno changes; the served build stays")
        elif report.changes.old.entries:  # in a first build, every entry is new
            click.echo(f"\n{changes_text(report.changes, diff=diff)}")
    for note in shape_notes(report.changes):
        report_line(note)
    if report.in_part:
        done = "published in part" if report.published else "nothing new is published"
        report_line(f"{done}; {_outdated(report.failures)}")
        return IN_PART
    return 0


def print_preview(preview: "Preview", *, check: bool, diff: bool, as_json: bool) -> int:
    """Print the changes a refresh would bring; the exit code, which reports changes if `check` is set."""
    from assistant.render.changes import catalogue_notes, changes_json, changes_text, shape_notes

    changes = preview.changes
    if as_json:
        for note in catalogue_notes(changes):
            report_line(note)
        click.echo(json_text(changes_json(changes, diff=diff).dump()))
    else:
        click.echo(changes_text(changes, diff=diff))
    for note in shape_notes(changes):
        report_line(note)
    if preview.publishes and not changes:
        report_line("no entry changed, but a refresh would publish a new build")
    if preview.failures:
        report_line(_outdated(preview.failures))
    if check and changes:
        return CHANGED
    return IN_PART if preview.failures else 0


def report_line(line: str) -> None:
    """Print a line for the user to stderr."""
    click.echo(f"genlens: {line}", err=True)


def _outdated(failures: "tuple[Failure, ...]") -> str:
    return f"not up to date: {', '.join(failure.what for failure in failures)}"


def _status(settings: Settings) -> "StatusSchema":
    from assistant.render.status import status_of
    from kb.knowledge_base import open_served

    return status_of(settings.home, open_served(settings).manifest)
