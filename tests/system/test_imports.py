"""Modules loaded by each command; they decide its start-up time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.homes import ROOT

from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import list_builds

HEAVY = {
    "torch", "transformers", "sentence_transformers", "chromadb", "llama_index", "onnxruntime", "streamlit",
    "httpx2", "bs4", "mcp", "uvicorn", "opentelemetry",
}  # fmt: skip
PROGRAM = """
import json, sys
from assistant.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def loaded(home: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"GENLENS_HOME": str(home), "PYTHONPATH": str(ROOT), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("search", "--help"), ("search", "prompt caching")])
def test_help_and_keyword_search_load_no_heavy_library(
    catalogue_home: Path, arguments: tuple[str, ...]
) -> None:
    assert loaded(catalogue_home, *arguments) & HEAVY == set()


def test_changes_loads_no_heavy_library(base: KnowledgeBase, home: Path) -> None:
    assert loaded(home, "changes", base.build, base.build) & HEAVY == set()


def test_refresh_without_changes_loads_no_model_library(catalogue_home: Path) -> None:
    served = list_builds(catalogue_home)
    modules = loaded(catalogue_home, "refresh", "--offline")
    assert modules & {"torch", "transformers", "sentence_transformers", "llama_index"} == set()
    assert list_builds(catalogue_home) == served


def test_answer_loads_no_torch(catalogue_home: Path) -> None:
    modules = loaded(catalogue_home, "ask", "How do I narrow down what an agent may do?")
    assert modules & {"torch", "transformers", "sentence_transformers", "llama_index"} == set()
    assert {"onnxruntime", "chromadb"} <= modules
