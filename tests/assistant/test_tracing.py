"""Spans of questions, read from the SDK's in-memory exporter."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.homes import genlens

from assistant.generate import ask
from assistant.llamaindex import GenlensRetriever
from assistant.llm.budget import BudgetedModel
from assistant.llm.prompts import Prompt
from assistant.llm.responses import Piece
from assistant.tracing import start_tracing
from kb.errors import InputError, SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.settings import load_settings

QUESTION = "Does a narrow role keep an agent from deleting records?"
AGENT = "How do I keep an agent from taking actions it should not?"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """An exporter with the spans of the test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr("assistant.tracing._content", False)
    return exporter


def spans_by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def kinds(spans: InMemorySpanExporter) -> list[tuple[str, object]]:
    return [(span.name, attributes(span)["openinference.span.kind"]) for span in spans.get_finished_spans()]


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_question_has_four_spans(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    answer = ask(base, QUESTION)
    assert kinds(spans) == [
        ("retrieve", "RETRIEVER"),
        ("select", "CHAIN"),
        ("check", "GUARDRAIL"),
        ("ask", "CHAIN"),
    ]
    by_name = spans_by_name(spans)
    root = by_name["ask"].get_span_context()
    assert root is not None
    for name in ("retrieve", "select", "check"):
        parent = by_name[name].parent
        assert parent is not None
        assert parent.span_id == root.span_id
    assert attributes(by_name["ask"]) == {
        "openinference.span.kind": "CHAIN",
        "genlens.build": base.build,
        "genlens.covered": True,
        "genlens.cited": " ".join(passage.entry.id for passage in answer.citations),
    }


def test_retrieve_span_has_ids_and_scores(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    hits = base.retrieve(QUESTION).hits
    ask(base, QUESTION)
    expected: dict[str, object] = {"openinference.span.kind": "RETRIEVER"}
    for number, hit in enumerate(hits):
        expected[f"retrieval.documents.{number}.document.id"] = hit.entry.id
        expected[f"retrieval.documents.{number}.document.score"] = hit.score
    assert attributes(spans_by_name(spans)["retrieve"]) == expected


def test_content_is_recorded_only_on_request(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    ask(base, QUESTION)
    assert "narrow role" not in " ".join(span.to_json() for span in spans.get_finished_spans())
    spans.clear()
    start_tracing(load_settings(trace_content=True))
    ask(base, QUESTION)
    by_name = spans_by_name(spans)
    assert attributes(by_name["ask"])["input.value"] == QUESTION
    assert "A narrow role keeps an agent" in str(attributes(by_name["ask"])["output.value"])
    assert attributes(by_name["retrieve"])["input.value"] == QUESTION
    assert "narrow role" in str(attributes(by_name["retrieve"])["retrieval.documents.0.document.content"])


def test_failed_span_has_only_the_error_type(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    with pytest.raises(InputError):
        ask(base, "x" * 20_001)
    assert [(span.name, span.status.description) for span in spans.get_finished_spans()] == [
        ("retrieve", "InputError"),
        ("ask", "InputError"),
    ]
    assert not any(span.events for span in spans.get_finished_spans())


def test_llama_index_retriever_is_traced(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    GenlensRetriever(base).retrieve(QUESTION)
    assert kinds(spans) == [("retrieve", "RETRIEVER")]


class FixedModel:
    """A language model with one fixed response and token counts."""

    name = "ollama:scribe"

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        assert prompt.material
        assert max_tokens > 0
        yield Piece("A narrow role keeps an agent from deleting records. [GENSEC05-BP01]", 12, 5)


def test_generate_span_has_model_and_tokens(base: KnowledgeBase, spans: InMemorySpanExporter) -> None:
    answer = ask(base, QUESTION, model=BudgetedModel(FixedModel(), 8_000, 60_000))
    assert [passage.entry.id for passage in answer.citations] == ["GENSEC05-BP01"]
    assert [name for name, _ in kinds(spans)] == ["retrieve", "select", "check", "generate", "check", "ask"]
    by_name = spans_by_name(spans)
    parent, root = by_name["generate"].parent, by_name["ask"].get_span_context()
    assert parent is not None
    assert root is not None
    assert parent.span_id == root.span_id
    assert attributes(by_name["generate"]) == {
        "openinference.span.kind": "LLM",
        "llm.model_name": "ollama:scribe",
        "llm.token_count.prompt": 12,
        "llm.token_count.completion": 5,
        "llm.token_count.total": 17,
    }
    assert attributes(by_name["ask"])["genlens.cited"] == "GENSEC05-BP01"


def test_tracing_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    providers: list[TracerProvider] = []
    monkeypatch.setattr(trace, "set_tracer_provider", providers.append)
    start_tracing(load_settings())
    assert providers == []
    start_tracing(load_settings(traces="otlp"))
    (provider,) = providers
    assert provider.resource.attributes["service.name"] == "genlens"
    provider.shutdown()


def test_missing_package_names_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(
        SettingsError, match=r"GENLENS_TRACES is console, .* pip install 'genlens\[tracing\]'"
    ):
        start_tracing(load_settings(traces="console"))


@pytest.mark.parametrize("content", ["false", "true"])
def test_console_spans_go_to_stderr(catalogue_home: Path, content: str) -> None:
    done = genlens(
        "ask",
        AGENT,
        "--json",
        home=catalogue_home,
        GENLENS_TRACES="console",
        GENLENS_TRACE_CONTENT=content,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["covered"] is True
    assert '"openinference.span.kind": "RETRIEVER"' in done.stderr
    assert ("taking actions" in done.stderr) is (content == "true")


class _Collector(TraceServiceServicer):
    """Collects the names of received spans."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def Export(  # noqa: N802 - the protocol's name
        self, request: ExportTraceServiceRequest, _context: object
    ) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            self.names += [span.name for scope in resource.scope_spans for span in scope.spans]
        return ExportTraceServiceResponse()


def test_spans_reach_a_collector(catalogue_home: Path) -> None:
    collector, server = _Collector(), grpc.server(ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        done = genlens(
            "ask",
            AGENT,
            home=catalogue_home,
            GENLENS_TRACES="otlp",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
        )
    finally:
        server.stop(None).wait()
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(collector.names) == ["ask", "check", "retrieve", "select"]


def test_unreachable_collector_does_not_stop_the_answer(catalogue_home: Path) -> None:
    done = genlens(
        "ask",
        AGENT,
        home=catalogue_home,
        GENLENS_TRACES="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 0
    assert "GENSEC05-BP01" in done.stdout
    assert "Failed to export traces" in done.stderr
