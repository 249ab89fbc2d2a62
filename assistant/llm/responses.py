"""Responses of chat models: their text, why they ended, and their counts of tokens."""

from dataclasses import dataclass
from typing import Any

# Why a response ended before the model was done, by the names of all providers.
_LIMIT, _FILTER = "its answer was cut off at the limit of tokens", "a content filter stopped its answer"
CUT_OFF = {
    **dict.fromkeys(("length", "max_tokens", "model_context_window_exceeded"), _LIMIT),
    **dict.fromkeys(("content_filter", "content_filtered", "guardrail_intervened", "refusal"), _FILTER),
}
"""The reasons, as ends of a sentence, by the names that the providers give them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a streamed response; `read` and `written` are tokens counted by the server, or 0."""

    text: str
    read: int = 0
    written: int = 0


def piece_of(response: Any) -> Piece:  # noqa: ANN401 - a ChatResponse of LlamaIndex
    """The piece of text of a response, with its counts of tokens."""
    text = response.delta if isinstance(response.delta, str) else ""
    # JSON may have half a character (a lone surrogate), which cannot be written to a file or a page.
    return Piece(text.encode(errors="ignore").decode(), *_counts(response))


def stop_reason(response: Any) -> str:  # noqa: ANN401 - a ChatResponse of LlamaIndex
    """The reason why the model stopped; empty before the end. The packages differ in place and names."""
    raw = response.raw
    if choices := getattr(raw, "choices", None):  # OpenAI
        return str(choices[0].finish_reason or "")
    anthropic = response.message.additional_kwargs.get("stop_reason")
    fields = _fields(raw)
    bedrock = _fields(fields.get("metadata")).get("stopReason")
    ollama = fields.get("done_reason") or ("stop" if fields.get("done") else "")
    return str(anthropic or bedrock or ollama)


def _counts(response: Any) -> tuple[int, int]:  # noqa: ANN401 - a ChatResponse of LlamaIndex
    """The tokens read and written; the packages differ in place and names."""
    openai_and_bedrock, ollama = response.additional_kwargs, _fields(response.raw).get("usage")
    anthropic = response.message.additional_kwargs.get("usage")
    for counted in map(_fields, (openai_and_bedrock, anthropic, ollama)):
        read = counted.get("prompt_tokens", counted.get("input_tokens"))
        written = counted.get("completion_tokens", counted.get("output_tokens"))
        if isinstance(read, int) and isinstance(written, int) and min(read, written) >= 0:
            return read, written
    return 0, 0


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a response
    """The fields of an object in a response; none if a server sends anything else there."""
    return value if isinstance(value, dict) else {}
