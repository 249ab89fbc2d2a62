"""Checked statements as text and JSON."""

from collections.abc import Iterable, Iterator

from assistant.answers.records import Origin as StatementOrigin
from assistant.answers.records import origin_of
from assistant.faithfulness.claims import CheckedClaim
from assistant.faithfulness.findings import DoubtKind
from assistant.render.schemas import Schema

_INDENT = "    "


class FindingSchema(Schema):
    """A doubt: the way in which a statement may say something else than its sources, and its words."""

    kind: DoubtKind
    detail: str


class RestSchema(Schema):
    """The words of an entry that a statement rests on, and their author: the source or genlens."""

    id: str
    quote: str
    url: str
    origin: StatementOrigin


class CheckedSchema(Schema):
    """A checked statement; it is supported if there is no doubt about it."""

    text: str
    ids: tuple[str, ...]
    supported: bool
    doubts: tuple[FindingSchema, ...]
    rests_on: tuple[RestSchema, ...]


class CheckSchema(Schema):
    """The statements of a checked text, in order."""

    statements: tuple[CheckedSchema, ...]


def check_json(checked: Iterable[CheckedClaim]) -> CheckSchema:
    """The statements of a text, in order."""
    return CheckSchema(statements=tuple(map(checked_json, checked)))


def checked_json(one: CheckedClaim) -> CheckedSchema:
    """One checked statement."""
    return CheckedSchema(
        text=one.claim.text,
        ids=one.claim.ids,
        supported=one.supported,
        doubts=tuple(FindingSchema(kind=doubt.kind, detail=doubt.detail) for doubt in one.doubts),
        rests_on=tuple(
            RestSchema(id=p.entry.id, quote=p.text, url=p.url, origin=origin_of(p)) for p in one.rests_on
        ),
    )


def check_text(checked: Iterable[CheckedClaim]) -> str:
    """The statements of a text, each with its doubts and the words it rests on."""
    return "\n\n".join("\n".join(_lines(one)) for one in checked)


def _lines(one: CheckedClaim) -> Iterator[str]:
    mark = "supported" if one.supported else "in doubt"
    yield f"{mark}: {one.claim.text} [{', '.join(one.claim.ids) or 'no id'}]"
    yield from (f"{_INDENT}{doubt.kind.value.replace('_', ' ')}: {doubt.detail}" for doubt in one.doubts)
    for passage in one.rests_on:
        author = " (in genlens's words)" if origin_of(passage) is StatementOrigin.GENLENS else ""
        yield f"{_INDENT}{passage.entry.id} says: {passage.text}{author}"
