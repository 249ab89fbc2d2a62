"""The command line: one function per verb; results go to stdout, everything else to stderr.

    options.py   shared options, input and output
    find.py      search, ask, show, list
    index.py     refresh, status, changes, rollback; their output is in reports.py
    check.py     check
    evaluate.py  eval
    serve.py     chat, mcp
    feedback.py  feedback

Exit codes: 0 found, 1 nothing found or a gate failed, 2 wrong usage or no index, 3 changes found
(refresh --check), 4 published in part, 130 interrupted by Ctrl-C.
Verbs import heavy libraries themselves, so `--help` and `search` start at once.
"""

import io
import logging
import sys
from typing import Any

import click

from assistant.cli.check import check
from assistant.cli.evaluate import evaluate
from assistant.cli.feedback import feedback
from assistant.cli.find import ask, list_entries, search, show
from assistant.cli.index import changes, refresh, rollback, status
from assistant.cli.serve import chat, mcp
from kb.errors import GenlensError

# The exit code of a process that SIGINT ended, as shells report it.
INTERRUPTED = 130


class _Group(click.Group):
    """A group whose errors are one clear line and the right exit code.

    click ends quietly by itself when the reader of a pipe has seen enough.
    """

    def main(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the types of click
        try:
            return super().main(*arguments, **named)
        except OSError as error:  # of the output, or of a file that was named
            place = f"{error.filename}: " if error.filename else "cannot write the output: "
            click.echo(f"genlens: {place}{error.strerror or error}", err=True)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - the type of click
        try:
            return super().invoke(ctx)
        except GenlensError as error:
            click.echo(f"genlens: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("genlens: interrupted; repeat the command", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="genlens")
@click.option("-v", "--verbose", count=True, help="Log to stderr; twice for details.")
def main(verbose: int) -> None:
    """Cited answers about generative AI workloads.

    genlens reads the AWS Well-Architected Generative AI Lens and the OWASP Top 10 for LLM Applications,
    finds the best practices and risks for a question, and answers in their words.

    \b
    Examples:
      genlens refresh
      genlens ask "How do I keep an agent from doing more than it should?"
      genlens search "prompt caching" --pillar "Cost optimization"
      genlens show gensec5-bp1
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # "?" for what a code page does not have
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


for verb in (
    refresh,
    status,
    changes,
    rollback,
    search,
    ask,
    show,
    list_entries,
    check,
    evaluate,
    chat,
    mcp,
    feedback,
):
    main.add_command(verb)
