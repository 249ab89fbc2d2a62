from pathlib import Path

import pytest
from platformdirs import user_data_path
from pydantic import ValidationError

from kb.errors import SettingsError
from kb.settings import Settings, Traces, load_settings


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENLENS_HOME")


def dotenv(*lines: str) -> None:
    Path(".env").write_text("\n".join(lines))


@pytest.mark.usefixtures("no_home")
def test_defaults_apply_without_settings() -> None:
    settings = load_settings()
    assert settings.home == user_data_path("genlens")
    assert settings.mirror is None
    assert settings.model == "sentence-transformers/all-MiniLM-L6-v2"


def test_argument_comes_before_environment_before_file(monkeypatch: pytest.MonkeyPatch) -> None:
    dotenv("GENLENS_MODEL=of-the-file", "GENLENS_FEEDBACK=false")
    assert load_settings().model == "of-the-file"
    monkeypatch.setenv("GENLENS_MODEL", "of-the-environment")
    assert load_settings().model == "of-the-environment"
    assert load_settings(model="of-the-argument").model == "of-the-argument"
    assert load_settings(model=None).model == "of-the-environment"
    assert load_settings().feedback is False


def test_file_is_read_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dotenv("GENLENS_MODEL=of-the-file")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert load_settings().model == "sentence-transformers/all-MiniLM-L6-v2"


def test_other_names_in_environment_and_file_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    dotenv("DATABASE_URL=x", "MODEL=other", "GENLENS_TEST_MIRROR=/there")
    monkeypatch.setenv("HOME_OF_GENLENS", "x")
    monkeypatch.setenv("GENLENS_TEST_MIRROR", "/somewhere")
    assert load_settings().model == "sentence-transformers/all-MiniLM-L6-v2"


KNOWN = (
    "known: GENLENS_HOME, GENLENS_MIRROR, GENLENS_MODEL, GENLENS_LLM, GENLENS_LLM_TIMEOUT, "
    "GENLENS_LLM_ANSWER_TOKENS, GENLENS_LLM_CONVERSATION_TOKENS, "
    "GENLENS_TRACES, GENLENS_TRACE_CONTENT"
)


@pytest.mark.parametrize("name", ["GENLENS_MODLE", "genlens_modle"])
def test_unknown_name_in_the_environment_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"unknown setting {name} in the environment; {KNOWN}"):
        load_settings()


def test_unknown_name_in_the_file_is_refused() -> None:
    dotenv("GENLENS_MODEL=x", "GENLENS_COLOUR=blue")
    with pytest.raises(SettingsError, match=rf"unknown setting GENLENS_COLOUR in \.env; {KNOWN}"):
        load_settings()


@pytest.mark.parametrize(
    "line",
    ["GENLENS_LLM=openai:x", "GENLENS_MIRROR=http://mirror.test", "genlens_mirror=x", "GENLENS_TRACES=otlp"],
)
def test_file_does_not_decide_where_text_goes_to_or_comes_from(line: str) -> None:
    dotenv("GENLENS_MODEL=x", line)
    name = line.partition("=")[0]
    with pytest.raises(SettingsError, match=rf"^{name} may not stand in \.env; set it in the environment$"):
        load_settings()


def test_file_in_another_encoding_is_refused() -> None:
    Path(".env").write_bytes("GENLENS_MODEL=modèle".encode("latin-1"))
    with pytest.raises(
        SettingsError, match=r"^\.env is not UTF-8 text \(byte 0xe8 at 17\); save it as UTF-8$"
    ):
        load_settings()


def test_unreadable_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> dict[str, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kb.settings.dotenv_values", refuse)
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: Permission denied; make it readable"):
        load_settings()


def test_unknown_argument_is_refused() -> None:
    with pytest.raises(SettingsError, match=f"unknown setting 'modle'; {KNOWN}"):
        load_settings(modle="x")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("GENLENS_MODEL", "", "should have at least 1 character"),
        ("GENLENS_MIRROR", "ftp://mirror.test", "expected an address that starts with http:// or https://"),
        ("GENLENS_MIRROR", "mirror.test", "expected an address that starts with http:// or https://"),
        ("GENLENS_MIRROR", "http://[::1", "with a host"),
        ("GENLENS_MIRROR", "http://", "with a host"),
        ("GENLENS_MIRROR", "https://mirror.test:port/", "with a host"),
        ("GENLENS_MIRROR", "http://mirror.test/#part", "without name, password, query and fragment"),
        ("GENLENS_HOME", "", "expected a folder"),
        ("GENLENS_HOME", "~nobody-of-this-name/data", "expected a folder: Could not determine home"),
        ("GENLENS_TRACES", "on", "should be 'off', 'console' or 'otlp'"),
        ("GENLENS_TRACE_CONTENT", "perhaps", "should be a valid boolean"),
        ("GENLENS_LLM", "gpt-4o", "expected openai:MODEL, anthropic:MODEL"),
        ("GENLENS_LLM", "mistral:large", "expected openai:MODEL"),
        ("GENLENS_LLM", "openai-like:words", "openai-like:MODEL@URL"),
        ("GENLENS_LLM_TIMEOUT", "0", "should be greater than 0"),
        ("GENLENS_LLM_ANSWER_TOKENS", "0", "should be greater than or equal to 1"),
        ("GENLENS_LLM_CONVERSATION_TOKENS", "many", "should be a valid integer"),
    ],
)
def test_invalid_value_is_reported_with_its_variable(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name} is {value!r}: ")
    assert reason in str(caught.value)


def test_home_is_absolute_and_expands_the_user_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(home=Path("here")).home == tmp_path / "work" / "here"
    monkeypatch.setenv("GENLENS_HOME", "~/data")
    assert load_settings().home == tmp_path / "data"


def test_mirror_loses_its_trailing_slash_and_may_be_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(mirror="http://127.0.0.1:8000/").mirror == "http://127.0.0.1:8000"
    monkeypatch.setenv("GENLENS_MIRROR", "")
    assert load_settings().mirror is None


@pytest.mark.parametrize(
    "address", ["ftp://models.test", "http://me:secret@models.test", "http://models.test/?key=secret"]
)
def test_refused_model_address_is_not_repeated_in_the_error(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_LLM", f"openai-like:words@{address}")
    with pytest.raises(SettingsError, match="the URL without name, password and query") as caught:
        load_settings()
    assert str(caught.value).startswith("GENLENS_LLM is 'openai-like:words@…': ")
    assert "models.test" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["https://me:secret@mirror.test", "https://secret@mirror.test/x", "https://mirror.test/?secret"],
)
def test_refused_mirror_is_not_repeated_in_the_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_MIRROR", address)
    with pytest.raises(
        SettingsError, match=r"^GENLENS_MIRROR is 'https://…': .* without name, password"
    ) as caught:
        load_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "openai:gpt-4o-mini",
        "ollama:llama3.1:8b",
        "bedrock:anthropic.claude-3-haiku-20240307-v1:0",
        "openai-like:words@http://127.0.0.1:8000/v1",
    ],
)
def test_language_model_is_set_by_provider_and_model(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().llm is None
    monkeypatch.setenv("GENLENS_LLM", value)
    assert load_settings().llm == value


def test_tracing_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (load_settings().traces, load_settings().trace_content) == (Traces.OFF, False)
    monkeypatch.setenv("GENLENS_TRACES", "otlp")
    monkeypatch.setenv("GENLENS_TRACE_CONTENT", "true")
    assert (load_settings().traces, load_settings().trace_content) == (Traces.OTLP, True)


def test_settings_are_frozen() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.model = "other"


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())
