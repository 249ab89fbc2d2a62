"""The choice of passages for a question, with vectors and priors that are easy to add up by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from support.corpus import practice, prose
from support.encoder import WordEncoder
from support.hits import even
from support.restated import LOG, LOG_LINE, OTHER_NUMBER, OTHER_SUBJECT, ROTATE, ROTATE_LINE, restated

from assistant.answers.intent import Intent
from assistant.answers.selection import MOST, ROOM, SAME, WEIGHTS, Wanted, choose, pool_of
from kb.embedding.encoder import Vectors
from kb.entries import Entry, Item, Language, Marker, RiskLevel, Role, Section
from kb.index.passage_table import EntryPassages
from kb.index.passages import quotable
from kb.index.support import supports
from kb.text import terms

WALLS = "The walls of the office are green."
ROOFS = "The roofs of the office are brown."
DOORS = "The doors of the office are white."
TILES = "The tiles of the office are yellow."
NOTHING = Wanted((), None)


def entry_of(*sections: Section, name: str = "GENSEC05-BP01") -> Entry:
    return practice(name, "Title", RiskLevel.HIGH, *sections)


def guidance(*paragraphs: str, name: str = "GENSEC05-BP01") -> Entry:
    return entry_of(prose("Guidance", Role.GUIDANCE, *paragraphs), name=name)


def passages_of(entry: Entry, vectors: Sequence[Sequence[float]] | None = None) -> EntryPassages:
    """The passages of an entry, with the vectors of their words or with the given ones."""
    passages = tuple(quotable(entry))
    by_words = WordEncoder().encode([passage.text for passage in passages])
    chosen: Vectors = by_words if vectors is None else np.array(vectors, dtype=np.float32)
    own = tuple(frozenset(terms(passage.text)) for passage in passages)
    return EntryPassages(passages, supports(passages, by_words, even), chosen, own)


def asked(*vector: float) -> Wanted:
    return Wanted((), np.array(vector, dtype=np.float32))


def chosen(
    *entries: EntryPassages,
    question: Wanted = NOTHING,
    aspects: Sequence[Wanted] = (),
    intent: Intent = Intent.ACTION,
    shown: Sequence[str] = (),
    verbatim: bool = False,
) -> list[str]:
    pool = pool_of(entries, verbatim=verbatim)
    return [choice.passage.text for choice in choose(pool, question, aspects, intent, even, shown)]


def test_passages_nearest_to_the_question_come_first() -> None:
    office = passages_of(guidance(WALLS, ROOFS, DOORS), [[0.6, 0.8, 0], [0.1, 0, 0.9], [1, 0, 0]])
    assert chosen(office, question=asked(1, 0, 0)) == [DOORS, WALLS, ROOFS]


def test_passages_with_the_words_of_the_question_come_first_without_a_vector() -> None:
    office = passages_of(guidance(WALLS, ROOFS, DOORS), [[0.0]] * 3)
    assert chosen(office, question=Wanted(("brown", "roof"), None)) == [ROOFS, WALLS, DOORS]


def test_rare_words_weigh_more() -> None:
    office = pool_of([passages_of(guidance(WALLS, ROOFS), [[0.0]] * 2)], verbatim=False)
    question = Wanted(("wall", "brown"), None)
    choices = choose(office, question, [], Intent.ACTION, lambda term: 9.0 if term == "brown" else 1.0)
    assert [choice.passage.text for choice in choices] == [ROOFS, WALLS]


def test_passage_that_repeats_a_chosen_one_comes_later() -> None:
    # WALLS 0.8 first; then ROOFS 0.796 - 0.5 * 0.7 for its likeness to WALLS, and DOORS 0.5.
    office = passages_of(guidance(WALLS, ROOFS, DOORS), [[1, 0, 0], [0.7, 0, 0.714], [0, 1, 0]])
    assert chosen(office, question=asked(0.8, 0.5, 0.33)) == [WALLS, DOORS, ROOFS]


def test_passage_that_says_the_same_as_a_chosen_one_is_left_out() -> None:
    near, far = SAME + 0.01, SAME - 0.01
    for cosine, expected in ((near, [WALLS]), (far, [WALLS, ROOFS])):
        office = passages_of(guidance(WALLS, ROOFS), [[1, 0], [cosine, (1 - cosine**2) ** 0.5]])
        assert chosen(office, question=asked(1, 0)) == expected


def test_every_aspect_is_served() -> None:
    office = passages_of(guidance(WALLS, ROOFS, DOORS), [[1, 0, 0], [0.7, 0, 0.714], [0, 1, 0]])
    whole = asked(0.95, 0.31, 0)
    assert chosen(office, question=whole) == [WALLS, ROOFS, DOORS]
    aspects = [asked(1, 0, 0), asked(0, 1, 0)]
    assert chosen(office, question=whole, aspects=aspects) == [WALLS, DOORS, ROOFS]


def test_entry_that_is_not_cited_yet_comes_before_more_of_the_first() -> None:
    first = passages_of(guidance(WALLS, ROOFS), [[1, 0, 0], [0.3, 0.95, 0]])
    other = passages_of(guidance(DOORS, name="GENSEC05-BP02"), [[0.2, 0, 0.98]])
    # ROOFS 0.3 - 0.15; DOORS 0.2 - 0.1 + 0.2.
    assert chosen(first, other, question=asked(1, 0, 0)) == [WALLS, DOORS, ROOFS]


def test_shown_passages_are_not_said_again() -> None:
    office = passages_of(guidance(WALLS, ROOFS, DOORS), [[1, 0], [0.9, 0.43], [0.5, 0.87]])
    assert chosen(office, question=asked(1, 0), shown=[WALLS, DOORS]) == [ROOFS]
    assert chosen(office, question=asked(1, 0), shown=[WALLS, DOORS, ROOFS]) == []


def test_sections_have_an_order_if_all_else_is_equal() -> None:
    roles = {
        Role.BENEFITS: "Benefits are told in this place.",
        Role.OUTCOME: "Outcomes are told in this place.",
        Role.EXAMPLES: "Examples are told in this place.",
        Role.INTRODUCTION: "Openings are told in this place.",
        Role.GUIDANCE: "Guidance is told in this place.",
    }
    sections = [prose("Section", role, text) for role, text in roles.items()]
    equal = passages_of(entry_of(*sections), [[0.0]] * 5)
    assert chosen(equal) == list(roles.values())[::-1]


def test_sentence_about_the_page_comes_last() -> None:
    about = "After implementing the practice, the office is safe."
    equal = passages_of(guidance(about, WALLS, ROOFS), [[0.0]] * 3)
    assert chosen(equal) == [WALLS, ROOFS, about]


def test_passage_that_fits_the_intent_comes_first() -> None:
    painted = "The office is painted every month."
    equal = passages_of(guidance(WALLS, painted), [[0.0]] * 2)
    assert chosen(equal) == [WALLS, painted]
    assert chosen(equal, intent=Intent.TIME) == [painted, WALLS]


def test_line_of_the_catalogue_comes_before_the_words_it_restates() -> None:
    keys = restated((ROTATE,), (ROTATE_LINE,))
    pool = pool_of([passages_of(keys, [[0.0]] * 2)], verbatim=False)
    line, source = choose(pool, NOTHING, [], Intent.ACTION, even)
    assert (line.passage.text, [span.text for span in line.support]) == (ROTATE_LINE, [ROTATE])
    assert (source.passage.text, source.support) == (ROTATE, ())
    assert line.entry == keys


def test_only_lines_that_the_page_supports_may_be_said() -> None:
    keys = passages_of(restated())
    assert [p.text for p in pool_of([keys], verbatim=False).passages] == [ROTATE, LOG, ROTATE_LINE, LOG_LINE]


def test_verbatim_leaves_all_lines_of_the_catalogue_out() -> None:
    assert [p.text for p in pool_of([passages_of(restated())], verbatim=True).passages] == [ROTATE, LOG]
    alone = pool_of([passages_of(restated(()))], verbatim=True)
    assert len(alone) == 0
    assert choose(alone, NOTHING, [], Intent.ACTION, even) == []


def test_lines_of_an_entry_without_its_page_stand_alone() -> None:
    pool = pool_of([passages_of(restated(()))], verbatim=False)
    assert [p.text for p in pool.passages] == [ROTATE_LINE, LOG_LINE, OTHER_NUMBER, OTHER_SUBJECT]
    assert pool.supports == ((),) * 4


def test_pool_knows_the_entry_of_each_passage() -> None:
    pool = pool_of(
        [passages_of(restated()), passages_of(guidance(WALLS, name="GENSEC05-BP02"))], verbatim=True
    )
    assert pool.owners.tolist() == [0, 0, 1]
    assert len(pool) == len(pool.vectors) == len(pool.terms) == 3


def test_passages_of_an_entry_behind_the_best_come_later() -> None:
    first = passages_of(guidance(WALLS), [[0.6, 0.8]])
    second = passages_of(guidance(ROOFS, name="GENSEC05-BP02"), [[1, 0]])
    question = asked(1, 0)
    for behind, order in ((0.1, [ROOFS, WALLS]), (0.3, [WALLS, ROOFS])):
        pool = pool_of([first, second], [0.0, behind], verbatim=False)
        assert [c.passage.text for c in choose(pool, question, [], Intent.ACTION, even)] == order
    assert WEIGHTS.behind == 2.0


@pytest.mark.parametrize(
    ("intent", "first"),
    [(Intent.ACTION, ROOFS), (Intent.TEST, ROOFS), (Intent.REASON, WALLS)],
)
def test_action_leads_unless_reasons_are_asked_for(intent: Intent, first: str) -> None:
    office = entry_of(prose("Guidance", Role.GUIDANCE, WALLS, DOORS), steps(ROOFS, TILES))
    # The first number is the cosine with the question; the others keep the passages apart.
    near = [[0.9, 0.436, 0, 0, 0], [0.6, 0, 0, 0.8, 0], [0.8, 0, 0.6, 0, 0], [0.5, 0, 0, 0, 0.866]]
    order = chosen(passages_of(office, near), question=asked(1, 0, 0, 0, 0), intent=intent)
    assert order[0] == first
    assert order.index(DOORS) < order.index(TILES)  # the bonus is for the first passage alone


def test_answer_has_room_for_some_characters() -> None:
    long = [f"{word * 80}." for word in ("walls", "roofs", "doors", "tiles")]
    short, shortest = "Paint the desks of the office.", "Light the lamps of the office."
    assert ([len(text) for text in long], len(short), ROOM[Language.ENGLISH]) == ([401] * 4, 30, 1230)
    office = passages_of(entry_of(steps(*long[:3], shortest, long[3], short)), [[0.0]] * 6)
    # 3 * 401 leave 27 characters, too few for the short ones.
    assert chosen(office) == long[:3]
    assert chosen(office, shown=[long[0], long[1]]) == [long[2], shortest, long[3], short]


def steps(*texts: str) -> Section:
    return Section("Steps", Role.STEPS, tuple(Item(text, Marker.NUMBER) for text in texts))


def test_answer_has_a_limited_number_of_statements() -> None:
    texts = [f"Step {number} is to paint a wall green." for number in range(MOST + 3)]
    office = passages_of(entry_of(steps(*texts)), [[0.0]] * len(texts))
    assert chosen(office) == texts[:MOST]


@pytest.mark.parametrize(("language", "room"), [(Language.ENGLISH, 1230), (Language.JAPANESE, 520)])
def test_room_depends_on_the_language(language: Language, room: int) -> None:
    length = 104
    texts = [f"{'絞' * (length - 2)}{number}。" for number in "あいうえおかきくけ"]
    entry = practice("GENSEC05-BP01", "題", RiskLevel.HIGH, steps(*texts), language=language)
    count = min(room // length, MOST)
    assert chosen(passages_of(entry, [[0.0]] * len(texts))) == texts[:count]
