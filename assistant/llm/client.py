"""The client of a language model: a LlamaIndex chat model with a deadline and retries.

Every failure of a package or a server becomes one short reason in our own words: text of a server's error
never reaches a reader.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from assistant.llm.prompts import Prompt
from assistant.llm.responses import CUT_OFF, Piece, piece_of, stop_reason
from kb.errors import GenlensError
from kb.text import clean

TRIES = 3
PAUSE = 0.5  # seconds before the second try, doubled before the third
GRACE = 0.5  # seconds for a stream to close before its connection is cut

# The usual reason behind a status, for a reader who has just configured a model.
_MEANING = {
    401: " (its key is missing or wrong)",
    403: " (its key may not use the model)",
    404: " (it has no such model)",
}
# An error in mid-stream: the names of OpenAI and botocore, the status of Anthropic (that of the stream) and
# of Ollama (none).
_BROKEN_OFF = ("APIError", "EventStreamError", 200, -1)
_AWS = {
    "NoCredentialsError": "no AWS credentials were found; set AWS_PROFILE, or sign in with: aws login",
    "PartialCredentialsError": "the AWS credentials are incomplete; set AWS_PROFILE or AWS_SECRET_ACCESS_KEY",
    "UnauthorizedSSOTokenError": "the AWS sign-in has ended; sign in again with: aws sso login",
    "TokenRetrievalError": "the AWS sign-in has ended; sign in again with: aws sso login",
    "NoRegionError": "no AWS Region is set; set AWS_REGION",
    "ProfileNotFound": "the AWS profile is not configured; check AWS_PROFILE",
}


class LanguageModelError(GenlensError):
    """A language model gave no usable response; the text is the reason, as the end of a sentence."""


class ServerBusyError(LanguageModelError):
    """The server may answer later; `wait` is its Retry-After in seconds, or None."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class LanguageModel(Protocol):
    """A chat model that writes answers."""

    @property
    def name(self) -> str:
        """PROVIDER:MODEL, without an address."""

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """The response in pieces, of about `max_tokens` tokens at most.

        :raises LanguageModelError: the response is incomplete, cut off or late.
        """


Close = Callable[[], None]
Opened = tuple[Any, Close]
"""A chat model of LlamaIndex, and a function that closes its connections, even during a read."""


class _Stream:
    """The response of a model that is opened for it."""

    def __init__(self, opened: Callable[[], Opened]) -> None:
        self._opened = opened
        self._close: list[Close] = []
        self._responses: Any = None

    def begin(self, prompt: Prompt) -> None:
        """Open the model, and ask it."""
        from llama_index.core.llms import ChatMessage

        model, close = self._opened()
        self._close.append(close)
        messages = [
            ChatMessage(role="system", content=prompt.instructions),
            ChatMessage(role="user", content=prompt.material),
        ]
        self._responses = iter(model.stream_chat(messages))

    def next(self) -> Any:  # noqa: ANN401 - a ChatResponse of LlamaIndex
        """The next piece of the response; None after the last one."""
        return next(self._responses, None)

    def end(self) -> None:
        """Close the response and the connections; nothing if none was opened."""
        if self._responses is not None:
            self._responses.close()
        self.cut()

    def cut(self) -> None:
        """Close the connections, even during a read."""
        for close in self._close:
            close()


class LlmClient:
    """A LlamaIndex chat model with a time limit per response, retries included."""

    def __init__(
        self,
        name: str,
        opened: Callable[[float, int], Opened],
        timeout: float,
        secret: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`opened` makes a model for a timeout in seconds and a number of tokens.

        `secret` is the API key; a response that repeats it is rejected, because a page may have other
        readers than the owner of the key.
        """
        self.name = name
        self._opened, self._timeout, self._secret, self._sleep = opened, timeout, secret, sleep

    def stream(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """The response in pieces; a busy server is asked again until the first piece.

        :raises LanguageModelError: the response is incomplete or late.
        """
        deadline = time.monotonic() + self._timeout
        for number in range(1, TRIES + 1):
            said = ""
            try:
                for piece in self._once(prompt, max_tokens, deadline):
                    said += piece.text
                    if self._secret and self._secret in clean(
                        said[-len(piece.text) - 2 * len(self._secret) :]
                    ):
                        raise LanguageModelError("it repeated its key")
                    yield piece
            except ServerBusyError as error:
                pause = PAUSE * 2 ** (number - 1) if error.wait is None else error.wait
                if said or number == TRIES or time.monotonic() + pause >= deadline:
                    raise
                self._sleep(pause)
            else:
                return

    def _once(self, prompt: Prompt, max_tokens: int, deadline: float) -> Iterator[Piece]:
        """One try. The model runs in its own thread, because a server can drip bytes forever."""
        worker = ThreadPoolExecutor(1, thread_name_prefix="language-model")
        stream = _Stream(lambda: self._opened(self._timeout, max_tokens))
        try:
            self._result(worker.submit(stream.begin, prompt), deadline)
            stop, said = "", False
            while (response := self._result(worker.submit(stream.next), deadline)) is not None:
                stop = stop_reason(response) or stop
                piece = piece_of(response)
                said = said or bool(piece.text)
                yield piece
            if said and not stop:
                raise LanguageModelError("the connection ended in the middle of its answer")
            if stop in CUT_OFF:
                raise LanguageModelError(CUT_OFF[stop])
        finally:
            # In the worker, after its running work: a model that opens too late is closed too.
            wait([worker.submit(stream.end)], GRACE)
            stream.cut()
            worker.shutdown(wait=False)

    def _result(self, future: "Future[Any]", deadline: float) -> Any:  # noqa: ANN401 - of LlamaIndex
        """The result of a piece of work; its errors become our own."""
        try:
            error = future.exception(timeout=max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise LanguageModelError(f"it did not finish within {self._timeout:g} seconds") from None
        if error is None:
            return future.result()
        if not isinstance(error, Exception):
            raise error
        raise _translated(error, self._timeout) from error


def _translated(error: Exception, timeout: float) -> LanguageModelError:
    """The reason for an error of any package, by its status or its name."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if isinstance(response, dict):  # botocore
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    kind = type(error).__name__
    if kind in _BROKEN_OFF or status in _BROKEN_OFF:
        return ServerBusyError("its server reported an error in mid-stream")
    if isinstance(status, int):
        return _status_error(status, _retry_after(response))
    return LanguageModelError(_reason(error, kind, timeout))


def _status_error(status: int, wait: float | None) -> LanguageModelError:
    if status == 429 or status >= 500:
        return ServerBusyError(f"its server answered with status {status}", wait)
    return LanguageModelError(f"its server refused with status {status}{_MEANING.get(status, '')}")


def _reason(error: Exception, kind: str, timeout: float) -> str:
    """The reason for an error without a status."""
    if kind in _AWS:
        return _AWS[kind]
    if kind == "ValueError" and str(error).startswith("Unknown model"):
        return "its package does not know a model of that name; check it, or upgrade the package"
    if "Timeout" in kind:
        return f"it did not finish within {timeout:g} seconds"
    if "Connect" in kind:
        return "its server cannot be reached, or closed the connection"
    return f"the response of its server cannot be read ({kind})"


def _retry_after(response: object) -> float | None:
    headers = getattr(response, "headers", None) or {}
    text = str(headers.get("retry-after", ""))
    return float(text) if text.isascii() and text.isdigit() else None
