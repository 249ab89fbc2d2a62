"""Options, input and output shared by the verbs."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import click

from kb.entries import Kind, Language, RiskLevel
from kb.ids import PILLARS
from kb.ranking.filters import Filters

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
limit_option = click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="Maximum number of results."
)
language_option = click.option(
    "--lang", default="en", type=click.Choice([code.value for code in Language]), help="Language."
)


def filter_options(command: Command) -> Command:
    """The options of filters; each can be repeated."""
    kinds = [kind.value for kind in Kind]
    levels = [level.value for level in RiskLevel]
    pillars = click.Choice(list(PILLARS.values()), case_sensitive=False)
    for option in (
        click.option("--kind", multiple=True, type=click.Choice(kinds), help="Only this kind of entry."),
        click.option("--pillar", multiple=True, type=pillars, help="Only this pillar."),
        click.option("--source", multiple=True, help="Only this source, for example owasp-llm."),
        click.option("--edition", multiple=True, help="Only this edition, for example 2025."),
        click.option(
            "--risk-level",
            multiple=True,
            type=click.Choice(levels, case_sensitive=False),
            help="Only this level of risk.",
        ),
    ):
        command = option(command)
    return command


def chosen_filters(options: dict[str, tuple[str, ...]]) -> Filters:
    """The filters of `filter_options`."""
    return Filters(
        kinds=frozenset(options["kind"]),
        pillars=frozenset(options["pillar"]),
        sources=frozenset(options["source"]),
        editions=frozenset(options["edition"]),
        risk_levels=frozenset(options["risk_level"]),
    )


def typed_text(words: tuple[str, ...]) -> str:
    """The words as one text; a lone - reads stdin.

    :raises UsageError: stdin is closed.
    """
    if words != ("-",):
        return " ".join(words)
    if sys.stdin is None:
        raise click.UsageError("- reads the text from stdin, but stdin is closed")
    return sys.stdin.read()


def json_text(record: Mapping[str, object]) -> str:
    """A record as printed JSON, in ASCII where the output is not Unicode."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(record, ensure_ascii=not is_unicode, indent=2)


def end_with_nothing(line: str) -> NoReturn:
    """Report on stderr that nothing was found, and exit with code 1."""
    click.echo(f"genlens: {line}", err=True)
    sys.exit(1)
