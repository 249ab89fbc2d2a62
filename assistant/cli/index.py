"""The verbs of the index: refresh, status, changes, rollback."""

import sys
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from assistant.cli.options import json_option, json_text
from assistant.cli.reports import print_preview, print_report, print_status, report_line
from kb.settings import load_settings

if TYPE_CHECKING:
    from tqdm import tqdm

diff_option = click.option("--diff", is_flag=True, help="Show the changed text as unified diffs.")


@click.command()
@click.option(
    "--offline", is_flag=True, help="Use kept pages, or else the catalogue, instead of the network."
)
@click.option("--no-wait", is_flag=True, help="Fail at once if another refresh is running.")
@click.option("--mirror", help="Fetch https://HOST/PATH from MIRROR/HOST/PATH (also GENLENS_MIRROR).")
@click.option("--accept-losses", is_flag=True, help="Publish even if a site lost much of its content.")
@click.option("--dry-run", is_flag=True, help="Show the changes; publish nothing.")
@click.option("--check", is_flag=True, help="Like --dry-run, with exit code 3 if there are changes.")
@diff_option
@json_option
def refresh(
    offline: bool,
    no_wait: bool,
    mirror: str | None,
    accept_losses: bool,
    dry_run: bool,
    check: bool,
    diff: bool,
    as_json: bool,
) -> None:
    """Read the sources, publish a new build if something changed, and show the changes.

    The old build is served until the new one is complete. A source that fails keeps its old entries, the
    others are updated, and the exit code is 4; if all fail, nothing is published. A source also fails if it
    lost much of its content since the served build. Without a network, the first build is made from the
    catalogue that comes with genlens.

    \b
    Examples:
      genlens refresh
      genlens refresh --diff
      genlens refresh --check --json
      genlens refresh --offline
    """
    from ingest import pipeline

    settings = load_settings(mirror=mirror)
    if dry_run or check:
        preview = pipeline.preview(settings, offline=offline, accept_losses=accept_losses, wait=not no_wait)
        sys.exit(print_preview(preview, check=check, diff=diff, as_json=as_json))

    from tqdm import tqdm

    with tqdm(desc="embedding", unit="chunk", file=sys.stderr, disable=None, leave=False) as bar:
        progress = partial(_advance, bar)
        report = pipeline.refresh(
            settings, offline=offline, accept_losses=accept_losses, wait=not no_wait, progress=progress
        )
    sys.exit(print_report(settings, report, diff=diff, as_json=as_json))


def _advance(bar: "tqdm[NoReturn]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show the served build (model, counts, sources), the kept builds, and failures.

    \b
    Examples:
      genlens status
      genlens status --json
    """
    print_status(load_settings(), as_json=as_json)


@click.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@diff_option
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
def changes(old: str | None, new: str | None, diff: bool, markdown: bool, as_json: bool) -> None:
    """Compare two kept builds: entries added, removed, changed and moved.

    Without arguments, the last two builds are compared; one build is compared with the newest. White space,
    markup and the catalogue's texts next to those of a site are ignored. `genlens status` lists the builds.

    \b
    Examples:
      genlens changes
      genlens changes --diff
      genlens changes 20261122T183000-1a2b3c4d 20261129T183000-5e6f7a8b --markdown
    """
    from assistant.render.changes import catalogue_notes, changes_json, changes_markdown, changes_text
    from kb.changes import between

    if markdown and as_json:
        raise click.UsageError("--markdown and --json exclude each other")
    compared = between(load_settings().home, old, new)
    if as_json:
        for note in catalogue_notes(compared):
            report_line(note)
        click.echo(json_text(changes_json(compared, diff=diff).dump()))
    else:
        click.echo((changes_markdown if markdown else changes_text)(compared, diff=diff))


@click.command()
@click.argument("build", required=False)
@json_option
def rollback(build: str | None, as_json: bool) -> None:
    """Roll back to the previous build, or to the one you name.

    The build is checked first; the current one is served until then. All builds are kept, so you can name
    a later build to go forward again. `genlens status` lists the builds.

    \b
    Examples:
      genlens rollback
      genlens rollback 20261122T183000-1a2b3c4d
    """
    from kb import rollback as pipeline

    settings = load_settings()
    pipeline.rollback(settings, build)
    print_status(settings, as_json=as_json)
