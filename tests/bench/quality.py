"""The ranking of genlens, compared with simpler systems and without each of its parts, in one run.

    PYTHONPATH=. .venv/bin/python tests/bench/quality.py HOME --also FILE ... --out docs/quality.md

HOME has a served build of the sites. The questions are our own labelled questions and the other files. The
tables replace the text between the two marks of the document. Adapters of `make train` are reused; name its
other homes with `--trained-with`, or the adapters are trained again.
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
from systems import ADAPTER, COMPLETE, GENLENS, Ask, genlens, simple_systems, without_a_part

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
"""The outcomes of the questions of one file, by name of the system."""


def asked(systems: Iterable[tuple[str, Ask]], files: Files) -> dict[Path, Runs]:
    """The runs of all systems on each file."""
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
    """The two-sided p-value of the difference of means, from a paired randomization test.

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
    """The lines of a Markdown table with a blank line at the end; the first row is the header."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""]


def comparison(head: str, runs: Runs, reference: str) -> list[str]:
    """A table with a row per run: its metrics, and the difference of its nDCG@10 to the reference."""
    scores = {name: scored(outcomes) for name, outcomes in runs.items()}
    against = scores[reference][-1]
    columns = (
        "hit@1",
        "recall@5",
        "nDCG@10",
        "difference",
        "p",
        "not covered, in scope",
        "not covered, out of scope",
    )
    rows = []
    for name, metrics in scores.items():
        own = metrics[-1]
        p = p_value(own, against)
        tested = (f"{(own - against).mean():+.3f}", f"{p:.3f}" if p >= 0.001 else "< 0.001")
        means = (f"{values.mean():.3f}" for values in metrics)
        rows.append((name, *means, *(("", "") if name == reference else tested), *not_covered(runs[name])))
    return table((head, *columns), *rows)


def not_covered(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """The shares of questions in scope and out of scope with the answer "not covered"."""
    groups = grouped(outcomes)
    shares = (f"{groups[name].abstained:.3f}" if name in groups else "" for name in ("all", OUT_OF_SCOPE))
    return next(shares), next(shares)


def per_kind(outcomes: Sequence[Outcome]) -> list[str]:
    """A table with a row per kind of question."""
    kinds = dict.fromkeys(outcome.question.kind for outcome in outcomes)
    groups = grouped(outcomes)
    rows = []
    for kind in kinds:
        metrics = groups[kind]
        ranked = (
            ("", "") if kind == OUT_OF_SCOPE else (f"{metrics.hit_at_1:.3f}", f"{metrics.ndcg_at_10:.3f}")
        )
        rows.append((kind, str(metrics.count), *ranked, f"{metrics.abstained:.3f}"))
    return table(("genlens, by kind", "questions", "hit@1", "nDCG@10", "not covered"), *rows)


def tables(files: Files, systems: Mapping[Path, Runs], parts: Mapping[Path, Runs]) -> Iterator[str]:
    """The lines of the generated text, without the notes."""
    for file, questions in files.items():
        in_scope = sum(question.kind != OUT_OF_SCOPE for question in questions)
        yield from (f"### {file.name}: {len(questions)} questions, {in_scope} in scope", "")
        yield from comparison("system", systems[file], GENLENS)
        yield from per_kind(systems[file][GENLENS])
        yield from comparison("genlens without", parts[file], COMPLETE)


def notes(corpus: Corpus, files: Sequence[Path], others: Sequence[Path]) -> list[str]:
    """The notes on the tables: method, build, versions and command."""
    also = "".join(f" {file.name}" for file in files[1:])
    command = "PYTHONPATH=. .venv/bin/python tests/bench/quality.py HOME"
    command += f" --also{also}" if also else ""
    command += f" --trained-with{' OTHER' * len(others)}" if others else ""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        "`difference` is the nDCG@10 of a row minus that of genlens. In the tables without a part, the "
        f"reference is `{COMPLETE}`: all features and the adapter, with a ranker trained in this run on this "
        "build, like the ranker of each row. `p` is two-sided, from a paired randomization test over the "
        f"questions in scope ({RESAMPLES:,} resamples, seed {SEED}), not corrected for the number of rows.",
        "",
        "The name of a part is a word in the names of its features. The vectors of a Japanese question are "
        f"the vectors of its gloss. Without `{ADAPTER}`, the published model encodes pages and questions.",
        "",
        f"The build has {corpus.manifest.chunks:,} chunks. Versions: {packages}, "
        f"Python {platform.python_version()}. Command:",
        "",
        f"    {command} --out docs/quality.md",
    ]


def replaced(document: str, text: str) -> str:
    """The document with a new text between its marks.

    :raises SystemExit: a mark is missing, or they are in the wrong order.
    """
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"the document has no {START} followed by {END}; add both lines around the tables")
    return f"{before}{START}\n\n{text}\n\n{END}{after}"


def served(home: Path) -> Corpus:
    """The served build of a home, made with the weights of the encoder of questions.

    :raises SystemExit: the build has other weights.
    """
    corpus = read_corpus(home)
    if corpus.manifest.weights_sha256 != find_weights(DEFAULT_MODEL).identity:
        raise SystemExit(f"{home}: the build was made with other weights; run: genlens refresh")
    return corpus


def main() -> None:
    """Ask every system every question, and write the tables into the document."""
    parser = argparse.ArgumentParser(description="Compare the ranking with simpler systems.")
    parser.add_argument("home", type=Path, help="home with a served build of the sites")
    parser.add_argument("--also", nargs="*", type=Path, default=[], help="more files of labelled questions")
    parser.add_argument(
        "--trained-with", nargs="*", type=Path, default=[], help="other homes used by make train"
    )
    parser.add_argument(
        "--adapters", type=Path, default=Path("build/adapters"), help="folder of trained adapters"
    )
    parser.add_argument("--out", type=Path, required=True, help="document with the two marks")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    document = arguments.out.read_text(encoding="utf-8")
    replaced(document, "")  # missing marks are an error before the work
    names = (data_folder() / "eval" / "questions.jsonl", *arguments.also)
    files = {file: read_questions(file) for file in names}
    corpora = [served(arguments.home), *map(read_corpus, arguments.trained_with)]
    plain = TorchEncoder(find_published_weights(DEFAULT_MODEL))
    base = KnowledgeBase(Build(arguments.home, corpora[0].manifest.id))
    systems = asked([*simple_systems(corpora[0], plain), (GENLENS, genlens(base))], files)
    parts = asked(without_a_part(arguments.home, corpora, arguments.adapters, plain), files)
    lines = [*tables(files, systems, parts), *notes(corpora[0], names, arguments.trained_with)]
    write_atomic(arguments.out, replaced(document, "\n".join(lines)).encode())


if __name__ == "__main__":
    main()
