"""The statements of any text, each checked against the entries it names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from assistant.faithfulness.basis import Evidence, rests_on
from assistant.faithfulness.checks import doubts_of
from assistant.faithfulness.findings import DoubtKind, Finding
from assistant.faithfulness.stream import split_stream
from kb.entries import Entry, Kind, Language
from kb.errors import InputError
from kb.files import read_records
from kb.ids import find_ids, parse_id, question_of
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase
from kb.text import fold, is_japanese, squeeze

# Characters of a text that is checked.
MAX_TEXT = 100_000
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement and the ids of the entries that shall support it, in order; they may be unknown."""

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim, the doubts about it, and the words of the sources it rests on, best first."""

    claim: Claim
    doubts: tuple[Finding, ...]
    rests_on: tuple[Passage, ...]

    @property
    def supported(self) -> bool:
        """True without doubts."""
        return not self.doubts


class ClaimCheck:
    """Checks claims against the entries of one build."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base
        self._evidence: dict[tuple[tuple[str, ...], Language], Evidence] = {}

    def text(self, text: str) -> tuple[CheckedClaim, ...]:
        """Every statement of a text in order, checked.

        :raises InputError: the text has no statement, or is too long.
        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        if len(text) > MAX_TEXT:
            raise InputError(
                f"the text has {len(text):,} characters, expected at most {MAX_TEXT:,}; check it in parts"
            )
        claims = tuple(claims_in(text, self._base.editions[0]))
        if not claims:
            raise InputError("the text has no statement, expected sentences with ids such as GENSEC05-BP01")
        return tuple(map(self.claim, claims))

    def claim(self, claim: Claim) -> CheckedClaim:
        """One claim, checked.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        if not claim.ids:
            return CheckedClaim(claim, (Finding(DoubtKind.UNCITED, "no id"),), ())
        if unknown := [entry_id for entry_id in claim.ids if not self._base.has(entry_id)]:
            return CheckedClaim(claim, tuple(Finding(DoubtKind.UNKNOWN_ID, one) for one in unknown), ())
        language = Language.JAPANESE if is_japanese(claim.text) else Language.ENGLISH
        key = (claim.ids, language)
        if key not in self._evidence:
            self._evidence[key] = Evidence(self._base, self._entries(claim.ids, language))
        basis = self._evidence[key].basis(claim.text, language)
        return CheckedClaim(claim, doubts_of(basis), rests_on(basis))

    def _entries(self, ids: Iterable[str], language: Language) -> Iterator[Entry]:
        """The entries with some ids; a question of the lens stands for its best practices."""
        for entry_id in ids:
            entry = self._base.entry(entry_id, language)
            if entry.kind is not Kind.QUESTION:
                yield entry
                continue
            yield from (
                one for one in self._base.listed(language) if question_of(one.id) == entry_id != one.id
            )


class _Line(BaseModel):
    """A line of a file of claims."""

    id: str
    entry: str
    claim: str


def read_claims(file: Path, newest_edition: str) -> Iterator[tuple[str, Claim]]:
    """The claims of a file in order, each with its own id; other fields of its lines are passed over.

    :raises RecordError: a line is not a claim; the message names file, line and field.
    """
    for line in read_records(file, TypeAdapter(_Line), skip_blank=True):
        yield line.id, Claim(line.claim, (parse_id(line.entry, newest_edition) or line.entry,))


def claims_in(text: str, newest_edition: str) -> Iterator[Claim]:
    """The statements of a text with the ids they name, without the ids.

    A statement without an id has those of the next one in its paragraph, or else of the last one before it:
    people name an entry once for what they say about it.
    """
    for paragraph in text.splitlines():
        found = [
            _named(sentence.text, sentence.keys, newest_edition) for sentence in split_stream([paragraph])
        ]
        for place, claim in enumerate(found):
            around = [*found[place:], *reversed(found[:place])]
            ids = next((one.ids for one in around if one.ids), ())
            if claim.text:
                yield Claim(claim.text, ids)


def _named(text: str, keys: Sequence[str], newest_edition: str) -> Claim:
    """A statement without the ids in it, and these ids."""
    folded = fold(text)
    ids = [match.id for key in keys for match in find_ids(key, newest_edition)]
    rest = folded
    for match in reversed(find_ids(folded, newest_edition)):
        ids.append(match.id)
        rest = f"{rest[: match.start].rstrip('([「 ')} {rest[match.end :].lstrip(')]」: ')}"
    plain = _SPACE_BEFORE_MARK.sub(r"\1", squeeze(rest)).strip(" ,;:-")
    return Claim(plain if any(c.isalpha() for c in plain) else "", tuple(dict.fromkeys(ids)))
