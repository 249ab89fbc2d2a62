"""Imports run one way: between packages, within them, and from libraries to their one home."""

import ast
from collections.abc import Iterator

import pytest
from support.homes import ROOT

# Every module, from the ground up: a module imports only modules before it. `kb` is below all, `ingest` and
# `assistant` do not know each other, and only the front ends see both.
FLOORS = """
    kb/               errors data files settings text entries ids
    kb/embedding/     encoder onnx_encoder weights glossary torch_encoder onnx_export open
    kb/index/         chunker bm25 vector_store entry_table passages support passage_table
    kb/storage/       builds manifest fingerprint refresh_log locks
    kb/ranking/       gist query aspects filters layout features mentions neighbours candidates coverage
    kb/ranking/       ranker spelling search
    kb/               knowledge_base serving verify make rollback changes evaluation
    kb/training/      lessons disguises examples adapter ranker __main__
    ingest/           errors sources
    ingest/fetch/     retry page_store allowance rate_limit network response client
    ingest/readers/   html markdown edition_pages aws_contents aws_lens owasp
    ingest/catalogue/ schema relations reader merge
    ingest/           shape editions pipeline
    assistant/              tracing feedback
    assistant/answers/      records citations intent selection composition extractive
    assistant/answers/      languages gaps
    assistant/llm/          prompts responses client providers usage cache budget
    assistant/faithfulness/ stream thesaurus words facts findings basis copies negations checks claims
    assistant/faithfulness/ judge
    assistant/              generate
    assistant/conversation/ follow_ups turns
    assistant/views/        tree crosswalk facets
    assistant/render/       labels escape sections snippets outline text markdown schemas json metrics
    assistant/render/       status changes transcript claims
    assistant/              llamaindex
    assistant/pages/        address document hosts
    assistant/mcp/          excerpts results tools server http
    assistant/cli/          options find reports index check evaluate serve feedback __init__ __main__
    assistant/pages/        words labels links shared frame
    assistant/pages/ask/    messages filters answer thumbs view
    assistant/pages/        search
    assistant/pages/browse/ charts entry view
    assistant/pages/index/  messages refresh_worker refresh_job builds view
    assistant/pages/        views
    ./                      streamlit_app
"""
FRONT_ENDS = ("assistant/cli/", "assistant/mcp/", "assistant/pages/", "streamlit_app")
# Packages that a package may not import, except in the front ends.
FORBIDDEN = {"kb": {"ingest", "assistant"}, "ingest": {"assistant"}, "assistant": {"ingest"}}
# Imports inside functions, which keep the start of a command short: module, and what it imports late.
LATE = {
    "assistant/cli/check": {
        "assistant/faithfulness/claims",
        "assistant/render/claims",
        "kb/knowledge_base",
    },
    "kb/embedding/open": {"kb/embedding/onnx_export", "kb/embedding/torch_encoder"},
    "kb/embedding/weights": {"huggingface_hub"},
    "kb/ranking/neighbours": {"kb/embedding/open", "kb/index/vector_store"},
    "kb/ranking/spelling": {"rapidfuzz"},
    "assistant/answers/languages": {"py3langid"},
    "assistant/tracing": {"opentelemetry"},
    "assistant/llm/client": {"llama_index"},
    "assistant/llm/providers": {"boto3", "botocore", "httpx", "ollama"},
    "assistant/cli/find": {
        "assistant/conversation/turns",
        "assistant/llm/budget",
        "assistant/render/json",
        "assistant/render/text",
        "assistant/tracing",
        "kb/knowledge_base",
    },
    "assistant/cli/index": {
        "assistant/render/changes",
        "ingest/pipeline",
        "kb/changes",
        "kb/rollback",
        "tqdm",
    },
    "assistant/cli/reports": {"assistant/render/changes", "assistant/render/status", "kb/knowledge_base"},
    "assistant/cli/evaluate": {
        "assistant/conversation/turns",
        "assistant/render/metrics",
        "kb/evaluation",
        "kb/knowledge_base",
        "tqdm",
    },
    "assistant/cli/serve": {
        "assistant/mcp/http",
        "assistant/mcp/server",
        "assistant/pages/hosts",
        "assistant/tracing",
        "kb/storage/builds",
        "runpy",
    },
    "assistant/cli/feedback": {"assistant/feedback"},
}
VIEWS = {
    f"assistant/pages/{name}"
    for name in (
        "address",
        "ask/answer",
        "ask/filters",
        "ask/messages",
        "ask/thumbs",
        "ask/view",
        "browse/entry",
        "browse/view",
        "frame",
        "hosts",
        "index/builds",
        "index/view",
        "search",
        "shared",
        "views",
        "words",
    )
}
TORCH = {"kb/embedding/onnx_export", "kb/embedding/torch_encoder", "kb/training/adapter"}
# Objects of a library do not leave its home.
HOMES = {
    "altair": {"assistant/pages/browse/charts"},
    "boto3": {"assistant/llm/providers"},
    "botocore": {"assistant/llm/providers"},
    "bs4": {"ingest/readers/html"},
    "chromadb": {"kb/index/vector_store"},
    "httpcore2": {"ingest/fetch/network"},
    "httpx": {"assistant/llm/providers"},
    "httpx2": {"ingest/fetch/client", "ingest/fetch/response"},
    "huggingface_hub": {"kb/embedding/weights"},
    "ir_measures": {"kb/evaluation"},
    "llama_index": {"assistant/llamaindex", "assistant/llm/client"},
    "py3langid": {"assistant/answers/languages"},
    "rapidfuzz": {"kb/ranking/spelling"},
    "markdown_it": {"ingest/readers/markdown"},
    "mcp": {"assistant/mcp/http", "assistant/mcp/server"},
    "mcp_types": {"assistant/mcp/server", "assistant/mcp/tools"},
    "ollama": {"assistant/llm/providers"},
    "onnxruntime": {"kb/embedding/onnx_encoder"},
    "opentelemetry": {"assistant/tracing"},
    "peft": {"kb/training/adapter"},
    "scipy": {"kb/training/ranker"},
    "sentence_transformers": TORCH,
    "sklearn": {"kb/training/ranker"},
    "snowballstemmer": {"kb/text"},
    "starlette": {"assistant/pages/document", "assistant/pages/hosts"},
    "streamlit": {"streamlit_app", *VIEWS},
    "tenacity": {"ingest/fetch/retry"},
    "torch": TORCH,
    "transformers": {"kb/embedding/torch_encoder"},
    "uvicorn": {"assistant/mcp/http"},
    "yaml": {"ingest/catalogue/schema"},
}


