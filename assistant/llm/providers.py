"""The providers of language models, each through its LlamaIndex package; all packages are extras.

Every model is opened with one try, no redirects (they would carry the key along), temperature 0, a time
limit, a token limit, and a way to close its connections.
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from assistant.llm.client import LanguageModel, LlmClient, Opened
from kb.errors import SettingsError
from kb.settings import LLM_FORMS, Settings

# These libraries log requests, question included.
_VERBOSE_LOGGERS = ("openai", "anthropic", "botocore", "urllib3", "httpx", "httpcore")
# Tokens: with a given window, LlamaIndex does not ask Ollama for it.
_WINDOW = 16_384


class MissingExtraError(SettingsError):
    """The package of the configured model is not installed, or its key is missing."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The class of a model, its name, its API key, and its address if it has its own."""

    kind: Any
    model: str
    key: str
    address: str


Opener = Callable[[_Named, float, int], Opened]
"""Makes a model for a timeout in seconds and a number of tokens."""


def _openai(named: _Named, timeout: float, max_tokens: int) -> Opened:
    """OpenAI, and servers with its protocol."""
    import httpx  # comes with the package

    own = {"api_base": named.address, "is_chat_model": True} if named.address else {}
    client = httpx.Client(timeout=timeout)
    llm = named.kind(
        model=named.model,
        api_key=named.key or "none",
        http_client=client,
        timeout=timeout,
        max_retries=0,
        max_tokens=max_tokens,
        temperature=0.0,
        additional_kwargs={"stream_options": {"include_usage": True}},
        **own,
    )
    return llm, client.close


def _anthropic(named: _Named, timeout: float, max_tokens: int) -> Opened:
    import httpx  # comes with the package

    llm = named.kind(
        model=named.model,
        api_key=named.key,
        timeout=timeout,
        max_retries=0,
        max_tokens=max_tokens,
        temperature=0.0,
    )
    # LlamaIndex takes no HTTP client, and Anthropic's default one follows redirects.
    llm._client.close()
    llm._client = llm._client.copy(http_client=httpx.Client(timeout=timeout))
    return llm, llm._client.close


def _bedrock(named: _Named, timeout: float, max_tokens: int) -> Opened:
    """Credentials and profile come from boto3; the Region too, or from AWS_REGION, which boto3 ignores."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=timeout, read_timeout=timeout)
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    client = _Converse(session.client("bedrock-runtime", config=config))
    llm = named.kind(model=named.model, client=client, max_retries=1, max_tokens=max_tokens, temperature=0.0)
    return llm, client.close


class _Converse:
    """A Bedrock client that closes its streams; LlamaIndex leaves them open."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3 makes the class at run time
        self.exceptions = client.exceptions
        self._client = client
        self._streams: list[Any] = []

    def converse_stream(self, **asked: object) -> Any:  # noqa: ANN401 - a response of boto3
        response = self._client.converse_stream(**asked)
        self._streams.append(response["stream"])
        return response | {"stream": _with_reason(response["stream"])}

    def close(self) -> None:
        for stream in self._streams:
            # Closing waits for a running read; botocore cannot interrupt it.
            with suppress(ValueError, RuntimeError):  # urllib3: the connection has ended
                stream._raw_stream.shutdown()
            stream.close()
        self._client.close()


def _with_reason(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of a stream, the last one with the reason of the end, which LlamaIndex leaves out."""
    reason = ""
    for event in events:
        reason = event.get("messageStop", {}).get("stopReason", reason)
        if "metadata" in event:
            yield event | {"metadata": event["metadata"] | {"stopReason": reason}}
        else:
            yield event


def _ollama(named: _Named, timeout: float, max_tokens: int) -> Opened:
    """The server of OLLAMA_HOST, without thinking: it would use up the time."""
    import ollama

    client = ollama.Client(timeout=timeout, follow_redirects=False)
    llm = named.kind(
        model=named.model,
        client=client,
        temperature=0.0,
        context_window=_WINDOW,
        thinking=False,
        additional_kwargs={"num_predict": max_tokens},
    )
    return llm, client.close


@dataclass(frozen=True, slots=True)
class _Provider:
    """The class of a provider, its opener, and the environment variable of its key, if it has one."""

    module: str
    kind: str
    open: Opener
    key: str = ""
    needs_key: bool = False


_PROVIDERS = {
    "openai": _Provider("llama_index.llms.openai", "OpenAI", _openai, "OPENAI_API_KEY", needs_key=True),
    # Not OPENAI_API_KEY: that key must not go to other servers.
    "openai-like": _Provider("llama_index.llms.openai_like", "OpenAILike", _openai, "OPENAI_LIKE_API_KEY"),
    "anthropic": _Provider(
        "llama_index.llms.anthropic", "Anthropic", _anthropic, "ANTHROPIC_API_KEY", needs_key=True
    ),
    "bedrock": _Provider("llama_index.llms.bedrock_converse", "BedrockConverse", _bedrock),
    "ollama": _Provider("llama_index.llms.ollama", "Ollama", _ollama),
}


def open_model(settings: Settings) -> LanguageModel:
    """The configured language model; nothing is sent yet.

    :raises SettingsError: no model is set.
    :raises MissingExtraError: its package is not installed or its key is not in the environment.
    """
    if settings.llm is None:
        raise SettingsError(f"no language model is set; set GENLENS_LLM to {LLM_FORMS}")
    name, _, rest = settings.llm.partition(":")
    model, _, address = rest.partition("@")
    provider = _PROVIDERS[name]
    try:
        kind = getattr(importlib.import_module(provider.module), provider.kind)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"GENLENS_LLM is {name}:{model}, whose package is not installed; "
            f"install it with: pip install 'genlens[{name}]'"
        ) from error
    key = os.environ.get(provider.key, "") if provider.key else ""
    if provider.needs_key and not key:
        raise MissingExtraError(f"GENLENS_LLM is {name}:{model}, which needs a key; set {provider.key}")
    for logger in _VERBOSE_LOGGERS:
        logging.getLogger(logger).setLevel(logging.WARNING)
    named = _Named(kind, model, key, address)
    return LlmClient(
        f"{name}:{model}",
        lambda timeout, max_tokens: provider.open(named, timeout, max_tokens),
        settings.llm_timeout,
        secret=key,
    )
