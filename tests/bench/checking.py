"""What checking a language model's sentences costs, and how well it tells support from none.

    GENLENS_HOME=... python tests/bench/checking.py

prints two tables for docs/models.md, the shares of sentences that are taken for supported at several
thresholds and when one small change has been made, and the time of checking beside a stream of three
seconds. The sentences are those of extractive answers to the product's own questions: under their own id,
and under the id of another entry that was found for the same question. Where a build has text of the sites
and of the catalogue, actions of the catalogue are held against the sites' text of the same entry: the same
said in other words.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter

from lies import Claims, changed, given, stated

from assistant.answers.extractive import extractive_answer
from assistant.answers.passages import Passage
from assistant.faithfulness import judge as judging
from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence, split_stream
from assistant.generate import STATING
from kb.entries import Origin, Role
from kb.evaluation import OUT_OF_SCOPE, read_questions
from kb.knowledge_base import KnowledgeBase, open_served
from kb.ranking.search import Retrieval
from kb.settings import load_settings

QUESTIONS = Path(__file__).resolve().parents[2] / "data" / "eval" / "questions.jsonl"
THRESHOLDS = ((0.50, 0.50), (0.50, 0.60), (0.50, 0.70), (0.60, 0.60), (0.70, 0.70))
STREAM = 3.0  # seconds
SENTENCES = 8
REWORDED = 150


def claims(base: KnowledgeBase, found: list[Retrieval]) -> dict[str, Claims]:
    """Sentences with the ids they claim, by what they are."""
    chance = random.Random(0)  # noqa: S311 - the same sentences in every run
    own: Claims = []
    shifted: Claims = []
    for retrieval in found:
        passages = given(base, retrieval)
        judge = Judge(base, passages, retrieval.query.language)
        ids = list(dict.fromkeys(passage.entry.id for passage in passages))
        for text, entry_id in stated(base, retrieval):
            own.append((judge, Sentence(text, (entry_id,))))
            other = chance.choice([one for one in ids if one != entry_id])
            shifted.append((judge, Sentence(text, (other,))))
    return {
        "their own id": own,
        "another id": shifted,
        "the catalogue's words": list(islice(reworded(base), REWORDED)),
    }


def reworded(base: KnowledgeBase) -> Iterator[tuple[Judge, Sentence]]:
    """Actions of the catalogue against the sites' text of their entry."""
    for entry in base.listed():
        passages = [
            Passage(entry, index, 0, len(section.text))
            for index, section in enumerate(entry.sections)
            if section.origin is Origin.SITE and section.role in STATING and section.items
        ]
        actions = [s for s in entry.sections if s.origin is Origin.CATALOGUE and s.role is Role.STEPS]
        judge = Judge(base, passages, entry.language)
        for item in (item for section in actions for item in section.items if passages):
            yield judge, Sentence(item.text, (entry.id,))


def supported(some: Claims) -> float:
    """The share of claims that are taken for supported."""
    return fmean(bool(judge.judge(sentence).support) for judge, sentence in some) if some else float("nan")


def added(base: KnowledgeBase, found: list[Retrieval]) -> list[float]:
    """Seconds of cutting and checking an answer of SENTENCES sentences, for each question."""
    times = []
    for retrieval in found:
        passages = given(base, retrieval)
        said = [f"{s.text} [{s.id}] " for s in extractive_answer(base, retrieval).statements][:SENTENCES]
        # Reworded by leaving out every seventh word, so that meaning has to be compared too.
        text = "".join(" ".join(w for i, w in enumerate(one.split(" ")) if i % 7 != 3) for one in said)
        pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
        start = perf_counter()
        judge = Judge(base, passages, retrieval.query.language)
        for sentence in split_stream(pieces):
            judge.judge(sentence)
        times.append(perf_counter() - start)
    return times


def main() -> None:
    """Write the tables to stdout."""
    base = open_served(load_settings())
    questions = [q for q in read_questions(QUESTIONS) if q.kind != OUT_OF_SCOPE][::2]
    found = [one for q in questions if (one := base.retrieve(q.question)).covered]
    groups = claims(base, found)
    rows = [["words, cosine", *(f"{name} ({len(some):,})" for name, some in groups.items())]]
    chosen = judging.THRESHOLDS
    for words, cosine in THRESHOLDS:
        judging.THRESHOLDS = replace(chosen, words=words, cosine=cosine)
        rows.append([f"{words:.2f}, {cosine:.2f}", *(f"{supported(some):.3f}" for some in groups.values())])
    judging.THRESHOLDS = chosen
    lies = [["sentences with", "language", "number", "taken for supported"]]
    for (language, name), some in sorted(changed(base, found).items()):
        lies.append([name, language, f"{len(some):,}", f"{supported(some):.3f}"])
    times = added(base, found)
    table = "\n".join(f"| {' | '.join(row)} |" for row in [*rows, *lies])
    share, most = fmean(times) / STREAM, max(times) / STREAM
    sys.stdout.write(f"{table}\nchecking beside {STREAM:g} s: {share:.3f} on average, {most:.3f} at most\n")


if __name__ == "__main__":
    main()
