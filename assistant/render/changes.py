"""The changes between two builds as text, Markdown and JSON.

Titles, section names and diffs are text of pages: control and invisible characters are removed, and in
Markdown they are escaped or fenced.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from assistant.render.escape import escape, fenced, link
from assistant.render.schemas import ChangesSchema
from kb.changes import Changes, Contents, EntryChange, TextChange
from kb.entries import Entry
from kb.storage.manifest import SourceState
from kb.text import squeeze

_INDENT = "   "
_FACTS_ONLY = (
    "If one build has an entry from the site and the other from the catalogue, only its facts are compared: "
    "title, question, pillar, best practices, level of risk. The catalogue has no plain pages."
)

Line = tuple[Entry, str, EntryChange | None]
"""An entry with a remark, and its changes if it was changed."""


def changes_json(changes: Changes, *, diff: bool) -> ChangesSchema:
    """The changes as JSON; `diff` adds the diff of each field."""
    changed: list[dict[str, Any]] = [
        {"id": change.entry.id, "fields": change.fields}
        | ({"diff": [_diff_json(changes, text) for text in change.texts]} if diff else {})
        for change in changes.changed
    ]
    return ChangesSchema.model_validate(
        {
            "from": changes.old.build or None,
            "to": changes.new.build or None,
            "added": [entry.id for entry in changes.added],
            "removed": [entry.id for entry in changes.removed],
            "changed": changed,
        }
    )


def changed_ids(changes: Changes) -> dict[str, list[str]]:
    """The ids of the entries, under "added", "removed", "changed" and "moved"."""
    return {heading: [entry.id for entry, _, _ in lines] for heading, lines in _parts(changes)}


def changes_text(changes: Changes, *, diff: bool) -> str:
    """The changes as plain text: one entry per line, with its diffs below on request."""
    head = [f"from  {_contents(changes.old)}", f"to    {_contents(changes.new)}", *catalogue_notes(changes)]
    blocks = ["\n".join(head), _counts(changes)]
    for heading, lines in _parts(changes):
        items = []
        for entry, remark, change in lines:
            line = f"{_INDENT}{squeeze(entry.id)}  {squeeze(entry.title)}{remark and f'  ({remark})'}"
            items.append("\n".join([line, *(_diffs(changes, change) if change and diff else ())]))
        blocks.append(f"{heading}\n" + ("\n\n" if diff else "\n").join(items))
    return "\n\n".join(blocks)


def changes_markdown(changes: Changes, *, diff: bool) -> str:
    """The changes as Markdown: one linked entry per item, with its diffs in fences on request."""
    blocks = [
        f"From {escape(_contents(changes.old))}\nto {escape(_contents(changes.new))}",
        *(escape(note) for note in catalogue_notes(changes)),
        escape(_counts(changes)),
    ]
    for heading, lines in _parts(changes):
        items = []
        for entry, remark, change in lines:
            title = f"{escape(squeeze(entry.title))}{escape(remark and f' ({remark})')}"
            fences = (fenced(text, "diff") for text in (_diffs(changes, change) if change and diff else ()))
            items.append("\n\n".join([f"- {link(entry.id, entry.url)} {title}", *fences]))
        blocks.append(f"## {heading.capitalize()}\n\n" + ("\n\n" if diff else "\n").join(items))
    return "\n\n".join(blocks)


def catalogue_notes(changes: Changes) -> tuple[str, ...]:
    """One sentence per build with entries from the catalogue, and one on how they are compared."""
    notes = [
        f"{contents.name} has {_editions(contents.from_catalogue)} from the genlens catalogue, in its own "
        "words, not from the site."
        for contents in (changes.old, changes.new)
        if contents.from_catalogue
    ]
    return (*notes, _FACTS_ONLY) if notes else ()


def shape_notes(changes: Changes) -> tuple[str, ...]:
    """The new notes of the newer side, each with its edition."""
    return tuple(
        f"{_editions([state])}: {note}"
        for state in changes.new.sources
        for note in state.notes
        if all(
            note not in old.notes
            for old in changes.old.sources
            if (old.name, old.language) == (state.name, state.language)
        )
    )


def _parts(changes: Changes) -> Iterator[tuple[str, Sequence[Line]]]:
    """Each heading with entries, and its lines."""
    parts: tuple[tuple[str, list[Line]], ...] = (
        ("added", [(entry, "", None) for entry in changes.added]),
        ("removed", [(entry, "", None) for entry in changes.removed]),
        ("changed", _lines(changes, _fields, moved=False)),
        ("moved", _lines(changes, _addresses, moved=True)),
    )
    return (part for part in parts if part[1])


def _lines(changes: Changes, remark: Callable[[EntryChange], str], *, moved: bool) -> list[Line]:
    """The lines of the moved entries, or of the other changed ones."""
    return [(change.entry, remark(change), change) for change in changes.changed if change.moved is moved]


def _counts(changes: Changes) -> str:
    counts = (f"{len(lines)} {heading}" for heading, lines in _parts(changes))
    return ", ".join(counts) if changes else "no changes"


def _fields(change: EntryChange) -> str:
    """The changed fields, each with its languages if it is not changed in all of them."""
    named = [(field, " and ".join(change.only_in(field))) for field in change.fields]
    return ", ".join(f"{field} in {languages}" if languages else field for field, languages in named)


def _addresses(change: EntryChange) -> str:
    return ", ".join(dict.fromkeys(f"{text.before[0]} -> {text.after[0]}" for text in change.texts))


def _diffs(changes: Changes, change: EntryChange) -> Iterator[str]:
    for text in change.texts:
        place = f"{squeeze(change.entry.id)} {text.field} ({text.language})"
        yield text.diff(f"{changes.old.name} {place}", f"{changes.new.name} {place}")


def _diff_json(changes: Changes, text: TextChange) -> dict[str, str]:
    diff = text.diff(changes.old.name, changes.new.name)
    return {"field": text.field, "language": text.language, "text": diff}


def _contents(contents: Contents) -> str:
    return f"{contents.name}: {_editions(contents.sources)}" if contents.sources else contents.name


def _editions(sources: Sequence[SourceState]) -> str:
    return ", ".join(f"{state.name} {state.edition} ({state.language})" for state in sources)
