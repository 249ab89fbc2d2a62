"""The messages of the worker of the Index view: lines of JSON.

    {"done": 64, "total": 812}                                chunks embedded, and chunks to embed
    {"build": "ID", "published": true, "failed": [...]}       end of a refresh, with the served build
    {"ids": {"added": [...]}, "new": true, "failed": [...], "notes": [...]}   end of a check
    {"error": "..."}                                          end without a build

`failed` has the editions that could not be updated from their sites. `ids` and `notes` are the changes and
new notes of a refresh.
"""

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

MAX_LINE = 1024 * 1024  # bytes; the ids of 10,000 entries need a fifth
_MAX_SHOWN = 80  # bytes of a bad line


class WorkerError(Exception):
    """The worker did something other than its messages say."""


class Message(BaseModel):
    """Base of the messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @property
    def line(self) -> str:
        """The message as one line."""
        return f"{self.model_dump_json()}\n"


class Embedded(Message):
    """Chunks embedded, and chunks to embed."""

    done: int
    total: int


class Refreshed(Message):
    """The end of a refresh: the served build, and True if it is new."""

    build: str
    published: bool
    failed: tuple[str, ...]


class Checked(Message):
    """The end of a check: the changed ids and new notes, and True if a refresh would make a build."""

    ids: dict[str, list[str]]
    new: bool
    failed: tuple[str, ...]
    notes: tuple[str, ...]


class Stopped(Message):
    """The end without a build, with the reason."""

    error: str


_ANY: TypeAdapter[Embedded | Refreshed | Checked | Stopped] = TypeAdapter(
    Embedded | Refreshed | Checked | Stopped
)


def message_of(line: bytes) -> Embedded | Refreshed | Checked | Stopped:
    """The message in a line.

    :raises WorkerError: it is not one
    """
    try:
        return _ANY.validate_json(line)
    except ValidationError as error:
        raise WorkerError(f"it wrote {line[:_MAX_SHOWN]!r}, expected a message in JSON") from error
