"""OpenTelemetry spans of answering a question, with the names of OpenInference.

ask (CHAIN)
├── retrieve (RETRIEVER)   the hits with their scores
├── select (CHAIN)         the composition of the extractive answer
├── generate (LLM)         the model and its tokens, if one is configured
└── check (GUARDRAIL)      the citations against the build

Spans are recorded with `GENLENS_TRACES`, or if the calling program has set a tracer provider; otherwise they
are no-ops. They contain ids and scores, and the text of questions, passages and answers only with
`GENLENS_TRACE_CONTENT`.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from kb.errors import GenlensError, SettingsError
from kb.ranking.search import Hit
from kb.settings import Settings, Traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span

# Seconds a command waits at its end for the collector.
MAX_WAIT = 1


class Name(StrEnum):
    """Attribute names, from https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md."""

    KIND = "openinference.span.kind"
    INPUT = "input.value"
    OUTPUT = "output.value"
    MODEL = "llm.model_name"
    PROMPT_TOKENS = "llm.token_count.prompt"
    COMPLETION_TOKENS = "llm.token_count.completion"
    TOTAL_TOKENS = "llm.token_count.total"
    DOCUMENTS = "retrieval.documents"
    DOCUMENT_ID = "document.id"
    DOCUMENT_SCORE = "document.score"
    DOCUMENT_CONTENT = "document.content"


class SpanKind(StrEnum):
    """The kinds of spans in OpenInference."""

    CHAIN = "CHAIN"
    RETRIEVER = "RETRIEVER"
    LLM = "LLM"
    GUARDRAIL = "GUARDRAIL"


class Step:
    """A running span."""

    def __init__(self, span: "Span") -> None:
        self._span = span

    def note(self, name: str, value: str | int | float | bool) -> None:
        """Record a fact: an id, a number, the name of a model; never the text of a user or a page."""
        self._span.set_attribute(name, value)

    def note_tokens(self, read: int, written: int) -> None:
        """Record the tokens a language model read and wrote."""
        self.note(Name.PROMPT_TOKENS, read)
        self.note(Name.COMPLETION_TOKENS, written)
        self.note(Name.TOTAL_TOKENS, read + written)

    def note_text(self, name: str, text: str) -> None:
        """Record text, if the settings allow it."""
        if _content:
            self._span.set_attribute(name, text)

    def note_hits(self, hits: Sequence[Hit]) -> None:
        """Record hits, best first."""
        for number, hit in enumerate(hits):
            place = f"{Name.DOCUMENTS}.{number}"
            self.note(f"{place}.{Name.DOCUMENT_ID}", hit.entry.id)
            self.note(f"{place}.{Name.DOCUMENT_SCORE}", hit.score)
            if hit.chunks:
                self.note_text(f"{place}.{Name.DOCUMENT_CONTENT}", hit.chunks[0].text)


# One per process, like the provider of OpenTelemetry.
_content = False


def start_tracing(settings: Settings) -> None:
    """Record spans from now on as the settings say; console spans go to stderr.

    :raises SettingsError: the OpenTelemetry SDK or its exporter is not installed.
    """
    global _content
    _content = settings.trace_content
    if settings.traces is Traces.OFF:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        processor = _processor(settings.traces)
    except ImportError as error:
        raise SettingsError(
            f"GENLENS_TRACES is {settings.traces}, but {error.name} is not installed; "
            "run: pip install 'genlens[tracing]'"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "genlens"}))
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)


def _processor(traces: Traces) -> "SpanProcessor":
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    if traces is Traces.CONSOLE:
        return SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr))
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    waits = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else MAX_WAIT
    return BatchSpanProcessor(OTLPSpanExporter(timeout=waits))


@contextmanager
def step(name: str, kind: SpanKind = SpanKind.CHAIN) -> Iterator[Step]:
    """A span around a block, below the current span.

    Of an error only the type is recorded: its text may contain what a user typed.
    """
    from opentelemetry import trace  # not at the top: a keyword search does without

    tracer = trace.get_tracer("genlens")
    with tracer.start_as_current_span(
        name, attributes={Name.KIND: kind}, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield Step(span)
        except GenlensError as error:
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
