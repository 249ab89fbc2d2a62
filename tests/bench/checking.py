"""The judge of a language model's sentences: its accuracy and its cost.

    GENLENS_HOME=... python tests/bench/checking.py

prints two tables, with the shares of supported sentences at several thresholds and after
one small change, and the time of the judge relative to a stream of three seconds. The sentences come from
extractive answers to our own labelled questions. Each cites its own id, or the id of another entry with
passages for the same question. If a build has text of the sites and of the catalogue, the catalogue's actions
are judged by the sites' text of the same entry, as an example of rewording.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter

from lies import Claims, changed_sentences, passages_of, sentences_of

from assistant.answers.extractive import extractive_answer
from assistant.faithfulness import checks
from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence, split_stream
from assistant.generate import STATING
from kb.entries import Origin, Role
from kb.evaluation import OUT_OF_SCOPE, read_questions
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase, open_served
from kb.ranking.search import Retrieval
from kb.settings import load_settings

QUESTIONS = Path(__file__).resolve().parents[2] / "data" / "eval" / "questions.jsonl"
THRESHOLDS = ((0.74, 0.50), (0.78, 0.50), (0.82, 0.50), (0.86, 0.50), (0.82, 0.60))
STREAM = 3.0  # seconds
SENTENCES = 8
REWORDED = 150


def claims(base: KnowledgeBase, retrievals: list[Retrieval]) -> dict[str, Claims]:
    """Sentences with their cited ids, by kind."""
    rng = random.Random(0)  # noqa: S311 - the same sentences in every run
    own: Claims = []
    other: Claims = []
    for retrieval in retrievals:
        passages = passages_of(base, retrieval)
        judge = Judge(base, passages)
        ids = list(dict.fromkeys(passage.entry.id for passage in passages))
        for text, entry_id in sentences_of(base, retrieval):
            own.append((judge, Sentence(text, (entry_id,))))
            other_id = rng.choice([one for one in ids if one != entry_id])
            other.append((judge, Sentence(text, (other_id,))))
    return {
        "own id": own,
        "another id": other,
        "catalogue wording": list(islice(reworded(base), REWORDED)),
    }


def reworded(base: KnowledgeBase) -> Iterator[tuple[Judge, Sentence]]:
    """The catalogue's actions, judged by the sites' text of their entry."""
    for entry in base.listed():
        passages = [
            Passage(entry, index, 0, len(section.text))
            for index, section in enumerate(entry.sections)
            if section.origin is Origin.SITE and section.role in STATING and section.items
        ]
        actions = [s for s in entry.sections if s.origin is Origin.CATALOGUE and s.role is Role.STEPS]
        judge = Judge(base, passages)
        for item in (item for section in actions for item in section.items if passages):
            yield judge, Sentence(item.text, (entry.id,))


def supported(some: Claims) -> float:
    """The share of supported sentences."""
    return fmean(bool(judge.judge(sentence).support) for judge, sentence in some) if some else float("nan")


def judging_times(base: KnowledgeBase, retrievals: list[Retrieval]) -> list[float]:
    """The seconds to split and judge an answer of SENTENCES sentences, for each question."""
    times = []
    for retrieval in retrievals:
        passages = passages_of(base, retrieval)
        sentences = [f"{s.text} [{s.id}] " for s in extractive_answer(base, retrieval).statements][:SENTENCES]
        # Every seventh word is left out, so the judge has to compare meanings too.
        text = "".join(" ".join(w for i, w in enumerate(one.split(" ")) if i % 7 != 3) for one in sentences)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        start = perf_counter()
        judge = Judge(base, passages)
        for sentence in split_stream(pieces):
            judge.judge(sentence)
        times.append(perf_counter() - start)
    return times


def main() -> None:
    """Write the tables to stdout."""
    base = open_served(load_settings())
    questions = [q for q in read_questions(QUESTIONS) if q.kind != OUT_OF_SCOPE][::2]
    retrievals = [one for q in questions if (one := base.retrieve(q.question)).covered]
    groups = claims(base, retrievals)
    rows = [["cover, cosine", *(f"{name} ({len(some):,})" for name, some in groups.items())]]
    chosen = checks.THRESHOLDS
    for cover, cosine in THRESHOLDS:
        checks.THRESHOLDS = replace(chosen, cover=cover, cosine=cosine)
        rows.append([f"{cover:.2f}, {cosine:.2f}", *(f"{supported(some):.3f}" for some in groups.values())])
    checks.THRESHOLDS = chosen
    lies = [["change", "language", "sentences", "supported"]]
    for (language, name), some in sorted(changed_sentences(base, retrievals).items()):
        lies.append([name, language, f"{len(some):,}", f"{supported(some):.3f}"])
    times = judging_times(base, retrievals)
    table = "\n".join(f"| {' | '.join(row)} |" for row in [*rows, *lies])
    share, most = fmean(times) / STREAM, max(times) / STREAM
    sys.stdout.write(
        f"{table}\ntime relative to a stream of {STREAM:g} s: mean {share:.3f}, maximum {most:.3f}\n"
    )


if __name__ == "__main__":
    main()
