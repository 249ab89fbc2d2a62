"""The verb for feedback of the page: feedback."""

from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING

import click

from assistant.cli.options import end_with_nothing, json_option, json_text, limit_option
from kb.settings import load_settings

if TYPE_CHECKING:
    from assistant.feedback import Gap, Opinion


@click.command()
@limit_option
@json_option
def feedback(limit: int, as_json: bool) -> None:
    """Print the feedback of the page: thumbs, comments, and questions that were not covered.

    Thumbs and comments come newest first, uncovered questions most frequent first. Feedback never leaves
    GENLENS_HOME; with GENLENS_FEEDBACK=false none is kept.

    \b
    Examples:
      genlens feedback
      genlens feedback --json
    """
    from assistant.feedback import Feedback

    kept = Feedback(load_settings().home)
    opinions, gaps = kept.opinions()[:limit], kept.gaps()[:limit]
    if as_json:
        record = {"opinions": [asdict(one) for one in opinions], "gaps": [asdict(gap) for gap in gaps]}
        click.echo(json_text(record))
    else:
        for line in chain(map(_opinion_text, opinions), map(_gap_text, gaps)):
            click.echo(line)
    if not opinions and not gaps:
        end_with_nothing("no feedback yet, and every question was covered")


def _opinion_text(opinion: "Opinion") -> str:
    line = f"{opinion.verdict:4}  {opinion.question}  [{' '.join(opinion.ids)}]  {opinion.at}"
    return f"{line}\n      {opinion.comment}" if opinion.comment else line


def _gap_text(gap: "Gap") -> str:
    nearest = f"  nearest: {' '.join(gap.ids[:3])}" if gap.ids else ""
    return f"{gap.times:3}x  not covered: {gap.question}{nearest}"
