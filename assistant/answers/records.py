"""The records of an answer: statements, the passages that support them, and the answer itself."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kb.entries import Language
from kb.entries import Origin as Author
from kb.index.passages import Passage


class Part(StrEnum):
    """The function of a statement in an answer."""

    LEAD = "lead"
    SAID = "said"
    DO = "do"
    WHY = "why"
    RELATED = "related"


class Origin(StrEnum):
    """The author of a statement: the source, word for word, genlens, or a language model."""

    SOURCE = "source"
    GENLENS = "genlens"
    MODEL = "model"


def origin_of(passage: Passage) -> Origin:
    """The author of the words of a passage: the source, or genlens."""
    return Origin.SOURCE if passage.origin is Author.SITE else Origin.GENLENS


class Gap(StrEnum):
    """The reason why a question has no answer."""

    NOT_COVERED = "not_covered"
    HIDDEN = "hidden"
    UNKNOWN_ID = "unknown_id"
    LANGUAGE = "language"
    NOTHING_NEW = "nothing_new"
    NO_SOURCE = "no_source"


class Doubt(StrEnum):
    """The reason to mistrust a sentence of a language model."""

    UNCITED = "uncited"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or step of an answer, and the passages that support it, best first.

    A statement in doubt has no passages. The passage of a statement of genlens is the span of the page it
    restates, or its own line in a build without the page.
    """

    part: Part
    text: str
    passages: tuple[Passage, ...]
    doubt: Doubt | None = None
    origin: Origin = Origin.SOURCE

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the supporting entries, best first."""
        return tuple(dict.fromkeys(passage.entry.id for passage in self.passages))

    @property
    def id(self) -> str:
        """The id of the best supporting entry; empty in doubt."""
        return self.passages[0].entry.id if self.passages else ""

    @property
    def url(self) -> str:
        """The address of the best supporting section; empty in doubt."""
        return self.passages[0].url if self.passages else ""

    @property
    def quote(self) -> str:
        """The words of the source that support it, joined by " … "; empty in a build without them."""
        return " … ".join(p.text for p in self.passages if p.origin is Author.SITE)

    @property
    def supported(self) -> bool:
        """True unless the statement is in doubt."""
        return self.doubt is None


@dataclass(frozen=True, slots=True)
class Context:
    """A conversation before a question: the words typed last, and the statements already shown.

    `typed` is empty for a question that stands alone.
    """

    typed: str = ""
    shown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EntryRef:
    """The id and title of an entry."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a language model read and wrote; `estimated` if its server did not count them.

    `cost` is in US dollars at the prices of the date `priced`; both are None for unknown prices. `cached` is
    True for a cached response, which costs nothing.
    """

    model: str
    read: int
    written: int
    estimated: bool
    cached: bool = False
    cost: float | None = None
    priced: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: statements in reading order, and the first passage cited of each entry.

    An answer that is not `covered` has neither; `gap` is the reason, and its `hits` are the nearest topics.
    `confidence` is in [0, 1]. `unknown` are ids in the question that are not in the build. `note` is one line
    on why a configured language model did not write the answer, or empty; `usage` is None if no model was
    asked.
    """

    question: str
    language: Language
    covered: bool
    confidence: float
    statements: tuple[Statement, ...]
    citations: tuple[Passage, ...]
    hits: tuple[EntryRef, ...]
    build: str
    note: str = ""
    usage: Usage | None = None
    gap: Gap | None = None
    unknown: tuple[str, ...] = ()
