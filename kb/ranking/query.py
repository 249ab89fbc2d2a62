"""What people type, checked and cut into terms."""

from collections import Counter
from dataclasses import dataclass

from kb.entries import Language
from kb.errors import InputError
from kb.ranking.gist import question_in
from kb.text import is_japanese, squeeze, terms

# Characters of a question, and of what may be pasted.
MAX_QUESTION, MAX_TYPED = 4_000, 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question: its cleaned text, language, terms in order, and phrases that must occur."""

    text: str
    language: Language
    terms: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]

    @property
    def weights(self) -> dict[str, float]:
        """The number of occurrences of each term."""
        return dict(Counter(self.terms))


def read_query(typed: str) -> Query:
    """The query in a typed text; parts in double quotes are phrases.

    :raises InputError: the text is blank or longer than MAX_TYPED characters.
    """
    return _query(_checked(typed))


def read_question(typed: str) -> Query:
    """The question in a typed or pasted text; code, logs, tables and greetings are set aside.

    :raises InputError: the text is blank or longer than MAX_TYPED characters.
    """
    _checked(typed)
    return _query(question_in(typed))


def part_of(query: Query, text: str) -> Query:
    """A part of a query as a query in the same language."""
    return Query(text, query.language, tuple(terms(text)), ())


def _checked(typed: str) -> str:
    """The text on one line.

    :raises InputError: the text is blank, too long, or not text.
    """
    if len(typed) > MAX_TYPED:
        raise InputError(
            f"the question has {len(typed):,} characters, expected at most {MAX_TYPED:,}; "
            "leave out logs and code"
        )
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise InputError("the question is not text: it has bytes that are not UTF-8") from None
    text = squeeze(typed)
    if not any(character.isalnum() for character in text):
        raise InputError(
            "the question is empty, expected a few words or an id; for example: genlens ask 'prompt caching'"
        )
    return text


def _query(text: str) -> Query:
    quoted = text.replace("“", '"').replace("”", '"').split('"')
    phrases = tuple(tuple(terms(part)) for part in quoted[1:-1:2] if terms(part))
    language = Language.JAPANESE if is_japanese(text) else Language.ENGLISH
    return Query(text, language, tuple(terms(text)), phrases)
