"""The verb that checks a text: check."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.cli.options import json_option, json_text, typed_text
from kb.settings import load_settings

if TYPE_CHECKING:
    from assistant.faithfulness.claims import ClaimCheck


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "--claims",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Check lines of {"id", "entry", "claim"} instead of a text.',
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the claims checked here.")
@json_option
def check(text: tuple[str, ...], claims: Path | None, out: Path | None, as_json: bool) -> None:
    """Check for each sentence of a text whether the entries it names support it.

    TEXT is the text itself, a file, or - for stdin. Each sentence is checked against the entries whose ids it
    names; a doubt gives its reason. Ends with code 1 if a sentence is in doubt.

    \b
    Examples:
      genlens check "Give each agent a role of its own [GENSEC05-BP01]."
      genlens check decision.md
      genlens check --claims claims.jsonl --out run.jsonl
    """
    from assistant.faithfulness.claims import ClaimCheck
    from assistant.render.claims import check_json, check_text
    from kb.knowledge_base import open_served

    if (claims is None) == (not text):
        raise click.UsageError("expected a text, a file or -, or else --claims FILE")
    if (claims is None) != (out is None):
        raise click.UsageError("--claims and --out belong together: one is read, the other is written")
    base = open_served(load_settings())
    checking = ClaimCheck(base)
    if claims is not None and out is not None:
        out.write_text("".join(_checked_lines(checking, claims, base.editions[0])), encoding="utf-8")
        return
    checked = checking.text(_text(text))
    click.echo(json_text(check_json(checked).dump()) if as_json else check_text(checked))
    if not all(one.supported for one in checked):
        sys.exit(1)


def _text(words: tuple[str, ...]) -> str:
    """The text of a file that is named, or else the words.

    :raises UsageError: the file is not text.
    """
    if len(words) == 1 and len(words[0]) < 256 and words[0] != "-" and Path(words[0]).is_file():
        try:
            return Path(words[0]).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise click.UsageError(f"{words[0]} is not text in UTF-8, expected a text file") from error
    return typed_text(words)


def _checked_lines(checking: "ClaimCheck", file: Path, newest: str) -> Iterator[str]:
    from assistant.faithfulness.claims import read_claims
    from assistant.render.claims import checked_json

    for claim_id, claim in read_claims(file, newest):
        record = {"id": claim_id} | checked_json(checking.claim(claim)).dump()
        yield f"{json.dumps(record, ensure_ascii=False)}\n"
