"""The verbs that find: search, ask, show, list."""

import sys
from typing import TYPE_CHECKING

import click

from assistant.cli.options import (
    chosen_filters,
    end_with_nothing,
    filter_options,
    json_option,
    json_text,
    language_option,
    limit_option,
    typed_text,
)
from kb.entries import Language
from kb.settings import load_settings

if TYPE_CHECKING:
    from assistant.conversation.turns import Turn


@click.command()
@click.argument("query", nargs=-1, required=True)
@filter_options
@limit_option
@json_option
def search(query: tuple[str, ...], limit: int, as_json: bool, **chosen: tuple[str, ...]) -> None:
    """Find entries by keyword, best first.

    Words are stemmed, Japanese is matched by pairs of characters, "double quotes" ask for a phrase, and ids
    are found in any spelling. No model is loaded.

    \b
    Examples:
      genlens search prompt caching
      genlens search '"least privilege"' --kind best_practice --risk-level High
      genlens search ガードレール --json
    """
    from assistant.render.json import search_json
    from assistant.render.text import search_text
    from kb.knowledge_base import open_served

    typed = typed_text(query)
    hits = open_served(load_settings()).search(typed, chosen_filters(chosen), limit)
    if as_json:
        click.echo(json_text(search_json(typed, hits).dump()))
    elif hits:
        marks = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
        click.echo(search_text(typed, hits, *marks))
    if not hits:
        end_with_nothing(f"nothing found for {typed!r}; try other words, or: genlens ask")


@click.command()
@click.argument("question", nargs=-1, required=True)
@filter_options
@click.option("--after", multiple=True, metavar="QUESTION", help="A question asked before; can be repeated.")
@click.option("--verbatim", is_flag=True, help="Quote the sources alone, without genlens's own words.")
@click.option("--no-model", is_flag=True, help="Answer without a language model, even if GENLENS_LLM is set.")
@json_option
def ask(
    question: tuple[str, ...],
    after: tuple[str, ...],
    verbatim: bool,
    no_model: bool,
    as_json: bool,
    **chosen: tuple[str, ...],
) -> None:
    """Answer a design question from the best practices and risks that fit it.

    Every sentence has the id of its source. With GENLENS_LLM set, a language model writes the answer; each of
    its sentences is checked against the passages it cites, and marked if they do not support it. If the
    sources do not cover the question, the nearest topics are printed, and the exit code is 1. A sentence
    with * is in genlens's own words, supported by the source. Use - to read the question from stdin.

    \b
    Examples:
      genlens ask "Our token bill doubled, where do we start?"
      genlens ask "エージェントの権限はどこまで絞るべき？"
      genlens ask "What changed about prompt leakage?" --edition 2025 --json
      genlens ask "and for RAG?" --after "How do we test an agent?"
      GENLENS_LLM=ollama:llama3.1 genlens ask "How do we cache prompts?"
    """
    from assistant.conversation.turns import converse
    from assistant.llm.budget import open_budgeted_model
    from assistant.render.json import answer_json
    from assistant.render.text import answer_with_sources, usage_text
    from assistant.tracing import start_tracing
    from kb.knowledge_base import open_served

    start_tracing(settings := load_settings())
    model = open_budgeted_model(settings) if settings.llm and not no_model else None
    asked, filters = (*after, typed_text(question)), chosen_filters(chosen)
    turn = converse(open_served(settings), asked, filters, model, verbatim=verbatim)[-1]
    answer = turn.answer
    _report_reading(turn, as_json=as_json)
    click.echo(json_text(answer_json(answer).dump()) if as_json else answer_with_sources(answer))
    if answer.usage and not as_json:
        click.echo(f"genlens: {usage_text(answer.usage)}", err=True)
    sys.exit(0 if answer.covered else 1)


def _report_reading(turn: "Turn", *, as_json: bool) -> None:
    """Print to stderr how a question was read, if not as it was typed; JSON says so itself."""
    if as_json:
        return
    if turn.rewritten:
        click.echo(f"genlens: understood as: {turn.question}", err=True)
    elif turn.shortened:
        click.echo(f"genlens: taken as the question: {turn.answer.question}", err=True)


@click.command()
@click.argument("entry_id", nargs=-1, required=True)
@language_option
@json_option
def show(entry_id: tuple[str, ...], lang: str, as_json: bool) -> None:
    """Print a whole entry; its id can have any spelling.

    \b
    Examples:
      genlens show GENSEC05-BP01
      genlens show llm6 2025 --lang ja
    """
    from assistant.render.json import entry_json
    from assistant.render.text import entry_text
    from kb.knowledge_base import open_served

    entry = open_served(load_settings()).entry(typed_text(entry_id), Language(lang))
    click.echo(json_text(entry_json(entry).dump()) if as_json else entry_text(entry))


@click.command(name="list")
@filter_options
@language_option
@json_option
def list_entries(lang: str, as_json: bool, **chosen: tuple[str, ...]) -> None:
    """Print the tree of entries: pillar, question, best practice; then risks and pages.

    \b
    Examples:
      genlens list --pillar Security
      genlens list --kind risk --edition 2026
    """
    from assistant.render.json import list_json
    from assistant.render.text import tree_text
    from kb.knowledge_base import open_served

    entries = open_served(load_settings()).listed(Language(lang), chosen_filters(chosen))
    if as_json:
        click.echo(json_text(list_json(entries).dump()))
    elif entries:
        click.echo(tree_text(entries))
    if not entries:
        end_with_nothing("no entry passes these filters")