def floors() -> list[str]:
    """The modules of the table, in order: "kb/embedding/encoder"."""
    lines = (line.split() for line in FLOORS.strip().splitlines())
    return [f"{folder}{name}".removeprefix("./") for folder, *names in lines for name in names]


MODULES = floors()


def imports(module: str, *, late: bool) -> Iterator[str]:
    """Imported modules of ours as in the table, others by top-level name; `late` are those in functions."""
    tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if (id(node) in inside) is late:
            if isinstance(node, ast.Import):
                yield from (_as_in_table(alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (_as_in_table(f"{node.module}.{alias.name}") for alias in node.names)


def _as_in_table(name: str) -> str:
    path = name.replace(".", "/")
    parent = path.rpartition("/")[0]
    candidates = (path, parent, f"{path}/__init__", f"{parent}/__init__")
    return next((one for one in candidates if one in MODULES), path.split("/")[0])


def all_imports(module: str) -> set[str]:
    return {*imports(module, late=False), *imports(module, late=True)}


def test_table_has_every_module_once() -> None:
    files = [path for package in FORBIDDEN for path in (ROOT / package).rglob("*.py")]
    names = {path.relative_to(ROOT).with_suffix("").as_posix() for path in files}
    # A package without code needs no floor; those with a public face import late (test_public_face.py).
    empty = {name for name in names if name.endswith("/__init__")} - set(MODULES)
    assert sorted(names - empty | {"streamlit_app"}) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_only_those_before_them(module: str) -> None:
    below = set(MODULES[: MODULES.index(module)])
    assert (all_imports(module) & set(MODULES)) - below == set()


@pytest.mark.parametrize("module", MODULES)
def test_packages_import_one_way(module: str) -> None:
    if not module.startswith(FRONT_ENDS):
        packages = {name.split("/")[0] for name in all_imports(module)}
        assert packages & FORBIDDEN[module.split("/")[0]] == set()


@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_a_front_end_imports_a_front_end(module: str) -> None:
    if not module.startswith(FRONT_ENDS):
        assert [name for name in all_imports(module) if name.startswith(FRONT_ENDS)] == []


@pytest.mark.parametrize("module", MODULES)
def test_late_imports_are_listed(module: str) -> None:
    assert set(imports(module, late=True)) == LATE.get(module, set())


@pytest.mark.parametrize("library", HOMES)
def test_library_is_imported_only_in_its_home(library: str) -> None:
    assert {module for module in MODULES if library in all_imports(module)} == HOMES[library]
