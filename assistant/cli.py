"""The command line: one verb a function; results to stdout, everything else to stderr.

Exit codes: 0 found, 1 nothing found or a gate failed, 2 wrong usage or no index, 4 published in part.
Heavy libraries are imported by the verbs that need them, so that `--help` and `search` start at once.
"""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from kb.entries import Kind, Language, RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.search import Filters
from kb.settings import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_LIMIT = click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="How many hits."
)
_LANG = click.option(
    "--lang", default="en", type=click.Choice([code.value for code in Language]), help="Language."
)


class _Group(click.Group):
    """A group whose commands end with one clear line and the right code where something goes wrong."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        try:
            return super().invoke(ctx)
        except GenlensError as error:
            click.echo(f"genlens: {error}", err=True)
            ctx.exit(error.exit_code)


def _filters(command: Command) -> Command:
    """The options that narrow a search down; each can be given several times."""
    names = [kind.value for kind in Kind]
    for option in (
        click.option("--kind", multiple=True, type=click.Choice(names), help="Only this kind of entry."),
        click.option(
            "--pillar", multiple=True, type=click.Choice(list(PILLARS.values()), case_sensitive=False)
        ),
        click.option("--source", multiple=True, help="Only this source, for example owasp-llm."),
        click.option("--edition", multiple=True, help="Only this edition, for example 2025."),
        click.option(
            "--risk-level",
            multiple=True,
            type=click.Choice([r.value for r in RiskLevel], case_sensitive=False),
        ),
    ):
        command = option(command)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="genlens")
@click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for details.")
def main(verbose: int) -> None:
    """Cited answers about generative AI workloads.

    genlens reads the AWS Well-Architected Generative AI Lens and the OWASP Top 10 for LLM Applications,
    finds the best practices and risks that fit a question, and answers in their words.

    \b
    Examples:
      genlens refresh
      genlens ask "How do I keep an agent from doing more than it should?"
      genlens search "prompt caching" --pillar "Cost optimization"
      genlens show gensec5-bp1
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


@main.command()
@click.option("--offline", is_flag=True, help="Do not use the network: read kept pages, else the catalogue.")
@click.option("--no-wait", is_flag=True, help="Fail at once while another refresh is under way.")
@click.option("--mirror", help="Fetch https://HOST/PATH from MIRROR/HOST/PATH (also GENLENS_MIRROR).")
@_JSON
def refresh(offline: bool, no_wait: bool, mirror: str | None, as_json: bool) -> None:
    """Read the sources and publish a new build.

    What is served stays until the new build is whole. A source that fails keeps its last good entries,
    the others are renewed, and the exit code is 4; where all of them fail nothing is published. The first
    build without network is made from the catalogue that genlens carries.

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

        report = refreshed(settings, offline=offline, wait=not no_wait, progress=progress)
    record = _status(settings)
    if report.unreachable:
        places = {"site": "the pages kept from last time", "catalogue": "the catalogue that genlens carries"}
        used = " and ".join(places[origin] for origin in sorted({s["from"] for s in record["sources"]}))
        click.echo(f"genlens: cannot reach {', '.join(report.unreachable)}; built from {used}", err=True)
    click.echo(_json_text(record) if as_json else _status_text(record))
    if report.in_part:
        failed = ", ".join(failure.what for failure in report.failures)
        click.echo(f"genlens: published in part; not as its site has it now: {failed}", err=True)
        sys.exit(4)


@main.command()
@_JSON
def status(as_json: bool) -> None:
    """Tell what is served: build, model, counts, where each source's entries came from, what failed since."""
    record = _status(load_settings())
    click.echo(_json_text(record) if as_json else _status_text(record))


@main.command()
@click.argument("query", nargs=-1, required=True)
@_filters
@_LIMIT
@_JSON
def search(query: tuple[str, ...], limit: int, as_json: bool, **chosen: tuple[str, ...]) -> None:
    """Find entries by keyword, best first; no model is loaded.

    Words are stemmed, Japanese is matched by pairs of characters, "double quotes" ask for a phrase, and
    ids are found in any spelling.

    \b
    Examples:
      genlens search prompt caching
      genlens search '"least privilege"' --kind best_practice --risk-level High
      genlens search ガードレール --json
    """
    from assistant.render import hit_json
    from assistant.snippets import snippet
    from kb.base import open_served
    from kb.text import terms

    typed = _typed(query)
    hits = open_served(load_settings()).search(typed, _chosen(chosen), limit)
    wanted = frozenset(terms(typed))
    if as_json:
        click.echo(
            _json_text({"query": typed, "hits": [hit_json(hit, snippet(hit, wanted).text) for hit in hits]})
        )
    else:
        bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
        for hit in hits:
            facts = " · ".join(str(fact) for fact in (hit.entry.pillar, hit.entry.risk_level) if fact)
            click.echo(f"{hit.entry.id}  {hit.entry.title}" + (f"  ({facts})" if facts else ""))
            click.echo(f"   {snippet(hit, wanted).marked(bold, plain)}")
    if not hits:
        _nothing(f"nothing found for {typed!r}; try other words, or: genlens ask")


