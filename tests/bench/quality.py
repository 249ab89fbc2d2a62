"""How well genlens ranks beside simpler systems, and what each of its parts adds, measured in one run.

    PYTHONPATH=. .venv/bin/python tests/bench/quality.py HOME --also FILE ... --out docs/quality.md

HOME serves a build of the sites. Asked are the repository's own questions and those of the other files. What
stands between the two marks of the page is replaced. Adapters that `make train` keeps are taken from there;
name the other homes that it was run on with `--trained-with`, or the adapters are trained again.
"""

import argparse
import logging
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import permutation_test
from systems import ADAPTER, GENLENS, NOTHING, Ask, genlens, less_a_part, simple_systems

from kb.data import data_folder
from kb.embedding.torch_encoder import TorchEncoder
from kb.embedding.weights import find_published_weights, find_weights
from kb.evaluation import OUT_OF_SCOPE, LabelledQuestion, Outcome, grouped, read_questions, run, score
from kb.files import write_atomic
from kb.knowledge_base import KnowledgeBase
from kb.settings import DEFAULT_MODEL
from kb.storage.builds import Build
from kb.training.lessons import Corpus, read_corpus

START, END = "<!-- measured -->", "<!-- /measured -->"
RESAMPLES, SEED = 10_000, 7
PACKAGES = (
    "genlens",
    "sentence-transformers",
    "onnxruntime",
    "chromadb",
    "llama-index-core",
    "ir-measures",
    "numpy",
)
log = logging.getLogger("quality")

Floats = npt.NDArray[np.float64]
Files = Mapping[Path, tuple[LabelledQuestion, ...]]
Runs = dict[str, tuple[Outcome, ...]]
"""What each system made of the questions of one file, by its name."""


def asked(systems: Iterable[tuple[str, Ask]], files: Files) -> dict[Path, Runs]:
    """The runs of all systems over each file."""
    runs: dict[Path, Runs] = {file: {} for file in files}
    for system, ask in systems:
        for file, questions in files.items():
            log.info("%s: asking %d questions of %s", system, len(questions), file.name)
            runs[file][system] = run(questions, ask)
    return runs


def scored(outcomes: Sequence[Outcome]) -> tuple[Floats, Floats, Floats]:
    """hit@1, recall@5 and nDCG@10 of every question in scope, in order."""
    scores = score([outcome for outcome in outcomes if outcome.question.kind != OUT_OF_SCOPE])
    return (
        np.array([one.hit_at_1 for one in scores]),
        np.array([one.recall_at_5 for one in scores]),
        np.array([one.ndcg_at_10 for one in scores]),
    )


def p_value(one: Floats, other: Floats) -> float:
    """Two-sided, of the difference of means, by a paired randomization test.

    Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval
    Evaluation" (2007).
    """
    tested = permutation_test(
        (one, other),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        n_resamples=RESAMPLES,
        rng=SEED,
    )
    return float(tested.pvalue)


def table(*rows: Sequence[str]) -> list[str]:
    """A table in Markdown; the first row is its head, and a blank line follows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""]


def comparison(head: str, runs: Runs, reference: str) -> list[str]:
    """A line for each run, with how far its nDCG@10 is from that of the reference."""
    scores = {name: scored(outcomes) for name, outcomes in runs.items()}
    against = scores[reference][-1]
    columns = ("hit@1", "recall@5", "nDCG@10", "difference", "p", "declined in scope", "out of scope")
    rows = []
    for name, measured in scores.items():
        own = measured[-1]
        p = p_value(own, against)
        tested = (f"{(own - against).mean():+.3f}", f"{p:.3f}" if p >= 0.001 else "< 0.001")
        means = (f"{values.mean():.3f}" for values in measured)
        rows.append((name, *means, *(("", "") if name == reference else tested), *declined(runs[name])))
    return table((head, *columns), *rows)


def declined(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """The shares of the questions in scope, and out of scope, that were not answered."""
    groups = grouped(outcomes)
    shares = (f"{groups[name].abstained:.3f}" if name in groups else "" for name in ("all", OUT_OF_SCOPE))
    return next(shares), next(shares)


def per_kind(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each kind of question."""
    kinds = dict.fromkeys(outcome.question.kind for outcome in outcomes)
    groups = grouped(outcomes)
    rows = []
    for kind in kinds:
        of = groups[kind]
        ranked = ("", "") if kind == OUT_OF_SCOPE else (f"{of.hit_at_1:.3f}", f"{of.ndcg_at_10:.3f}")
        rows.append((kind, str(of.count), *ranked, f"{of.abstained:.3f}"))
    return table(("genlens, by kind", "questions", "hit@1", "nDCG@10", "declined"), *rows)


