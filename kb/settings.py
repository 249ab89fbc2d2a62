"""The settings: argument, then `GENLENS_*` environment, then `.env`, then default."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError, first_problem

PREFIX = "GENLENS_"
# Read by the tests only; a shell that sets it can still run genlens.
IGNORED = frozenset({"GENLENS_TEST_MIRROR", "GENLENS_TEST_DAMAGES", "GENLENS_TEST_STARTS"})
# A file in the working folder may be someone else's: it does not decide where questions and keys go, or
# where pages come from.
NOT_IN_FILE = frozenset({"GENLENS_LLM", "GENLENS_MIRROR", "GENLENS_TRACES"})
DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
# PROVIDER:MODEL; only openai-like has an address, the others know their own.
_LLM = re.compile(
    r"(?:(?:openai|anthropic|bedrock|ollama):[^@\s]+|openai-like:[^@\s]+@https?://[^@\s/?#]+[^@\s?#]*)"
)
LLM_FORMS = "openai:MODEL, anthropic:MODEL, bedrock:MODEL, ollama:MODEL or openai-like:MODEL@URL"


class Traces(StrEnum):
    """The destination of OpenTelemetry spans."""

    OFF = "off"
    CONSOLE = "console"
    OTLP = "otlp"


class Settings(BaseSettings):
    """All settings of a user; made once at the start and passed down."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: user_data_path("genlens"),
        description="Folder of builds, kept pages and exported models.",
    )
    mirror: str | None = Field(
        default=None,
        description="Base address of a mirror: https://HOST/PATH is fetched from MIRROR/HOST/PATH.",
    )
    model: str = Field(
        default=DEFAULT_MODEL,
        min_length=1,
        description="Embedding model: a sentence-transformers name or a folder.",
    )
    llm: str | None = Field(
        default=None,
        description=f"Language model that writes the answers: {LLM_FORMS}. None: extractive answers.",
    )
    llm_timeout: float = Field(
        default=30.0, gt=0, le=600, description="Seconds a language model may take for one answer."
    )
    llm_answer_tokens: int = Field(
        default=8_000, ge=1, description="Tokens one answer may cost, read and written."
    )
    llm_conversation_tokens: int = Field(
        default=60_000, ge=1, description="Tokens one conversation may cost, read and written."
    )
    traces: Traces = Field(
        default=Traces.OFF,
        description="Destination of OpenTelemetry spans: off, console (stderr) or otlp.",
    )
    trace_content: bool = Field(
        default=False, description="Record the text of questions, passages and answers in spans."
    )
    feedback: bool = Field(
        default=True,
        description="Keep thumbs, comments and uncovered questions of the page in the home.",
    )
    llm_process_tokens: int = Field(
        default=2_000_000, ge=1, description="Tokens all conversations of one process may cost together."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:  # no file, host or model has such a name
            raise ValueError("expected text without NUL characters")
        return value

    @field_validator("home", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if value == "":  # Path("") is the working folder
            raise ValueError("expected a folder")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:  # "~name" of an unknown user
            raise ValueError(f"expected a folder: {error}") from error

    @field_validator("mirror")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not value.startswith(("http://", "https://")) or not _has_host(value):
            raise ValueError("expected an address that starts with http:// or https://, with a host")
        if any(sign in value for sign in "@?#"):
            raise ValueError("expected an address without name, password, query and fragment")
        return value.rstrip("/")

    @field_validator("llm")
    @classmethod
    def _language_model(cls, value: str | None) -> str | None:
        if not value:
            return None
        address = value.partition("@")[2]
        if not _LLM.fullmatch(value) or (address and not _has_host(address)):
            raise ValueError(f"expected {LLM_FORMS}, the URL without name, password and query")
        return value.rstrip("/")


def load_settings(**arguments: Any) -> Settings:  # noqa: ANN401 - the values are validated one by one
    """Settings from arguments (None is ignored), the environment and `.env`, in this order.

    :raises SettingsError: a name is unknown or a value is invalid; the message names it.
    """
    _refuse_unknown_names()
    given = {name: value for name, value in arguments.items() if value is not None}
    if unknown := sorted(given.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"unknown setting {unknown[0]!r}; known: {_known_names()}")
    try:
        return Settings(**given)
    except ValidationError as error:
        problem, rejected = first_problem(error), error.errors()[0]["input"]
        name = PREFIX + problem.field.upper()
        raise SettingsError(f"{name} is {_without_address(rejected)!r}: {problem.message}") from error


def _has_host(address: str) -> bool:
    """True if the address is well formed and names a host."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna")
        return bool(host) and parts.port != 0 and address.isprintable() and " " not in parts.netloc
    except ValueError:  # an invalid port, bracket or host name
        return False


def _without_address(value: object) -> object:
    """A rejected value without its address, if that may contain a password."""
    if not isinstance(value, str) or not any(sign in value for sign in "@?"):
        return value
    kept = re.match(r".*?(?:@|://)", value)
    return f"{kept[0] if kept else ''}…"


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | IGNORED
    in_file = _names_in_file()
    for place, names in (("the environment", os.environ), (".env", in_file)):
        for name in sorted(names):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                raise SettingsError(f"unknown setting {name} in {place}; known: {_known_names()}")
    if refused := sorted(name for name in in_file if name.upper() in NOT_IN_FILE):
        raise SettingsError(f"{refused[0]} may not stand in .env; set it in the environment")


def _names_in_file() -> frozenset[str]:
    """The names in `.env`; none without that file.

    :raises SettingsError: the file cannot be read as UTF-8 text.
    """
    try:
        return frozenset(dotenv_values(".env", encoding="utf-8"))
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at {error.start}"
        raise SettingsError(f".env is not UTF-8 text ({found}); save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(
            f".env cannot be read: {error.strerror}; make it readable or remove it"
        ) from error


def _known_names() -> str:
    return ", ".join(PREFIX + name.upper() for name in Settings.model_fields)
