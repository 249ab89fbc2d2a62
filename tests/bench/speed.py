"""Speed as ratios measured in one run: `make bench` prints the table and writes `docs/speed.md`.

It uses a build of the catalogue in build/home; the questions are the asks of the catalogue.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from growth import CHUNKS, TIMES, growth

from assistant.generate import ask
from kb.embedding.glossary import reads
from kb.embedding.onnx_encoder import OnnxEncoder
from kb.embedding.open import export_folder
from kb.embedding.weights import find_weights
from kb.entries import Language, Role
from kb.index.chunker import cut
from kb.knowledge_base import KnowledgeBase, open_served
from kb.make import make_build
from kb.settings import Settings, load_settings
from kb.storage.builds import Build

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How do I keep an agent from taking actions it should not?"
WARM, COLD, BUILDS = 300, 5, 3

SERVING = """
import re
from pathlib import Path
from assistant.generate import ask
from kb.knowledge_base import open_served
from kb.settings import load_settings
base = open_served(load_settings())
for question in {questions!r}:
    ask(base, question)
# VmHWM, because ru_maxrss starts at the size of the parent process.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def seconds(work: Callable[[], object]) -> float:
    """The duration of one call, in seconds."""
    start = perf_counter()
    work()
    return perf_counter() - start


def cold(*command: str) -> float:
    """The median wall time of a command in seconds; each run is a new process."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    return median(seconds(lambda: subprocess.run(command, **quiet)) for _ in range(COLD))


def warm(base: KnowledgeBase, encoder: OnnxEncoder, questions: Sequence[str]) -> list[tuple[str, str, str]]:
    """The time of answers in this process, relative to encoding the same questions."""
    for question in questions[:20]:
        ask(base, question)
    pairs = [(seconds(lambda: encoder.encode([q])), seconds(lambda: ask(base, q))) for q in questions]  # noqa: B023
    encoding, asking = map(list, zip(*pairs, strict=True))
    p95 = quantiles(asking, n=20)[-1] / quantiles(encoding, n=20)[-1]
    return [
        (
            "`ask`, warm, p50, relative to encoding the question",
            f"{median(asking) / median(encoding):.2f}",
            "2",
        ),
        ("`ask`, warm, p95, relative to encoding the question", f"{p95:.2f}", "4"),
    ]


def building(base: KnowledgeBase, encoder: OnnxEncoder) -> tuple[str, str, str]:
    """The time of a full build relative to encoding its chunks, measured alternately."""
    readable = [c for c in cut(base.entries, encoder.count_pieces) if reads(encoder.model, c.language)]
    texts = [chunk.embedded for chunk in readable]
    encoding, total = [], []
    for _ in range(BUILDS):
        encoding.append(seconds(lambda: encoder.encode(texts)))
        with TemporaryDirectory() as home:
            new = partial(make_build, Path(home), encoder, base.entries, base.manifest.sources, "bench")
            total.append(seconds(new))
    return "full build, relative to encoding its chunks", f"{median(total) / median(encoding):.2f}", "1.2"


def tutorial(settings: Settings, build_id: str) -> tuple[str, str, str]:
    """The time of a cold answer relative to the retrieval of the LlamaIndex tutorial."""
    entries = Build(settings.home, build_id).folder / "entries.jsonl"
    model = str(find_weights(settings.model).folder)
    script = str(ROOT / "tests" / "bench" / "tutorial.py")
    with TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, script, "build", folder, str(entries), model], check=True, capture_output=True
        )
        theirs = cold(sys.executable, script, "ask", folder, model, QUESTION)
    ours = cold(sys.executable, "-m", "assistant.cli", "ask", QUESTION)
    return "`genlens ask`, cold, relative to the LlamaIndex tutorial", f"{ours / theirs:.2f}", "0.30"


def searching() -> tuple[str, str, str]:
    """The time of a cold keyword search without the start of Python, in seconds."""
    extra = cold(sys.executable, "-m", "assistant.cli", "search", "prompt caching") - cold(
        sys.executable, "-c", "pass"
    )
    return "`genlens search`, cold, seconds longer than `python -c pass`", f"{extra:.2f}", "0.50"


def memory(questions: Sequence[str]) -> tuple[str, str, str]:
    """The peak memory of a process that answers questions."""
    done = subprocess.run(
        [sys.executable, "-c", SERVING.format(questions=list(questions))],
        check=True,
        capture_output=True,
        text=True,
    )
    return "peak memory of a serving process, MiB", f"{float(done.stdout):.0f}", "450"


def growing(base: KnowledgeBase, encoder: OnnxEncoder, questions: Sequence[str]) -> tuple[str, str, str]:
    """The p95 of answers with a large synthetic corpus, relative to a small one."""
    measure = f"`ask`, warm, p95, {CHUNKS * TIMES:,} synthetic chunks relative to {CHUNKS:,}"
    return measure, f"{growth(base, encoder, questions):.2f}", "2"


def main() -> None:
    """Measure, write docs/speed.md and print the table."""
    settings = load_settings()
    base = open_served(settings)
    encoder = OnnxEncoder(export_folder(settings.home, base.manifest.weights_sha256))
    os.environ["PYTHONPATH"] = str(ROOT)
    asks = [
        item.text
        for entry in base.entries
        for section in entry.sections
        if section.role is Role.ASKS and entry.language is Language.ENGLISH
        for item in section.items
    ]
    questions = asks[:: max(1, len(asks) // WARM)]
    rows = [
        *warm(base, encoder, questions),
        building(base, encoder),
        tutorial(settings, base.build),
        searching(),
        memory(questions),
        growing(base, encoder, questions),
    ]
    table = ["| measure | value | limit |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    packages = ("chromadb", "onnxruntime", "llama-index-core", "sentence-transformers")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    document = [
        "# How fast genlens is",
        "",
        "All values are from one run. Ratios are comparable between machines. `make bench` writes this file.",
        "",
        *table,
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}; "
        f"{len(questions)} asks of the catalogue as questions; a build of the catalogue.",
    ]
    (ROOT / "docs" / "speed.md").write_text("\n".join(document) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
