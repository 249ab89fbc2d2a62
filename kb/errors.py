"""Everything that `kb` raises on purpose, each with what was found, what was expected and what to do.

GenlensError
├── SettingsError        a setting is unknown or has a value that cannot be used
├── InputError           a question or filter cannot be used
├── NotFoundError        an id names nothing in the served build
│   └── NotKeptError         a build is not among those kept, or there is no other one
├── RecordError          a stored or hand-written record does not have the expected form
├── ModelError           an embedding model is missing, altered or cannot be run
│   └── ExportError          it can be run, but not exported
├── StorageError         the home folder cannot be written or is full
├── BusyError            another process is changing the builds, and does not end
└── ServingError
    ├── NoIndexError         nothing has been built yet
    └── DamagedIndexError    a build is there but cannot be read, or is of another make
"""


class GenlensError(Exception):
    """Base of every error that genlens raises on purpose; its text is one clear line.

    `exit_code` is what the command line ends with: 1 nothing found or a gate failed, 2 wrong usage or
    nothing that can be served.
    """

    exit_code = 2


class SettingsError(GenlensError):
    """A setting is unknown or has a value that cannot be used."""


class InputError(GenlensError):
    """A question or a filter cannot be used."""


class NotFoundError(GenlensError):
    """An id names nothing in the served build."""

    exit_code = 1


class NotKeptError(NotFoundError):
    """A build is not among those that are kept, or there is none to compare with or to go back to."""


class RecordError(GenlensError):
    """A stored or hand-written record does not have the expected form."""


class ModelError(GenlensError):
    """An embedding model is missing, altered or cannot be run."""


class ExportError(ModelError):
    """An embedding model cannot be exported, or its export disagrees with it."""


class StorageError(GenlensError):
    """The home folder cannot be written or is full."""


class BusyError(GenlensError):
    """Another process is changing the builds of the home, and does not end."""

    exit_code = 1


class ServingError(GenlensError):
    """The index cannot be served."""


class NoIndexError(ServingError):
    """Nothing has been built yet."""


class DamagedIndexError(ServingError):
    """A build is there but cannot be read, or was made in another way than this version expects."""
