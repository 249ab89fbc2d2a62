"""Streaming protocols of language model servers, as documented by the providers."""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

ANTHROPIC_REASONS = {"stop": "end_turn", "length": "max_tokens", "filter": "refusal"}
BEDROCK_REASONS = {"stop": "end_turn", "length": "max_tokens", "filter": "guardrail_intervened"}
Usage = tuple[int, int] | None
"""The tokens read and written, if the server counts them."""


class OpenAIProtocol:
    """Server-sent events of chat completions: /v1/chat/completions."""

    content_type = "text/event-stream"

    def begin(self) -> bytes:
        return b""

    def piece(self, text: str) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        return self._event(choices=[choice])

    def end(self, stop: str, usage: Usage) -> bytes:
        reason = "content_filter" if stop == "filter" else stop
        last = self._event(choices=[{"index": 0, "delta": {}, "finish_reason": reason}])
        if usage:
            read, written = usage
            counted = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
            last += self._event(choices=[], usage=counted)
        return last + b"data: [DONE]\n\n"

    def silence(self) -> Iterator[bytes]:
        return repeat(b":")

    def failure(self) -> bytes:
        return b'data: {"error": {"message": "SECRET WORDS", "type": "server_error"}}\n\n'

    def _event(self, **more: object) -> bytes:
        record = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        return f"data: {json.dumps(record | more)}\n\n".encode()


class AnthropicProtocol:
    """Server-sent events of messages: /v1/messages."""

    content_type = "text/event-stream"

    def begin(self) -> bytes:
        message = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "words",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        block = {"type": "text", "text": ""}
        return self._event("message_start", message=message) + self._event(
            "content_block_start", index=0, content_block=block
        )

    def piece(self, text: str) -> bytes:
        return self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def end(self, stop: str, usage: Usage) -> bytes:
        counted = {"input_tokens": usage[0], "output_tokens": usage[1]} if usage else {"output_tokens": 1}
        delta = {"stop_reason": ANTHROPIC_REASONS[stop], "stop_sequence": None}
        return (
            self._event("content_block_stop", index=0)
            + self._event("message_delta", delta=delta, usage=counted)
            + self._event("message_stop")
        )

    def silence(self) -> Iterator[bytes]:
        return repeat(b":")

    def failure(self) -> bytes:
        return self._event("error", error={"type": "overloaded_error", "message": "SECRET WORDS"})

    def _event(self, kind: str, **more: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind} | more)}\n\n".encode()


class BedrockProtocol:
    """Amazon's binary event stream of ConverseStream: /model/NAME/converse-stream."""

    content_type = "application/vnd.amazon.eventstream"

    def begin(self) -> bytes:
        return self._event("messageStart", {"role": "assistant"})

    def piece(self, text: str) -> bytes:
        return self._event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})

    def end(self, stop: str, usage: Usage) -> bytes:
        read, written = usage or (0, 0)
        counted = {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
        reason = BEDROCK_REASONS[stop]
        return self._event("messageStop", {"stopReason": reason}) + self._event(
            "metadata", {"usage": counted, "metrics": {"latencyMs": 1}}
        )

    def silence(self) -> Iterator[bytes]:
        """A message that never ends."""
        prelude = struct.pack(">II", 1_000_000, 900_000)
        return chain([prelude + struct.pack(">I", zlib.crc32(prelude))], repeat(b"\0"))

    def failure(self) -> bytes:
        body = {"message": "SECRET WORDS"}
        return self._message({":message-type": "exception", ":exception-type": "throttlingException"}, body)

    def _event(self, kind: str, body: object) -> bytes:
        return self._message({":message-type": "event", ":event-type": kind}, body)

    def _message(self, names: dict[str, str], body: object) -> bytes:
        """Lengths and checksum, text headers (type 7), the body, and a checksum of the message."""
        headers = b"".join(
            bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
            for name, value in {**names, ":content-type": "application/json"}.items()
        )
        payload = json.dumps(body).encode()
        prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
        message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
        return message + struct.pack(">I", zlib.crc32(message))


class OllamaProtocol:
    """Lines of JSON: /api/chat."""

    content_type = "application/x-ndjson"

    def begin(self) -> bytes:
        return b""

    def piece(self, text: str) -> bytes:
        return self._line(message={"role": "assistant", "content": text}, done=False)

    def end(self, stop: str, usage: Usage) -> bytes:
        counted = {"prompt_eval_count": usage[0], "eval_count": usage[1]} if usage else {}
        message = {"role": "assistant", "content": ""}
        return self._line(message=message, done=True, done_reason=stop, **counted)

    def silence(self) -> Iterator[bytes]:
        return repeat(b" ")

    def failure(self) -> bytes:
        return b'{"error": "SECRET WORDS"}\n'

    def _line(self, **more: object) -> bytes:
        return json.dumps({"model": "words", "created_at": "2026-01-01T00:00:00Z"} | more).encode() + b"\n"


Protocol = OpenAIProtocol | AnthropicProtocol | BedrockProtocol | OllamaProtocol


def protocol_of(path: str) -> Protocol:
    """The protocol of a path."""
    if path.endswith("/messages"):
        return AnthropicProtocol()
    if path.endswith("/converse-stream"):
        return BedrockProtocol()
    return OllamaProtocol() if path.endswith("/api/chat") else OpenAIProtocol()


@dataclass(frozen=True)
class Provider:
    """A provider: its setting, the environment for a server at ADDRESS, and the path of its requests."""

    setting: str
    environment: dict[str, str]
    path: str


PROVIDERS = {
    "openai": Provider(
        "openai:gpt-4o-mini",
        {"OPENAI_API_BASE": "ADDRESS/v1", "OPENAI_API_KEY": "key-of-openai"},
        "/v1/chat/completions",
    ),
    "openai-like": Provider("openai-like:words@ADDRESS/v1", {}, "/v1/chat/completions"),
    "anthropic": Provider(
        "anthropic:claude-sonnet-4-5",
        {"ANTHROPIC_BASE_URL": "ADDRESS", "ANTHROPIC_API_KEY": "key-of-anthropic"},
        "/v1/messages",
    ),
    "bedrock": Provider(
        "bedrock:amazon.nova-lite-v1:0",
        {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "ADDRESS",
            "AWS_ACCESS_KEY_ID": "key-id",
            "AWS_SECRET_ACCESS_KEY": "key-of-aws",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "none",
            "AWS_SHARED_CREDENTIALS_FILE": "none",
        },
        "/model/amazon.nova-lite-v1%3A0/converse-stream",
    ),
    "ollama": Provider("ollama:llama3.1:8b", {"OLLAMA_HOST": "ADDRESS"}, "/api/chat"),
}
