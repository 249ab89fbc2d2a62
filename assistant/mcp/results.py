"""The results of the tools: the JSON of `--json` with the build it comes from."""

from assistant.render.claims import CheckSchema
from assistant.render.schemas import (
    ChangesSchema,
    EntrySchema,
    ListSchema,
    RelatedSchema,
    Schema,
    SearchSchema,
)


class SearchResult(SearchSchema):
    """The hits of a search, and the build."""

    build: str


class LeftOutSchema(Schema):
    """A section that did not fit into the result, or only its beginning."""

    number: int
    title: str
    characters: int


class EntryResult(EntrySchema):
    """An entry, the sections that did not fit, and the build."""

    left_out: tuple[LeftOutSchema, ...]
    build: str


class ListResult(ListSchema):
    """Entries, and the build."""

    build: str


class RelatedResult(RelatedSchema):
    """Related entries, and the build."""

    build: str


class ChangesResult(ChangesSchema):
    """The changes between two builds, and the served build."""

    build: str


class CheckResult(CheckSchema):
    """The checked statements of a text, and the build."""

    build: str
