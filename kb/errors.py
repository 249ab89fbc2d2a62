"""Every error `kb` raises on purpose. Each message says what was found, what was expected and what to do.

GenlensError
├── SettingsError        a setting is unknown or its value is invalid
├── InputError           a question or filter is invalid
├── NotFoundError        an id is not in the served build
│   └── NotKeptError         a build is not among the kept ones, or is the only one
├── RecordError          a stored or hand-written record is invalid
├── ModelError           an embedding model is missing, altered or fails to run
│   └── ExportError          it runs, but cannot be exported
├── StorageError         the home folder is not writable, or the disk is full
├── BusyError            another process holds the refresh lock
└── ServingError
    ├── NoIndexError         nothing has been built yet
    └── DamagedIndexError    a build is damaged, or has another format
"""

from dataclasses import dataclass

from pydantic import ValidationError


class GenlensError(Exception):
    """Base of every error genlens raises on purpose; its text is one clear line.

    `exit_code` is the exit code of the command line: 1 for nothing found or a failed gate, 2 for wrong
    usage or no index.
    """

    exit_code = 2


class SettingsError(GenlensError):
    """A setting is unknown or its value is invalid."""


class InputError(GenlensError):
    """A question or a filter is invalid."""


class NotFoundError(GenlensError):
    """An id is not in the served build."""

    exit_code = 1


class NotKeptError(NotFoundError):
    """A build is not among the kept ones, or there is no other build to compare with or roll back to."""


class RecordError(GenlensError):
    """A stored or hand-written record is invalid."""


class ModelError(GenlensError):
    """An embedding model is missing, altered or fails to run."""


class ExportError(ModelError):
    """An embedding model cannot be exported, or its export disagrees with it."""


class StorageError(GenlensError):
    """The home folder is not writable, or the disk is full."""


class BusyError(GenlensError):
    """Another process holds the refresh lock of the home."""

    exit_code = 1


class ServingError(GenlensError):
    """The index cannot be served."""


class NoIndexError(ServingError):
    """Nothing has been built yet."""


class DamagedIndexError(ServingError):
    """A build is damaged, or has another format than this version expects."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a validation: the field with dots ("sections.0.title"), empty for the whole value."""

    field: str
    message: str


def first_problem(error: ValidationError) -> Problem:
    """The first problem of a failed validation, without the rejected value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return Problem(field, first["msg"].removeprefix("Value error, "))
