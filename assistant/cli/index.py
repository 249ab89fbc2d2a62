"""The verbs of the index: refresh, status."""

import sys
from typing import Any

import click

from assistant.cli.options import json_option, json_text
from kb.settings import Settings, load_settings


@click.command()
@click.option("--offline", is_flag=True, help="Do not use the network: read kept pages, else the catalogue.")
@click.option("--mirror", help="Fetch https://HOST/PATH from MIRROR/HOST/PATH (also GENLENS_MIRROR).")
@json_option
def refresh(offline: bool, mirror: str | None, as_json: bool) -> None:
    """Read the sources and publish a new build.

    Without network the pages kept from the last time are read, and where there are none the catalogue
    that genlens carries. What is served stays until the new build is whole.

    \b
    Examples:
      genlens refresh
      genlens refresh --offline
    """
    from tqdm import tqdm

    from ingest.refresh import refresh as refreshed

    settings = load_settings(mirror=mirror)
    with tqdm(desc="embedding", unit="chunk", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = refreshed(settings, offline=offline, progress=progress)
    record = _status(settings)
    if report.unreachable:
        places = {"site": "the pages kept from last time", "catalogue": "the catalogue that genlens carries"}
        used = " and ".join(places[origin] for origin in sorted({s["from"] for s in record["sources"]}))
        click.echo(f"genlens: cannot reach {', '.join(report.unreachable)}; built from {used}", err=True)
    click.echo(json_text(record) if as_json else _status_text(record))


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Tell what is served: build, model, counts, and where each source's entries came from."""
    record = _status(load_settings())
    click.echo(json_text(record) if as_json else _status_text(record))


def _status(settings: Settings) -> dict[str, Any]:
    from assistant.render import status_json
    from kb.base import open_served

    return status_json(open_served(settings).manifest)


def _status_text(record: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in record["counts"].items())
    lines = [f"build  {record['build']}", f"model  {record['model']}", f"holds  {counts}"]
    for source in record["sources"]:
        edition = f"{source['name']} {source['edition']} ({source['language']})"
        lines.append(
            f"       {edition}: {source['entries']} entries from the {source['from']}, {source['fetched_at']}"
        )
    return "\n".join(lines)
