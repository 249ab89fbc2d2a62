"""Imports point one way, and each library has one home."""

import ast

import pytest
from support.homes import ROOT

OURS = {"kb", "ingest", "assistant"}
# The front ends are the only ones that see both sides, and nobody imports them.
FRONT_ENDS = (
    "assistant/cli/",
    "assistant/pages/",
    "assistant/mcp/",
    "streamlit_app.py",
)
ALLOWED = {"kb": {"kb"}, "ingest": {"kb", "ingest"}, "assistant": {"kb", "assistant"}}
PAGES = {
    f"assistant/pages/{name}.py"
    for name in (
        "ask/answer",
        "ask/messages",
        "ask/thumbs",
        "ask/view",
        "browse/entry",
        "browse/view",
        "frame",
        "index/builds",
        "index/view",
        "search",
        "shared",
        "words",
    )
}
HOMES = {
    "altair": {"assistant/pages/browse/charts.py"},
    "chromadb": {"kb/index/vector_store.py"},
    "llama_index": {"assistant/llm/client.py", "assistant/query_engine.py", "assistant/llamaindex.py"},
    "httpx": {"assistant/llm/providers.py"},
    "boto3": {"assistant/llm/providers.py"},
    "botocore": {"assistant/llm/providers.py"},
    "ollama": {"assistant/llm/providers.py"},
    "onnxruntime": {"kb/embedding/onnx_encoder.py"},
    "torch": {"kb/embedding/onnx_export.py", "kb/embedding/torch_encoder.py", "kb/training/adapter.py"},
    "sentence_transformers": {
        "kb/embedding/onnx_export.py",
        "kb/embedding/torch_encoder.py",
        "kb/training/adapter.py",
    },
    "peft": {"kb/training/adapter.py"},
    "transformers": {"kb/embedding/torch_encoder.py"},
    "bs4": {"ingest/readers/html.py"},
    "markdown_it": {"ingest/readers/markdown.py"},
    "httpx2": {"ingest/fetch/client.py", "ingest/fetch/response.py"},
    "httpcore2": {"ingest/fetch/network.py"},
    "tenacity": {"ingest/fetch/retry.py"},
    "yaml": {"ingest/catalogue/schema.py"},
    "snowballstemmer": {"kb/text.py"},
    "scipy": {"kb/training/ranker.py"},
    "streamlit": {"streamlit_app.py", *PAGES},
    "mcp": {"assistant/mcp/server.py"},
    "mcp_types": {"assistant/mcp/server.py", "assistant/mcp/tools.py"},
    "uvicorn": {"assistant/mcp/server.py"},
    "opentelemetry": {"assistant/tracing.py"},
}


def modules() -> list[str]:
    found = [p.relative_to(ROOT).as_posix() for name in OURS for p in (ROOT / name).rglob("*.py")]
    return sorted([*found, "streamlit_app.py"])


def names(module: str) -> set[str]:
    """Dotted names of what a module imports."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def imported(module: str) -> set[str]:
    return {name.split(".")[0] for name in names(module)}


@pytest.mark.parametrize("module", modules())
def test_packages_import_one_way(module: str) -> None:
    if not module.startswith(FRONT_ENDS):
        package = module.split("/")[0]
        assert imported(module) & OURS <= ALLOWED[package]
        assert not [name for name in names(module) if f"{name.replace('.', '/')}/".startswith(FRONT_ENDS)]


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_home_alone(library: str) -> None:
    assert {module for module in modules() if library in imported(module)} == HOMES[library]
