"""The verb for measuring: eval."""

import json
import sys
from pathlib import Path

import click

from assistant.cli.options import json_option, json_text
from kb.settings import load_settings


@click.command(name="eval")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the run here, one line per question.",
)
@json_option
def evaluate(file: Path, out: Path | None, as_json: bool) -> None:
    """Score a file of labelled questions, by kind and by language.

    \b
    Example:
      genlens eval questions.jsonl --out run.jsonl
    """
    from tqdm import tqdm

    from assistant.generate import ask
    from assistant.render.metrics import metrics_json, metrics_text, outcome_json
    from kb.evaluation import grouped, read_questions, run
    from kb.knowledge_base import open_served

    base = open_served(load_settings())
    questions = read_questions(file)

    def one(question: str) -> tuple[list[str], bool]:
        answer = ask(base, question)
        return [hit.id for hit in answer.hits], answer.covered

    outcomes = run(
        tqdm(questions, desc="asking", unit="question", file=sys.stderr, disable=None, leave=False), one
    )
    if out is not None:
        lines = [json.dumps(outcome_json(outcome), ensure_ascii=False) for outcome in outcomes]
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    metrics = grouped(outcomes)
    click.echo(json_text(metrics_json(metrics)) if as_json else metrics_text(metrics))
