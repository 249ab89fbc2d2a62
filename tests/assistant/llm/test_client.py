"""The client of a language model: requests, retries and errors."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from support.model_server import Behaviour, ModelServer

from assistant.llm.client import LanguageModelError, LlmClient
from assistant.llm.prompts import Prompt
from assistant.llm.providers import open_model
from assistant.llm.responses import Piece
from kb.settings import load_settings

PROMPT = Prompt("Be brief.", "What is it?")


@pytest.fixture
def model(running_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_LIKE_API_KEY", raising=False)
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    running_model.does(Behaviour("One two.", usage=(12, 3)))
    running_model.authorizations.clear()
    return running_model


def opened(waits: list[float] | None = None) -> LlmClient:
    """The configured model; waits between attempts are only recorded."""
    model = open_model(load_settings())
    assert isinstance(model, LlmClient)
    if waits is not None:
        model._sleep = waits.append
    return model


def test_stream_has_text_and_token_counts(model: ModelServer) -> None:
    assert list(opened().stream(PROMPT, 50)) == [
        Piece("One two"),
        Piece("."),
        Piece(""),
        Piece("", 12, 3),
    ]
    (request,) = model.requests
    assert request["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is it?"},
    ]
    assert (request["model"], request["max_tokens"], request["stream"]) == ("words", 50, True)
    assert "tools" not in request


def test_openai_key_is_not_sent_to_another_server(
    model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-alone")
    list(opened().stream(PROMPT, 50))
    monkeypatch.setenv("OPENAI_LIKE_API_KEY", "sk-of-this-server")
    list(opened().stream(PROMPT, 50))
    assert model.authorizations == ["Bearer none", "Bearer sk-of-this-server"]


def test_model_name_has_no_address(model: ModelServer) -> None:
    assert model
    assert opened().name == "openai-like:words"


def test_busy_server_is_retried(model: ModelServer) -> None:
    busy = [Behaviour(status=503), Behaviour(status=429, headers={"Retry-After": "2"})]
    model.does(*busy, Behaviour("One two."))
    waits: list[float] = []
    assert "".join(piece.text for piece in opened(waits).stream(PROMPT, 50)) == "One two."
    assert waits == [0.5, 2.0]


def test_number_of_retries_is_limited(model: ModelServer) -> None:
    model.does(Behaviour(status=429))
    with pytest.raises(LanguageModelError, match="its server answered with status 429"):
        list(opened([]).stream(PROMPT, 50))
    assert len(model.requests) == 3


def test_wait_beyond_the_timeout_is_skipped(model: ModelServer) -> None:
    model.does(Behaviour(status=503, headers={"Retry-After": "3600"}))
    waits: list[float] = []
    with pytest.raises(LanguageModelError, match="status 503"):
        list(opened(waits).stream(PROMPT, 50))
    assert (waits, len(model.requests)) == ([], 1)


def test_refused_request_is_not_repeated_and_its_message_is_hidden(model: ModelServer) -> None:
    model.does(Behaviour(status=401, body='{"error": {"message": "wrong key sk-secret"}}'))
    with pytest.raises(LanguageModelError) as caught:
        list(opened([]).stream(PROMPT, 50))
    assert str(caught.value) == "its server refused with status 401 (its key is missing or wrong)"
    assert len(model.requests) == 1


def test_unreachable_server_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_LLM", "openai-like:words@http://127.0.0.1:9/v1")
    with pytest.raises(LanguageModelError, match="its server cannot be reached"):
        list(opened([]).stream(PROMPT, 50))


def test_closed_stream_ends_the_connection(model: ModelServer) -> None:
    model.does(Behaviour("One two.", then="endless"))
    stream = opened().stream(PROMPT, 50)
    assert next(stream).text == "One two"
    stream.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(stream)


def test_log_has_no_key_and_no_question(
    model: ModelServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert model
    monkeypatch.setenv("OPENAI_LIKE_API_KEY", "sk-canary")
    with caplog.at_level(logging.DEBUG):
        client = opened()
        list(client.stream(PROMPT, 50))
    assert "sk-canary" not in caplog.text + repr(client) + repr(load_settings())
    assert "What is it?" not in caplog.text


def test_model_that_opens_after_the_deadline_is_closed() -> None:
    late, closed = threading.Event(), threading.Event()

    class Model:
        def stream_chat(self, _messages: object) -> Iterator[None]:
            yield None

    def open_late(_timeout: float, _max_tokens: int) -> tuple[Model, Callable[[], None]]:
        assert late.wait(30)
        return Model(), closed.set

    client = LlmClient("slow:words", open_late, timeout=0.05)
    with pytest.raises(LanguageModelError, match=r"^it did not finish within 0\.05 seconds$"):
        list(client.stream(PROMPT, 50))
    late.set()
    assert closed.wait(30)
