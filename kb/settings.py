"""One typed settings record: argument, then `GENLENS_*` environment or `.env`, then default."""

import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError

PREFIX = "GENLENS_"
# Read by the tests alone, so that a shell which sets it can still run the product.
IGNORED = frozenset({"GENLENS_TEST_MIRROR"})
DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


class Settings(BaseSettings):
    """What a user can set; made once at the start and passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("genlens"),
        description="Folder that holds builds, kept pages and exported models.",
    )
    mirror: str | None = Field(
        default=None,
        description="Base address of a mirror: https://HOST/PATH is then fetched from MIRROR/HOST/PATH.",
    )
    model: str = Field(
        default=DEFAULT_MODEL,
        min_length=1,
        description="Embedding model: a sentence-transformers name or a folder.",
    )
    feedback: bool = Field(
        default=True,
        description="Whether the page keeps thumbs, comments and questions not covered, in the home.",
    )

    @field_validator("home", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if value == "":  # which a path would read as the working folder
            raise ValueError("expected a folder")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("mirror")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("expected an address that starts with http:// or https://")
        return value.rstrip("/")


def load_settings(**arguments: Any) -> Settings:  # noqa: ANN401 - the values are validated one by one
    """Settings from arguments (those that are not None), the environment and `.env`, in this order.

    :raises SettingsError: a name is unknown or a value cannot be used; the message names it.
    """
    _refuse_unknown_names()
    given = {name: value for name, value in arguments.items() if value is not None}
    if unknown := sorted(given.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"unknown setting {unknown[0]!r}; known: {_known_names()}")
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name} is {first['input']!r}: {reason}") from error


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | IGNORED
    for place, names in (("the environment", os.environ), (".env", dotenv_values(".env"))):
        for name in sorted(names):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                raise SettingsError(f"unknown setting {name} in {place}; known: {_known_names()}")


def _known_names() -> str:
    return ", ".join(PREFIX + name.upper() for name in Settings.model_fields)
