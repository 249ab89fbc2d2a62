"""The verb for measuring: eval."""

import json
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
@click.option("--answers", is_flag=True, help="Write the answers into the run too.")
@json_option
def evaluate(file: Path, out: Path | None, answers: bool, as_json: bool) -> None:
    """Score a file of labelled questions, by kind and by language.

    A question with `previous` is asked after those, as in a conversation.

    \b
    Example:
      genlens eval questions.jsonl --out run.jsonl
      genlens eval questions.jsonl --answers --out run.jsonl
    """
    from tqdm import tqdm

    from assistant.conversation.turns import converse
    from assistant.render.metrics import answers_json, metrics_json, metrics_text, outcome_json
    from kb.evaluation import grouped, outcome, read_questions
    from kb.knowledge_base import open_served

    if answers and out is None:
        raise click.UsageError("--answers writes into the run, expected --out FILE with it")
    base = open_served(load_settings())
    questions = read_questions(file)
    outcomes, records = [], []
    for question in tqdm(questions, desc="asking", unit="question", disable=None, leave=False):
        conversation = [turn.answer for turn in converse(base, (*question.previous, question.question))]
        ranked = [hit.id for hit in conversation[-1].hits]
        outcomes.append(outcome(question, ranked, answered=conversation[-1].covered))
        records.append(outcome_json(outcomes[-1]) | (answers_json(conversation) if answers else {}))
    if out is not None:
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    metrics = grouped(outcomes)
    click.echo(json_text(metrics_json(metrics)) if as_json else metrics_text(metrics))
