"""Language models through LlamaIndex's packages, which are extras: opened when first asked, bounded in time.

Whatever a model's package or server does wrong ends as one short reason. The reason is in our own words:
what a server writes into an error never reaches a reader.
"""

import importlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.prompts import Prompt
from kb.errors import GenlensError, SettingsError
from kb.settings import LLM_FORMS, Settings
from kb.text import clean

TRIES = 3
PAUSE = 0.5  # seconds before the second try; doubled before the third
GRACE = 0.5  # seconds for a stream to end by itself before its connection is cut
# These write requests, with the question in them, into their logs.
_TALKATIVE = ("openai", "anthropic", "botocore", "httpx", "httpcore")


class LanguageModelError(GenlensError):
    """A language model gave nothing that can be used; the text is the reason, as the end of a sentence."""


class OverloadedError(LanguageModelError):
    """The server asks to come back later: status 429, or 500 and above. `wait` is in seconds, or None."""

    def __init__(self, status: int, wait: float | None) -> None:
        super().__init__(f"its server answered with status {status}")
        self.wait = wait


class MissingExtraError(SettingsError):
    """The package of the model that is set is not installed, or its key is not there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words as they arrive; `read` and `written` are the tokens counted by the server, or 0."""

    text: str
    read: int = 0
    written: int = 0


class LanguageModel(Protocol):
    """What words answers."""

    @property
    def name(self) -> str:
        """PROVIDER:MODEL, without an address."""

    def stream(self, prompt: Prompt, most: int) -> Iterator[Piece]:
        """What the model answers, at most about `most` tokens.

        :raises LanguageModelError: it does not answer whole and in time.
        """


Close = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Provider:
    """Where a provider's class is, and which variable holds its key (none, or one that is not needed)."""

    module: str
    kind: str
    key: str = ""
    needs_key: bool = False


_PROVIDERS = {
    "openai": _Provider("llama_index.llms.openai", "OpenAI", "OPENAI_API_KEY", needs_key=True),
    # Not OpenAI's own key, which is nobody else's business.
    "openai-like": _Provider("llama_index.llms.openai_like", "OpenAILike", "OPENAI_LIKE_API_KEY"),
    "anthropic": _Provider("llama_index.llms.anthropic", "Anthropic", "ANTHROPIC_API_KEY", needs_key=True),
    "bedrock": _Provider("llama_index.llms.bedrock_converse", "BedrockConverse"),
    "ollama": _Provider("llama_index.llms.ollama", "Ollama"),
}


