"""Spans of what happens to a question, in the words of OpenInference.

ask (CHAIN)
├── retrieve (RETRIEVER)   the entries found, with their scores
├── select (CHAIN)         the passages chosen
├── generate (LLM)         the model and its tokens, where there is one
└── check (GUARDRAIL)      the citations held against the build

Spans are recorded where `GENLENS_TRACES` says so, or where a program that uses genlens has set a tracer
provider of its own; otherwise they cost nothing. Ids and scores are recorded, but no words of questions,
passages or answers unless `GENLENS_TRACE_CONTENT` asks for them.
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

# Seconds that a command waits at its end for a collector to take the spans.
MOST_WAIT = 1


class Name(StrEnum):
    """Names of attributes, from https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md."""

    KIND = "openinference.span.kind"
    INPUT = "input.value"
    OUTPUT = "output.value"
    METADATA = "metadata"
    MODEL = "llm.model_name"
    PROMPT_TOKENS = "llm.token_count.prompt"
    COMPLETION_TOKENS = "llm.token_count.completion"
    TOTAL_TOKENS = "llm.token_count.total"
    DOCUMENTS = "retrieval.documents"
    DOCUMENT_ID = "document.id"
    DOCUMENT_SCORE = "document.score"
    DOCUMENT_CONTENT = "document.content"


class SpanKind(StrEnum):
    """What a span is, as OpenInference calls it."""

    CHAIN = "CHAIN"
    RETRIEVER = "RETRIEVER"
    LLM = "LLM"
    GUARDRAIL = "GUARDRAIL"


class Step:
    """A span under way."""

    def __init__(self, span: "Span") -> None:
        self.span = span

    @contextmanager
    def around(self) -> Iterator[None]:
        """Make it the parent of the steps in a block; one that yields to its caller names it instead."""
        from opentelemetry import trace

        with trace.use_span(self.span, record_exception=False, set_status_on_exception=False):
            yield

    def note(self, name: str, value: str | int | float | bool) -> None:
        """Record a fact: an id, a number, a name of a model; never words of a user or a page."""
        self.span.set_attribute(name, value)

    def note_tokens(self, read: int, written: int) -> None:
        """Record what a language model read and wrote."""
        self.note(Name.PROMPT_TOKENS, read)
        self.note(Name.COMPLETION_TOKENS, written)
        self.note(Name.TOTAL_TOKENS, read + written)

    def note_text(self, name: str, text: str) -> None:
        """Record words, where the settings ask for them."""
        if _content:
            self.span.set_attribute(name, text)

    def note_hits(self, hits: Sequence[Hit]) -> None:
        """Record what was found, best first."""
        for number, hit in enumerate(hits):
            place = f"{Name.DOCUMENTS}.{number}"
            self.note(f"{place}.{Name.DOCUMENT_ID}", hit.entry.id)
            self.note(f"{place}.{Name.DOCUMENT_SCORE}", hit.score)
            if hit.chunks:
                self.note_text(f"{place}.{Name.DOCUMENT_CONTENT}", hit.chunks[0].text)


# One for a process, as OpenTelemetry's provider is.
_content = False


def start_tracing(settings: Settings) -> None:
    """Record spans from now on as the settings say; spans for the console go to stderr.

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

    waits = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else MOST_WAIT
    return BatchSpanProcessor(OTLPSpanExporter(timeout=waits))


@contextmanager
def step(name: str, kind: SpanKind = SpanKind.CHAIN, within: Step | None = None) -> Iterator[Step]:
    """A span around a block, within another one or the current one.

    Of an error that ends the block its type alone is recorded: its text can hold what a user typed.
    """
    from opentelemetry import trace  # not at the top: a keyword search needs none of it

    context = trace.set_span_in_context(within.span) if within else None
    span = trace.get_tracer("genlens").start_span(name, context, attributes={Name.KIND: kind})
    try:
        yield Step(span)
    except GenlensError as error:
        span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        span.end()
