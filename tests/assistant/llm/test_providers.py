"""Every provider, with its own package and a local server of its protocol."""

import json
import logging
import time
from collections.abc import Iterator

import pytest
from support.model_server import Behaviour, ModelServer, serving_model
from support.protocols import PROVIDERS

from assistant.llm.client import LanguageModelError, LlmClient
from assistant.llm.prompts import Prompt
from assistant.llm.providers import MissingExtraError, open_model
from kb.errors import SettingsError
from kb.settings import load_settings

PROMPT = Prompt("Be brief.", "What is it?")


@pytest.fixture(params=PROVIDERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str, running_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    """The running server; the settings point the provider to it."""
    provider = PROVIDERS[name]
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value.replace("ADDRESS", running_model.base))
    monkeypatch.setenv("GENLENS_LLM", provider.setting.replace("ADDRESS", running_model.base))
    running_model.does(Behaviour("One two.", usage=(12, 3)))
    return running_model


@pytest.fixture
def other_server() -> Iterator[ModelServer]:
    """Another server, which must receive no request."""
    with serving_model() as server:
        yield server


def opened() -> LlmClient:
    """The configured model, without waits between attempts."""
    model = open_model(load_settings())
    assert isinstance(model, LlmClient)
    model._sleep = lambda _seconds: None
    return model


def response(model: LlmClient) -> str:
    return "".join(piece.text for piece in model.stream(PROMPT, 50))


def test_stream_has_text_and_token_counts(name: str, server: ModelServer) -> None:
    pieces = list(opened().stream(PROMPT, 50))
    assert [piece.text for piece in pieces if piece.text] == ["One two", "."]
    assert (pieces[-1].read, pieces[-1].written) == (12, 3)
    assert server.paths == [PROVIDERS[name].path]


def test_request_has_prompt_and_limit_and_no_tools(name: str, server: ModelServer) -> None:
    response(opened())
    (request,) = server.requests
    sent = json.dumps(request)
    assert sent.count("Be brief.") == sent.count("What is it?") == 1
    assert not request.get("tools")
    assert "toolConfig" not in request
    limits = {
        "openai": lambda: request["max_tokens"],
        "openai-like": lambda: request["max_tokens"],
        "anthropic": lambda: request["max_tokens"],
        "bedrock": lambda: request["inferenceConfig"]["maxTokens"],
        "ollama": lambda: request["options"]["num_predict"],
    }
    assert limits[name]() == 50


def test_busy_server_is_retried(server: ModelServer) -> None:
    server.does(Behaviour(status=503), Behaviour(status=429), Behaviour("One two."))
    assert response(opened()) == "One two."
    assert len(server.requests) == 3


def test_number_of_retries_is_limited(server: ModelServer) -> None:
    server.does(Behaviour(status=429))
    with pytest.raises(LanguageModelError, match=r"^its server answered with status 429$"):
        response(opened())
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "its server refused with status 401 (its key is missing or wrong)"),
        (404, "its server refused with status 404 (it has no such model)"),
        (400, "its server refused with status 400"),
    ],
)
def test_refusal_has_our_own_message_and_is_not_repeated(
    server: ModelServer, status: int, reason: str
) -> None:
    server.does(Behaviour(status=status, body='{"error": {"message": "SECRET WORDS"}}'))
    with pytest.raises(LanguageModelError) as caught:
        response(opened())
    assert (str(caught.value), len(server.requests)) == (reason, 1)


def test_error_before_the_first_word_is_retried(server: ModelServer) -> None:
    server.does(Behaviour("", then="fail"), Behaviour("One two."))
    assert response(opened()) == "One two."


def test_error_after_the_first_word_ends_the_answer(server: ModelServer) -> None:
    server.does(Behaviour("One two.", then="fail"))
    with pytest.raises(LanguageModelError, match=r"^its server reported an error in mid-stream$"):
        response(opened())
    assert len(server.requests) == 1


def test_response_cut_off_at_the_limit_of_tokens_is_an_error(server: ModelServer) -> None:
    server.does(Behaviour("One two.", stop="length", usage=(12, 50)))
    with pytest.raises(LanguageModelError, match=r"^its answer was cut off at the limit of tokens$"):
        response(opened())
    assert len(server.requests) == 1