def measured(files: Files, systems: Mapping[Path, Runs], parts: Mapping[Path, Runs]) -> Iterator[str]:
    """The lines of the generated part of the page but for its last ones."""
    for file, questions in files.items():
        in_scope = sum(question.kind != OUT_OF_SCOPE for question in questions)
        yield from (f"### {file.name}: {len(questions)} questions, {in_scope} in scope", "")
        yield from comparison("system", systems[file], GENLENS)
        yield from per_kind(systems[file][GENLENS])
        yield from comparison("genlens without", parts[file], NOTHING)


def notes(corpus: Corpus, files: Sequence[Path], others: Sequence[Path]) -> list[str]:
    """How the tables were made, and with what."""
    also = "".join(f" {file.name}" for file in files[1:])
    command = "PYTHONPATH=. .venv/bin/python tests/bench/quality.py HOME"
    command += f" --also{also}" if also else ""
    command += f" --trained-with{' OTHER' * len(others)}" if others else ""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        "The difference is that of the nDCG@10 to genlens, and in the tables of what is left out to "
        f"`{NOTHING}`: all features and the adapter, with a ranker trained in this run on this one build, as "
        "in each line there. p is two-sided, of a paired randomization test over the questions in scope "
        f"({RESAMPLES:,} resamples, seed {SEED}), not corrected for the number of lines.",
        "",
        "A word stands for all features with it in their names; the vectors of a question in Japanese are "
        f"those of its gloss. Without `{ADAPTER}` the pages and the questions are encoded by the model as it "
        "was published.",
        "",
        f"A build of {corpus.manifest.chunks:,} chunks; {packages}, Python {platform.python_version()}:",
        "",
        f"    {command} --out docs/quality.md",
    ]


def replaced(page: str, text: str) -> str:
    """The page with another text between its marks.

    :raises SystemExit: it does not have both marks, in order.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"the page has no {START} with {END} below it; add both lines where the tables go")
    return f"{before}{START}\n\n{text}\n\n{END}{after}"


def served(home: Path) -> Corpus:
    """The served build of a home, made with the weights that questions are encoded with.

    :raises SystemExit: it was made with others.
    """
    corpus = read_corpus(home)
    if corpus.manifest.weights_sha256 != find_weights(DEFAULT_MODEL).identity:
        raise SystemExit(f"{home}: its build was made with other weights; run: genlens refresh")
    return corpus


def main() -> None:
    """Ask every system every question and write the tables into the page."""
    parser = argparse.ArgumentParser(description="Measure the ranking beside simpler systems.")
    parser.add_argument("home", type=Path, help="home whose served build is of the sites")
    parser.add_argument("--also", nargs="*", type=Path, default=[], help="other files of questions")
    parser.add_argument("--trained-with", nargs="*", type=Path, default=[], help="other homes of make train")
    parser.add_argument("--adapters", type=Path, default=Path("build/adapters"), help="where they are kept")
    parser.add_argument("--out", type=Path, required=True, help="page with the two marks")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    page = arguments.out.read_text(encoding="utf-8")
    replaced(page, "")  # a page without marks is told of before the work
    names = (data_folder() / "eval" / "questions.jsonl", *arguments.also)
    files = {file: read_questions(file) for file in names}
    corpora = [served(arguments.home), *map(read_corpus, arguments.trained_with)]
    plain = TorchEncoder(find_published_weights(DEFAULT_MODEL))
    base = KnowledgeBase(Build(arguments.home, corpora[0].manifest.id))
    systems = asked([*simple_systems(corpora[0], plain), (GENLENS, genlens(base))], files)
    parts = asked(less_a_part(arguments.home, corpora, arguments.adapters, plain), files)
    lines = [*measured(files, systems, parts), *notes(corpora[0], names, arguments.trained_with)]
    write_atomic(arguments.out, replaced(page, "\n".join(lines)).encode())


if __name__ == "__main__":
    main()
