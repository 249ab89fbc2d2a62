"""The verb for feedback of the page: feedback."""

from dataclasses import asdict

import click

from assistant.cli.options import end_with_nothing, json_option, json_text, limit_option
from kb.settings import load_settings


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
    for opinion in () if as_json else opinions:
        click.echo(f"{opinion.verdict:4}  {opinion.question}  [{' '.join(opinion.ids)}]  {opinion.at}")
        if opinion.comment:
            click.echo(f"      {opinion.comment}")
    for gap in () if as_json else gaps:
        nearest = f"  nearest: {' '.join(gap.ids[:3])}" if gap.ids else ""
        click.echo(f"{gap.times:3}x  not covered: {gap.question}{nearest}")
    if not opinions and not gaps:
        end_with_nothing("no feedback yet, and every question was covered")