@main.command()
@click.argument("question", nargs=-1, required=True)
@_filters
@_JSON
def ask(question: tuple[str, ...], as_json: bool, **chosen: tuple[str, ...]) -> None:
    """Answer a design question in the words of the best practices and risks that fit it.

    Every sentence carries the id it comes from. A question that the sources do not cover is said to be
    so, with the nearest topics; the exit code is then 1. Use - to read the question from stdin.

    \b
    Examples:
      genlens ask "Our token bill doubled, where do we start?"
      genlens ask "エージェントの権限はどこまで絞るべき？"
      genlens ask "What changed about prompt leakage?" --edition 2025 --json
    """
    from assistant.answer import ask as answered
    from assistant.render import answer_json, answer_sources, answer_text
    from kb.base import open_served

    answer = answered(open_served(load_settings()), _typed(question), _chosen(chosen))
    if as_json:
        click.echo(_json_text(answer_json(answer)))
    else:
        click.echo(answer_text(answer))
        if answer.citations:
            click.echo(f"\n{answer_sources(answer)}")
    if not answer.covered:
        sys.exit(1)


@main.command()
@click.argument("entry_id", nargs=-1, required=True)
@_LANG
@_JSON
def show(entry_id: tuple[str, ...], lang: str, as_json: bool) -> None:
    """Print one entry whole; its id can be typed as you like.

    \b
    Examples:
      genlens show GENSEC05-BP01
      genlens show llm6 2025 --lang ja
    """
    from assistant.render import entry_json, entry_text
    from kb.base import open_served

    entry = open_served(load_settings()).entry(_typed(entry_id), Language(lang))
    click.echo(_json_text(entry_json(entry)) if as_json else entry_text(entry))


@main.command(name="list")
@_filters
@_LANG
@_JSON
def list_entries(lang: str, as_json: bool, **chosen: tuple[str, ...]) -> None:
    """Print the tree of entries: pillar, question, best practice; then risks and pages.

    \b
    Examples:
      genlens list --pillar Security
      genlens list --kind risk --edition 2026
    """
    from assistant.render import entry_row, tree_text
    from kb.base import open_served

    entries = open_served(load_settings()).listed(Language(lang), _chosen(chosen))
    if as_json:
        click.echo(_json_text({"entries": [entry_row(entry) for entry in entries]}))
    elif entries:
        click.echo(tree_text(entries))
    if not entries:
        _nothing("no entry passes these filters")


@main.command(name="eval")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the run here, a line a question."
)
@_JSON
def evaluate(file: Path, out: Path | None, as_json: bool) -> None:
    """Score a file of labelled questions, per kind and per language.

    \b
    Example:
      genlens eval questions.jsonl --out run.jsonl
    """
    from tqdm import tqdm

    from assistant.answer import ask as answered
    from assistant.render import metrics_json, metrics_text, outcome_json
    from kb.base import open_served
    from kb.evaluate import grouped, read_questions, run

    base = open_served(load_settings())
    questions = read_questions(file)

    def one(question: str) -> tuple[list[str], bool]:
        answer = answered(base, question)
        return [found.id for found in answer.hits], answer.covered

    outcomes = run(
        tqdm(questions, desc="asking", unit="question", file=sys.stderr, disable=None, leave=False), one
    )
    if out is not None:
        lines = [json.dumps(outcome_json(outcome), ensure_ascii=False) for outcome in outcomes]
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    metrics = grouped(outcomes)
    click.echo(_json_text(metrics_json(metrics)) if as_json else metrics_text(metrics))


@main.command()
@click.option(
    "--port", default=8501, show_default=True, type=click.IntRange(1, 65535), help="Port on this machine."
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
def chat(port: int, address: str) -> None:
    """Serve the chat page on this machine and print its address."""
    import runpy

    from kb.builds import current_id

    settings = load_settings()
    current_id(settings.home)  # an index that is missing is said here, not on the page
    page = Path(__file__).resolve().parent.parent / "streamlit_app.py"
    sys.argv = ["streamlit", "run", str(page), f"--server.port={port}", f"--server.address={address}"]
    click.echo(f"http://{address}:{port}")
    runpy.run_module("streamlit", run_name="__main__")


def _typed(words: tuple[str, ...]) -> str:
    """The words as one text; a lone - stands for stdin."""
    return sys.stdin.read() if words == ("-",) else " ".join(words)


def _chosen(options: dict[str, tuple[str, ...]]) -> Filters:
    return Filters(
        kinds=frozenset(options["kind"]),
        pillars=frozenset(options["pillar"]),
        sources=frozenset(options["source"]),
        editions=frozenset(options["edition"]),
        risk_levels=frozenset(options["risk_level"]),
    )


def _status(settings: Settings) -> dict[str, Any]:
    from assistant.render import status_json
    from kb.base import open_served
    from kb.failures import read_failures

    return status_json(open_served(settings).manifest, read_failures(settings.home))


def _status_text(record: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in record["counts"].items())
    lines = [f"build  {record['build']}", f"model  {record['model']}", f"holds  {counts}"]
    for source in record["sources"]:
        edition = f"{source['name']} {source['edition']} ({source['language']})"
        lines.append(
            f"       {edition}: {source['entries']} entries from the {source['from']}, {source['fetched_at']}"
        )
    lines += [f"failed {f['what']}, {f['at']}: {f['reason']}" for f in record["failures"]]
    return "\n".join(lines)


def _json_text(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, indent=2)


def _nothing(line: str) -> NoReturn:
    click.echo(f"genlens: {line}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