def open_model(settings: Settings) -> LanguageModel:
    """The language model of the settings; nothing is sent yet.

    :raises SettingsError: none is set.
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
    for logger in _TALKATIVE:
        logging.getLogger(logger).setLevel(logging.WARNING)
    opened = _OPENERS[name](kind, model, key, address)
    return BoundedModel(f"{name}:{model}", opened, settings.llm_timeout, secret=key)


class BoundedModel:
    """A LlamaIndex chat model that has a limited time for each answer, repeated tries included."""

    def __init__(
        self,
        name: str,
        opened: Callable[[float, int], tuple[Any, Close]],
        timeout: float,
        secret: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`opened` makes a model, for so many seconds and tokens, and what ends its connections.

        `secret` is the key that is sent with a question: a response that repeats it is refused, because a
        page may have other readers than the key's owner.
        """
        self.name = name
        self._opened, self._timeout, self._secret, self._sleep = opened, timeout, secret, sleep

    def stream(self, prompt: Prompt, most: int) -> Iterator[Piece]:
        """What the model answers; a server that is busy is asked again while nothing has been written.

        :raises LanguageModelError: it does not answer whole and in time.
        """
        deadline = time.monotonic() + self._timeout
        for number in range(1, TRIES + 1):
            said = ""
            try:
                for piece in self._once(prompt, most, deadline):
                    said += piece.text
                    if self._secret and self._secret in clean(
                        said[-len(piece.text) - 2 * len(self._secret) :]
                    ):
                        raise LanguageModelError("it repeated its key")
                    yield piece
            except OverloadedError as error:
                pause = PAUSE * 2 ** (number - 1) if error.wait is None else error.wait
                if said or number == TRIES or time.monotonic() + pause >= deadline:
                    raise
                self._sleep(pause)
            else:
                return

    def _once(self, prompt: Prompt, most: int, deadline: float) -> Iterator[Piece]:
        """One try. The model works in a thread of its own, because a server can drip bytes for ever."""
        from llama_index.core.llms import ChatMessage

        messages = [
            ChatMessage(role="system", content=prompt.instructions),
            ChatMessage(role="user", content=prompt.material),
        ]
        worker = ThreadPoolExecutor(1, thread_name_prefix="language-model")
        close: list[Close] = []
        responses: Any = None

        def begin() -> Any:  # noqa: ANN401 - an iterator of LlamaIndex
            model, end = self._opened(self._timeout, most)
            close.append(end)
            return iter(model.stream_chat(messages))

        try:
            responses = self._result(worker.submit(begin), deadline)
            while (response := self._result(worker.submit(next, responses, None), deadline)) is not None:
                yield _piece(response)
        finally:
            if responses is not None:
                wait([worker.submit(responses.close)], GRACE)
            for end in close:  # which breaks a read that has not come back by now
                end()
            worker.shutdown(wait=False)

    def _result(self, future: "Future[Any]", deadline: float) -> Any:  # noqa: ANN401 - of LlamaIndex
        """What a piece of work gave; whatever it raised becomes one of our own errors."""
        try:
            error = future.exception(timeout=max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise LanguageModelError(f"it did not finish within {self._timeout:g} seconds") from None
        if error is None:
            return future.result()
        if not isinstance(error, Exception):
            raise error
        raise _translated(error, self._timeout) from error


def _piece(response: Any) -> Piece:  # noqa: ANN401 - a ChatResponse of LlamaIndex
    counted = response.additional_kwargs or {}
    read, written = (counted.get(name) for name in ("prompt_tokens", "completion_tokens"))
    text = response.delta if isinstance(response.delta, str) else ""
    if isinstance(read, int) and isinstance(written, int) and min(read, written) >= 0:
        return Piece(text, read, written)
    return Piece(text)


def _translated(error: Exception, timeout: float) -> LanguageModelError:
    """The reason for an error of any of the packages, told by its status or by what it is called."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if isinstance(response, dict):  # botocore's
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if isinstance(status, int):
        if status == 429 or status >= 500:
            return OverloadedError(status, _retry_after(response))
        return LanguageModelError(f"its server refused with status {status}")
    kind = type(error).__name__
    if "Timeout" in kind:
        return LanguageModelError(f"it did not finish within {timeout:g} seconds")
    if "Connect" in kind:
        return LanguageModelError("its server cannot be reached, or ended the connection")
    return LanguageModelError(f"what its server sent cannot be read ({kind})")


def _retry_after(response: object) -> float | None:
    headers = getattr(response, "headers", None) or {}
    text = str(headers.get("retry-after", ""))
    return float(text) if text.isascii() and text.isdigit() else None


def _openai(kind: Any, model: str, key: str, address: str) -> Callable[[float, int], tuple[Any, Close]]:  # noqa: ANN401
    """OpenAI and servers that speak its protocol; a redirect is not followed, as the key would go with it."""
    own = {"api_base": address, "is_chat_model": True} if address else {}

    def opened(timeout: float, most: int) -> tuple[Any, Close]:
        import httpx  # comes with the package of the model

        client = httpx.Client(timeout=timeout)
        llm = kind(
            model=model,
            api_key=key or "none",
            http_client=client,
            timeout=timeout,
            max_retries=0,
            max_tokens=most,
            temperature=0.0,
            additional_kwargs={"stream_options": {"include_usage": True}},
            **own,
        )
        return llm, client.close

    return opened


def _anthropic(kind: Any, model: str, key: str, _address: str) -> Callable[[float, int], tuple[Any, Close]]:  # noqa: ANN401
    def opened(timeout: float, most: int) -> tuple[Any, Close]:
        llm = kind(model=model, api_key=key, timeout=timeout, max_retries=0, max_tokens=most, temperature=0.0)
        return llm, lambda: None

    return opened


def _bedrock(kind: Any, model: str, _key: str, _address: str) -> Callable[[float, int], tuple[Any, Close]]:  # noqa: ANN401
    """Credentials and Region are those that boto3 finds."""

    def opened(timeout: float, most: int) -> tuple[Any, Close]:
        # LlamaIndex wants at least one try.
        return kind(
            model=model, timeout=timeout, max_retries=1, max_tokens=most, temperature=0.0
        ), lambda: None

    return opened


def _ollama(kind: Any, model: str, _key: str, _address: str) -> Callable[[float, int], tuple[Any, Close]]:  # noqa: ANN401
    def opened(timeout: float, most: int) -> tuple[Any, Close]:
        # A window that is given is not asked for first.
        llm = kind(
            model=model,
            request_timeout=timeout,
            temperature=0.0,
            context_window=16_384,
            additional_kwargs={"num_predict": most},
        )
        return llm, llm.client.close

    return opened


_OPENERS = {
    "openai": _openai,
    "openai-like": _openai,
    "anthropic": _anthropic,
    "bedrock": _bedrock,
    "ollama": _ollama,
}