def test_response_stopped_by_a_filter_is_an_error(server: ModelServer, name: str) -> None:
    if name == "ollama":
        pytest.skip("Ollama has no content filter")
    server.does(Behaviour("One two.", stop="filter"))
    with pytest.raises(LanguageModelError, match=r"^a content filter stopped its answer$"):
        response(opened())


def test_response_that_ends_without_its_end_is_an_error(server: ModelServer) -> None:
    server.does(Behaviour("One two.", then="cut"))
    with pytest.raises(LanguageModelError, match=r"ended in the middle of its answer|closed the connection"):
        response(opened())


@pytest.mark.parametrize("then", ["hang", "drip"])
def test_stalled_response_times_out(server: ModelServer, monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    monkeypatch.setenv("GENLENS_LLM_TIMEOUT", "0.6")
    server.does(Behaviour("One two.", then=then))
    began = time.monotonic()
    with pytest.raises(LanguageModelError, match=r"^it did not finish within 0\.6 seconds$"):
        response(opened())
    assert time.monotonic() - began < 5


def test_redirect_is_not_followed(server: ModelServer, other_server: ModelServer) -> None:
    server.does(Behaviour(status=307, headers={"Location": f"{other_server.base}/v1/elsewhere"}))
    with pytest.raises(LanguageModelError, match="its server refused with status 307"):
        response(opened())
    assert other_server.requests == []


def test_log_has_no_key_and_no_question(server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    assert server
    with caplog.at_level(logging.DEBUG):
        model = opened()
        response(model)
    shown = caplog.text + repr(model) + repr(load_settings())
    assert not any(key in shown for key in ("key-of-", "What is it?"))


def test_closed_stream_ends_the_connection(server: ModelServer) -> None:
    server.does(Behaviour("One two.", then="endless"))
    stream = opened().stream(PROMPT, 50)
    assert next(piece.text for piece in stream if piece.text) == "One two"
    stream.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("AWS_ACCESS_KEY_ID", "no AWS credentials were found; set AWS_PROFILE, or sign in with: aws login"),
        ("AWS_REGION", "no AWS Region is set; set AWS_REGION"),
    ],
)
def test_missing_bedrock_setting_is_named(
    running_model: ModelServer, monkeypatch: pytest.MonkeyPatch, missing: str, reason: str
) -> None:
    provider = PROVIDERS["bedrock"]
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value.replace("ADDRESS", running_model.base))
    monkeypatch.setenv("GENLENS_LLM", provider.setting)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv(missing)
    if missing == "AWS_ACCESS_KEY_ID":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(LanguageModelError) as caught:
        response(opened())
    assert str(caught.value) == reason


@pytest.mark.parametrize("name", ["openai", "anthropic", "bedrock"])
def test_unknown_model_name_is_an_error(
    name: str, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_LLM", f"{name}:model-of-tomorrow")
    with pytest.raises(LanguageModelError, match="does not know a model of that name; check it, or upgrade"):
        response(opened())
    assert server.requests == []


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("anthropic:some-model", "pip install 'genlens[anthropic]'"),
        ("bedrock:some.model-v1:0", "pip install 'genlens[bedrock]'"),
    ],
)
def test_missing_extra_names_its_install_line(
    setting: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("assistant.llm.providers.importlib.import_module", missing)
    monkeypatch.setenv("GENLENS_LLM", setting)
    with pytest.raises(MissingExtraError) as caught:
        open_model(load_settings())
    assert str(caught.value) == (
        f"GENLENS_LLM is {setting}, whose package is not installed; install it with: {line}"
    )
    assert caught.value.exit_code == 2


def test_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("GENLENS_LLM", "openai:gpt-4o-mini")
    with pytest.raises(MissingExtraError, match="needs a key; set OPENAI_API_KEY"):
        open_model(load_settings())


def test_missing_setting_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no language model is set; set GENLENS_LLM to openai:MODEL"):
        open_model(load_settings())


def test_half_a_character_is_left_out(server: ModelServer) -> None:
    server.does(Behaviour("One \ud800two.\udfff", size=5))
    assert response(opened()) == "One two."
