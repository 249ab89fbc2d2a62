"""The verbs of the index: refresh, status, changes, rollback."""

import sys

import click

from assistant.cli.options import json_option, json_text
from assistant.cli.served import print_preview, print_report, print_status
from kb.settings import load_settings


@click.command()
@click.option("--offline", is_flag=True, help="Do not use the network: read kept pages, else the catalogue.")
@click.option("--no-wait", is_flag=True, help="Fail at once while another refresh is under way.")
@click.option("--mirror", help="Fetch https://HOST/PATH from MIRROR/HOST/PATH (also GENLENS_MIRROR).")
@click.option("--dry-run", is_flag=True, help="Tell what would change; publish nothing.")
@click.option("--check", is_flag=True, help="Like --dry-run, with exit code 3 where something changed.")
@click.option("--diff", is_flag=True, help="Show what each field said and says, as a unified diff.")
@json_option
def refresh(
    offline: bool, no_wait: bool, mirror: str | None, dry_run: bool, check: bool, diff: bool, as_json: bool
) -> None:
    """Read the sources, publish a new build where something is new, and tell what changed.

    What is served stays until the new build is whole, and stays for good where nothing is new. A source
    that fails keeps its last good entries, the others are renewed, and the exit code is 4; where all of
    them fail nothing is published. The first build without network is made from the catalogue that
    genlens carries.

    \b
    Examples:
      genlens refresh
      genlens refresh --diff
      genlens refresh --check --json
      genlens refresh --offline
    """
    settings = load_settings(mirror=mirror)
    if dry_run or check:
        from ingest.refresh import preview

        found = preview(settings, offline=offline, wait=not no_wait)
        sys.exit(print_preview(found, check=check, diff=diff, as_json=as_json))

    from tqdm import tqdm

    from ingest.refresh import refresh as refreshed

    with tqdm(desc="embedding", unit="chunk", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = refreshed(settings, offline=offline, wait=not no_wait, progress=progress)
    sys.exit(print_report(settings, report, diff=diff, as_json=as_json))


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Tell what is served: build, model, counts, where its entries came from; what is kept, what failed."""
    print_status(load_settings(), as_json=as_json)


@click.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--diff", is_flag=True, help="Show what each field said and says, as a unified diff.")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of text.")
@json_option
def changes(old: str | None, new: str | None, diff: bool, markdown: bool, as_json: bool) -> None:
    """Tell what differs between two kept builds: entries added, removed, changed and moved.

    By default the last two are compared; one that is named is compared with the newest. White space,
    markup and the catalogue's own words beside those of a site make no difference. The builds that are
    kept are listed by: genlens status

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
    found = between(load_settings().home, old, new)
    if as_json:
        for note in catalogue_notes(found):
            click.echo(f"genlens: {note}", err=True)
        click.echo(json_text(changes_json(found, diff=diff)))
    else:
        click.echo((changes_markdown if markdown else changes_text)(found, diff=diff))


@click.command()
@click.argument("build", required=False)
@json_option
def rollback(build: str | None, as_json: bool) -> None:
    """Serve an earlier build again: the one before that which is served, or the one that is named.

    It is opened whole first, and what is served stays until then. Every build stays, so that one can go
    forward again by its name. The builds that are kept are listed by: genlens status

    \b
    Examples:
      genlens rollback
      genlens rollback 20261122T183000-1a2b3c4d
    """
    from kb.rollback import rollback as rolled_back

    settings = load_settings()
    rolled_back(settings, build)
    print_status(settings, as_json=as_json)
