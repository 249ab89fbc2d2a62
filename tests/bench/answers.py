"""The content of answers, and without each of its parts, in one run.

    PYTHONPATH=. .venv/bin/python tests/bench/answers.py HOME --also FILE ... --out docs/answers.md

HOME has a served build. A question file has `nuggets`: short facts of a good answer. Each has the id of its
entry (`id`, or one of `also_ids`) and stems that a statement on it contains (`words`, or `alt_words`;
`ja_words` in Japanese); "a|b" are alternatives. The tables replace the text between two marks.
"""

import argparse
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from quality import table

from assistant.answers import composition, intent, selection
from assistant.answers.records import Answer, Part, Statement
from assistant.generate import ask
from kb.data import data_folder
from kb.files import write_atomic
from kb.knowledge_base import KnowledgeBase
from kb.ranking import search
from kb.storage.builds import current_build

START, END = "<!-- measured -->", "<!-- /measured -->"
HEAD = {"en": 900, "ja": 450}  # characters read at a glance
COLUMNS = ("recall", "recall at a glance", "first", "entries", "off topic", "characters")

Question = dict[str, Any]
Scores = dict[str, float]


def score(question: Question, answer: Answer) -> Scores:
    """The scores of one answer; related entries do not count."""
    said = [statement for statement in answer.statements if statement.part is not Part.RELATED]
    nuggets, language = question["nuggets"], question["lang"]
    head = list(_first(said, HEAD[language]))
    wanted = [{nugget["id"], *nugget["also_ids"]} for nugget in nuggets]
    good = set[str]().union(*wanted, question["lead_ok"])
    cited = {entry_id for statement in said for entry_id in statement.ids}
    scores = {
        "recall": fmean(any(_covers(n, s, language) for s in said) for n in nuggets),
        "recall at a glance": fmean(any(_covers(n, s, language) for s in head) for n in nuggets),
        "first": float(bool(said) and any(_covers(n, said[0], language) for n in nuggets)),
        "characters": float(sum(len(statement.text) for statement in said)),
    }
    if said:
        scores["off topic"] = fmean(not set(statement.ids) & good for statement in said)
    if question.get("multi"):
        own = dict(zip((nugget["id"] for nugget in nuggets), wanted, strict=True))
        scores["entries"] = fmean(bool(({i} | (ids - own.keys())) & cited) for i, ids in own.items())
    return scores


def _first(said: Sequence[Statement], room: int) -> Iterator[Statement]:
    """The statements that fit into some characters; the first one always."""
    for place, statement in enumerate(said):
        room -= len(statement.text)
        if place and room < 0:
            return
        yield statement


def _covers(nugget: dict[str, Any], statement: Statement, language: str) -> bool:
    if not {nugget["id"], *nugget["also_ids"]} & set(statement.ids):
        return False
    keys = ("ja_words",) if language == "ja" else ("words", "alt_words")
    return any(_holds(_plain(statement.text, language), nugget.get(key), language) for key in keys)


def _holds(text: str, stems: Sequence[str] | None, language: str) -> bool:
    """True if a text has one of the alternatives of every stem."""

    def has(stem: str) -> bool:
        plain = _plain(stem, language)
        return (
            plain in text
            if language == "ja"
            else re.search(rf"(?<![a-z0-9]){re.escape(plain)}", text) is not None
        )

    return bool(stems) and all(any(map(has, stem.split("|"))) for stem in stems or ())


def _plain(text: str, language: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return re.sub(r"\s+", "" if language == "ja" else " ", folded)


def variants() -> Iterator[tuple[str, Callable[[], object]]]:
    """Each part of an answer's choice, and a call that turns it off."""
    weights, thresholds = selection.WEIGHTS, composition.THRESHOLDS

    def chosen(**changed: float) -> Callable[[], object]:
        return lambda: setattr(selection, "WEIGHTS", replace(weights, **changed))

    yield "genlens", lambda: None
    yield "without meaning", chosen(meaning=0.0)
    yield "without words", chosen(words=0.0)
    yield "without the preference for lines of the catalogue", chosen(catalogue=0.0)
    yield "without the discount for what is said", chosen(repeated=0.0)
    yield "without aspects", lambda: setattr(search, "aspects_of", lambda _question, _language: ())
    yield "from one entry", lambda: setattr(composition, "MAX_MAIN", 1)
    yield (
        "without a close second entry",
        lambda: setattr(composition, "THRESHOLDS", replace(thresholds, close=2.0, closer=2.0)),
    )
    yield (
        "without the kind of question",
        lambda: setattr(composition, "intent_of", lambda _question: intent.Intent.ACTION),
    )


def answered(
    base: KnowledgeBase, questions: Sequence[Question], *, verbatim: bool = False
) -> dict[str, float]:
    """The mean of each score over some questions."""
    rows = [score(q, ask(base, q["question"], verbatim=verbatim)) for q in questions]
    return {c: fmean(row[c] for row in rows if c in row) for c in COLUMNS if any(c in row for row in rows)}


def tables(base: KnowledgeBase, files: Iterable[Path]) -> Iterator[str]:
    """The lines of the tables: per file and language, the whole and each part left out."""
    kept = (selection.WEIGHTS, composition.THRESHOLDS, composition.intent_of)
    aspects_of = search.aspects_of
    for file in files:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        for language in ("en", "ja"):
            if not (questions := [q for q in lines if q["lang"] == language]):
                continue
            rows = []
            for name, turn_off in variants():
                turn_off()
                rows.append((name, answered(base, questions)))
                selection.WEIGHTS, composition.THRESHOLDS, composition.intent_of = kept
                search.aspects_of, composition.MAX_MAIN = aspects_of, MAX_MAIN
            rows.append(("sources' words only (`--verbatim`)", answered(base, questions, verbatim=True)))
            yield from (f"### {file.name}, {language}: {len(questions)} questions", "")
            yield from table(("", *COLUMNS), *((name, *_figures(means)) for name, means in rows))


def _figures(means: dict[str, float]) -> Iterator[str]:
    for column in COLUMNS:
        digits = 0 if column == "characters" else 3
        yield f"{means[column]:.{digits}f}" if column in means else ""


MAX_MAIN = composition.MAX_MAIN


def main() -> None:
    """Measure, and write the tables into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--also", nargs="*", type=Path, default=[])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    base = KnowledgeBase(current_build(arguments.home))
    origins = ", ".join(
        f"{s.name} {s.edition} ({s.language}) from the {s.origin}" for s in base.manifest.sources
    )
    files = [data_folder() / "eval" / "answers.jsonl", *arguments.also]
    text = "\n".join([f"Build: {origins}.", "", *tables(base, files)])
    sys.stdout.write(f"{text}\n")
    if arguments.out:
        page = arguments.out.read_text(encoding="utf-8")
        before, rest = page.split(START)
        after = rest.split(END)[1]
        write_atomic(arguments.out, f"{before}{START}\n\n{text}\n{END}{after}".encode())


if __name__ == "__main__":
    main()
