"""What differs between two builds as text, Markdown and JSON.

Titles, names of sections and diffs are words of pages: control and invisible characters are taken out, and
in Markdown they are escaped or stand in a fence that they cannot close.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from assistant.render.escape import escape, fenced
from assistant.render.schemas import ChangesForm
from kb.changes import Changes, Contents, EntryChange, TextChange
from kb.entries import Entry
from kb.storage.manifest import SourceState
from kb.text import squeeze

_INDENT = "   "
# What an address keeps as it is; blanks and brackets would end the link.
_ADDRESS = ":/?#@!$&'*+,;=%~"
_FACTS_ALONE = (
    "Of entries that one build has from the site and the other from the catalogue, only the facts are "
    "compared: title, question, pillar, best practices, level of risk. The catalogue has no plain pages."
)


def changes_json(changes: Changes, *, diff: bool) -> ChangesForm:
    """The differences as JSON values."""
    return {
        "from": changes.old.build or None,
        "to": changes.new.build or None,
        "added": [entry.id for entry in changes.added],
        "removed": [entry.id for entry in changes.removed],
        "changed": [
            {"id": change.entry.id, "fields": list(change.fields)}
            | ({"diff": [_diff_json(changes, text) for text in change.texts]} if diff else {})
            for change in changes.changed
        ],
    }


def changed_ids(changes: Changes) -> dict[str, list[str]]:
    """The ids of the entries that were added, removed, changed and moved, under these words."""
    return {heading: [entry.id for entry, _, _ in found] for heading, found in _parts(changes)}


def changes_text(changes: Changes, *, diff: bool) -> str:
    """The differences as plain text: an entry a line, and below it its diffs where they are asked for."""
    head = [f"from  {_made_of(changes.old)}", f"to    {_made_of(changes.new)}", *catalogue_notes(changes)]
    blocks = ["\n".join(head), _counts(changes)]
    for heading, found in _parts(changes):
        items = []
        for entry, remark, change in found:
            line = f"{_INDENT}{squeeze(entry.id)}  {squeeze(entry.title)}{remark and f'  ({remark})'}"
            items.append("\n".join([line, *(_diffs(changes, change) if change and diff else ())]))
        blocks.append(f"{heading}\n" + ("\n\n" if diff else "\n").join(items))
    return "\n\n".join(blocks)


def changes_markdown(changes: Changes, *, diff: bool) -> str:
    """The differences as Markdown: an entry an item, with its address, and its diffs in fences."""
    blocks = [
        f"From {escape(_made_of(changes.old))}\nto {escape(_made_of(changes.new))}",
        *(escape(note) for note in catalogue_notes(changes)),
        escape(_counts(changes)),
    ]
    for heading, found in _parts(changes):
        items = []
        for entry, remark, change in found:
            link = f"[{escape(squeeze(entry.id))}]({quote(entry.url, _ADDRESS)})"
            line = f"- {link} {escape(squeeze(entry.title))}{escape(remark and f' ({remark})')}"
            fences = (fenced(text, "diff") for text in (_diffs(changes, change) if change and diff else ()))
            items.append("\n\n".join([line, *fences]))
        blocks.append(f"## {heading.capitalize()}\n\n" + ("\n\n" if diff else "\n").join(items))
    return "\n\n".join(blocks)


def catalogue_notes(changes: Changes) -> tuple[str, ...]:
    """What to know where entries of a build came from the catalogue, a sentence each."""
    notes = [
        f"{contents.name} has {_editions(contents.from_catalogue)} from the catalogue of genlens, in its "
        "own words, and not from the site."
        for contents in (changes.old, changes.new)
        if contents.from_catalogue
    ]
    return (*notes, _FACTS_ALONE) if notes else ()


def _parts(changes: Changes) -> Iterator[tuple[str, Sequence[tuple[Entry, str, EntryChange | None]]]]:
    """Each heading that has entries, and these with a remark and what changed."""
    moved = [change for change in changes.changed if change.moved]
    rest = [change for change in changes.changed if not change.moved]
    parts: tuple[tuple[str, list[tuple[Entry, str, EntryChange | None]]], ...] = (
        ("added", [(entry, "", None) for entry in changes.added]),
        ("removed", [(entry, "", None) for entry in changes.removed]),
        ("changed", [(change.entry, _fields(change), change) for change in rest]),
        ("moved", [(change.entry, _way(change), change) for change in moved]),
    )
    return (part for part in parts if part[1])


def _counts(changes: Changes) -> str:
    if not changes:
        return "nothing differs"
    counts = {heading: len(found) for heading, found in _parts(changes)}
    return ", ".join(f"{count} {heading}" for heading, count in counts.items())


def _fields(change: EntryChange) -> str:
    """The fields that differ, each with its languages where it does not in all of them."""
    named = [(field, " and ".join(change.only_in(field))) for field in change.fields]
    return ", ".join(f"{field} in {languages}" if languages else field for field, languages in named)


def _way(change: EntryChange) -> str:
    return ", ".join(dict.fromkeys(f"{text.before[0]} -> {text.after[0]}" for text in change.texts))


def _diffs(changes: Changes, change: EntryChange) -> Iterator[str]:
    for text in change.texts:
        place = f"{squeeze(change.entry.id)} {text.field} ({text.language})"
        yield text.diff(f"{changes.old.name} {place}", f"{changes.new.name} {place}")


def _diff_json(changes: Changes, text: TextChange) -> dict[str, str]:
    diff = text.diff(changes.old.name, changes.new.name)
    return {"field": text.field, "language": text.language, "text": diff}


def _made_of(contents: Contents) -> str:
    return f"{contents.name}: {_editions(contents.sources)}" if contents.sources else contents.name


def _editions(sources: Sequence[SourceState]) -> str:
    return ", ".join(f"{state.name} {state.edition} ({state.language})" for state in sources)
