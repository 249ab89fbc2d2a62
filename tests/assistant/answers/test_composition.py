from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.rankers import simple_rankers
from support.restated import LINES, LOG, LOG_LINE, ROTATE, ROTATE_LINE, restated

from assistant.answers import composition
from assistant.answers.citations import CitationError, check_citations
from assistant.answers.composition import FURTHEST, MAX_MAIN, RELATED, main_hits
from assistant.answers.records import Answer, Context, Gap, Origin, Part
from assistant.generate import ask
from kb.entries import Entry, Language, Related
from kb.errors import InputError
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.ranking.filters import Filters
from kb.ranking.search import Aspect, Hit, Retrieval
from kb.storage.builds import Build

AGENT = "How do I keep an agent from deleting records?"
KEYS = "How do I rotate the secret keys of agents?"
# Both aspects are answered by an entry of their own.
FLOODS_AND_LOOPS = (
    "How do floods of requests make the bill explode? How do agents loop forever and waste money?"
)

Built = Callable[..., KnowledgeBase]


@pytest.fixture
def built(home: Path) -> Built:
    """Makes a base of the small corpus with more or replaced entries."""

    def built(*entries: Entry) -> KnowledgeBase:
        ids = {entry.id for entry in entries}
        rest = [entry for entry in corpus() if entry.id not in ids]
        manifest = make_build(home, WordEncoder(), (*rest, *entries), SOURCES, MADE_AT)
        return KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())

    return built


def english(entry_id: str) -> Entry:
    return next(entry for entry in corpus() if (entry.id, entry.language) == (entry_id, Language.ENGLISH))


def stated(answer: Answer) -> list[tuple[Part, str, str]]:
    return [(statement.part, statement.id, statement.text) for statement in answer.statements]


def test_best_statement_leads_then_actions_then_facts(base: KnowledgeBase) -> None:
    assert stated(ask(base, AGENT)) == [
        (Part.LEAD, "GENSEC05-BP01", "A narrow role keeps an agent from deleting records."),
        (Part.DO, "GENSEC05-BP01", "Ask a person to approve refunds before the agent makes them."),
        (Part.DO, "GENSEC05-BP01", "Write one narrow role for each agent."),
        (Part.WHY, "GENSEC05-BP01", "Broad roles invite damage that nobody asked for."),
        (Part.WHY, "GENSEC05-BP01", "Every agent runs under a role that fits its one task."),
    ]


def test_step_that_answers_first_leads(base: KnowledgeBase) -> None:
    first = ask(base, "Set a timeout for every tool call?").statements[0]
    assert (first.part, first.text) == (Part.LEAD, "Set a timeout for every tool call.")


def test_answer_has_the_entries_of_its_aspects_each_with_its_statements(base: KnowledgeBase) -> None:
    assert stated(ask(base, FLOODS_AND_LOOPS)) == [
        (Part.LEAD, "LLM06:2026", "Floods of requests make the bill explode without limit."),
        (Part.DO, "LLM06:2026", "Cap the spend of every key each day."),
        (Part.DO, "GENSEC05-BP02", "Set a timeout for every tool call."),
        (Part.WHY, "GENSEC05-BP02", "A time limit ends agents that loop forever and waste money."),
    ]


def retrieval(*scores: float, named: Sequence[str] = (), confidence: float = 1.0) -> Retrieval:
    """Hits h1, h2 ... with the given scores."""
    hits = [
        Hit(replace(english("GENSEC05-BP01"), id=f"h{n}"), score, ()) for n, score in enumerate(scores, 1)
    ]
    return replace(EMPTY, hits=tuple(hits), named=tuple(named), confidence=confidence)


EMPTY = Retrieval(query=None, named=(), hits=(), covered=True, confidence=1.0)  # type: ignore[arg-type]


def aspect(*scores: float, confidence: float = 1.0) -> Aspect:
    """The scores of h1, h2 ... for an aspect."""
    by_id = {f"h{number}": score for number, score in enumerate(scores, 1)}
    return Aspect(query=None, scores=by_id, confidence=confidence)  # type: ignore[arg-type]


def main(question: Retrieval, *sides: Aspect) -> list[str]:
    return [one.hit.entry.id for one in main_hits(question, sides)]


def test_answer_is_made_of_the_best_hit_and_one_that_is_as_good() -> None:
    assert main(retrieval(10, 9, 8)) == ["h1"]
    assert main(retrieval(10, 9.5, 9.5)) == ["h1", "h2"]
    assert main(retrieval()) == []


def test_second_hit_of_a_question_with_aspects_may_be_less_good() -> None:
    one = aspect(9, 0, 0)
    assert main(retrieval(10, 9, 8), one, one) == ["h1", "h2"]
    assert main(retrieval(10, 8.5, 8), one, one) == ["h1"]


def test_answer_is_made_of_the_best_hits_for_its_aspects() -> None:
    third = aspect(0, 0, 9)
    assert main(retrieval(10, 8.5, 8), aspect(10, 0, 0), third) == ["h1", "h3"]
    assert main(retrieval(10, 8.5, 8), replace(third, confidence=0.8)) == ["h1"]
    assert main(retrieval(10, 8.5, 7.9), third) == ["h1"]  # too far behind for the whole question
    assert main(retrieval(10, 8.5, 8), aspect(0, 1.8, 0), third, aspect(9, 9, 9)) == ["h1", "h2", "h3"]


def test_hit_for_an_aspect_is_little_behind() -> None:
    first, second, third = main_hits(retrieval(10, 9.5, 8), [aspect(0, 9, 0), last := aspect(0, 0, 9)])
    assert (first.behind, first.aspect) == (0, None)
    assert second.behind == pytest.approx(0.05)
    assert (third.behind, third.aspect) == (FURTHEST, last)


def test_low_scores_are_no_measure_of_each_other() -> None:
    assert main(retrieval(0, -1, -2)) == ["h1"]
    assert main(retrieval(-1, -1.1, -3), aspect(0, 9, 0)) == ["h1"]


def test_answer_is_made_of_few_hits() -> None:
    sides = [aspect(*(9.0 * (n == place) for n in range(5))) for place in range(5)]
    assert main(retrieval(10, 9, 8.5, 8.2, 8), *sides) == ["h1", "h2", "h3"]
    assert MAX_MAIN == 3
    low = retrieval(10, 8, 8, 8, 8, 8, 8)
    assert main(low, aspect(0, 0, 0, 0, 0, 0, 99)) == ["h1"]  # only the first six take part


def test_named_entries_alone_make_the_answer() -> None:
    assert main(retrieval(10, 9, 8, named=("h3", "h2")), aspect(9, 0, 0)) == ["h2", "h3"]
    every = [f"h{number}" for number in range(1, 9)]
    assert main(retrieval(*range(8, 0, -1), named=every)) == every[:6]


def test_every_named_id_is_answered(base: KnowledgeBase) -> None:
    answer = ask(base, "gensec5")
    assert {s.id for s in answer.statements} == {"GENSEC05-BP01", "GENSEC05-BP02"}
    assert [hit.id for hit in answer.hits][:2] == ["GENSEC05-BP01", "GENSEC05-BP02"]
    pair = ask(base, "GENCOST03-BP01 and GENSEC05-BP02")
    assert {s.id for s in pair.statements} == {"GENCOST03-BP01", "GENSEC05-BP02"}


def test_line_of_the_catalogue_has_the_words_it_restates(built: Built) -> None:
    answer = ask(built(restated()), KEYS)
    said = {statement.text: statement for statement in answer.statements}
    assert answer.statements[0].text == ROTATE_LINE
    assert set(said) & set(LINES) == {ROTATE_LINE, LOG_LINE}
    for line, source in ((ROTATE_LINE, ROTATE), (LOG_LINE, LOG)):
        assert (said[line].origin, said[line].quote) == (Origin.GENLENS, source)
        assert said[line].url.endswith("/gensec01-bp01.html#guidance")
    assert ROTATE not in said  # its line says the same


def test_verbatim_answer_quotes_the_sources_alone(built: Built) -> None:
    answer = ask(built(restated()), KEYS, verbatim=True)
    assert [s.text for s in answer.statements] == [ROTATE, LOG]
    assert {s.origin for s in answer.statements} == {Origin.SOURCE}


def test_verbatim_answer_of_an_entry_without_its_page_is_empty(built: Built) -> None:
    base = built(restated(()))
    alone = ask(base, KEYS)
    assert {(s.origin, s.quote) for s in alone.statements if s.id == "GENSEC01-BP01"} == {
        (Origin.GENLENS, "")
    }
    assert not {s.id for s in ask(base, KEYS, verbatim=True).statements} & {"GENSEC01-BP01"}


def test_shown_statements_are_not_repeated(base: KnowledgeBase) -> None:
    first, *rest = [statement.text for statement in ask(base, AGENT).statements]
    again = ask(base, AGENT, context=Context("tell me more", frozenset([first, rest[0]])))
    assert [s.text for s in again.statements if s.part is not Part.RELATED] == rest[1:]
    assert again.statements[0].part is Part.LEAD
    everything = ask(base, AGENT, context=Context("tell me more", frozenset([first, *rest])))
    assert (everything.covered, everything.statements, everything.gap) == (False, (), Gap.NOTHING_NEW)


def test_follow_up_is_answered_for_the_words_typed(base: KnowledgeBase) -> None:
    typed = Context("And who has to approve refunds before the agent makes them?")
    lead = ask(base, f"{AGENT} — {typed.typed}", context=typed).statements[0]
    assert lead.text == "Ask a person to approve refunds before the agent makes them."
    assert ask(base, AGENT).statements[0].text == "A narrow role keeps an agent from deleting records."


def related(built: Built, *others: tuple[str, str]) -> KnowledgeBase:
    """The base with reasons for entries that are related to GENSEC05-BP01."""
    return built(replace(english("GENSEC05-BP01"), related=tuple(Related(*other) for other in others)))


def test_related_entries_come_last_with_the_reason(built: Built) -> None:
    base = related(built, ("LLM03:2026", "The risk behind broad roles."))
    answer = ask(base, AGENT)
    last = answer.statements[-1]
    assert (last.part, last.id, last.text) == (Part.RELATED, "LLM03:2026", "The risk behind broad roles.")
    assert last.origin is Origin.GENLENS
    assert last.passages[0].entry.title == "Excessive Agency"
    assert [s.part for s in answer.statements].count(Part.RELATED) == 1


def test_reason_that_no_cited_entry_has_is_refused(built: Built) -> None:
    base = related(built, ("LLM03:2026", "The risk behind broad roles."))
    *rest, last = ask(base, AGENT).statements
    check_citations(base, [*rest, last])
    with pytest.raises(CitationError, match=r"LLM03:2026 does not say 'Cats sleep\.'"):
        check_citations(base, [*rest, replace(last, text="Cats sleep.")])


def test_entry_that_says_nothing_new_brings_no_related_entry(built: Built) -> None:
    base = related(built, ("LLM03:2026", "The risk behind broad roles."))
    both = "GENSEC05-BP01 and GENSEC05-BP02"
    first = ask(base, both)
    assert (first.statements[-1].part, first.statements[-1].id) == (Part.RELATED, "LLM03:2026")
    said = frozenset(passage.text for passage in base.passages(base.entry("GENSEC05-BP01")).passages)
    again = ask(base, both, context=Context("more", said))
    assert {s.id for s in again.statements} == {"GENSEC05-BP02"}


def test_related_entries_are_at_most_two_and_hits_come_first(built: Built) -> None:
    base = related(
        built,
        ("LLM06:2026", "Loops cost money."),
        ("LLM06:2025", "The same risk before."),
        ("GENSEC05-BP02", "Limits in time."),
        ("LLM03:2026", "The risk."),
    )
    answer = ask(base, AGENT)
    hits = [hit.id for hit in answer.hits]
    ids = [s.id for s in answer.statements if s.part is Part.RELATED]
    assert hits.index("LLM03:2026") < hits.index("GENSEC05-BP02")
    assert ids == ["LLM03:2026", "GENSEC05-BP02"]
    assert RELATED == 2


def test_related_entries_pass_the_filters(built: Built) -> None:
    base = related(built, ("LLM03:2026", "The risk."), ("GENSEC05-BP02", "Limits in time."))
    practices = Filters(kinds=frozenset({"best_practice"}))
    ids = [s.id for s in ask(base, AGENT, practices).statements if s.part is Part.RELATED]
    assert ids == ["GENSEC05-BP02"]


def test_related_entry_that_answers_itself_is_not_told_again(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = related(built, ("LLM03:2026", "The risk."))
    monkeypatch.setattr(composition, "THRESHOLDS", composition.Thresholds(closer=0.0))
    answer = ask(base, AGENT)
    assert "LLM03:2026" in {s.id for s in answer.statements}
    assert Part.RELATED not in {s.part for s in answer.statements}


def test_related_entry_is_told_once_in_a_conversation(built: Built) -> None:
    base = related(built, ("LLM03:2026", "The risk."))
    again = ask(base, AGENT, context=Context("tell me more", frozenset(["The risk."])))
    assert again.covered
    assert Part.RELATED not in {s.part for s in again.statements}


def test_citations_follow_statements(base: KnowledgeBase) -> None:
    answer = ask(base, FLOODS_AND_LOOPS)
    ids = [passage.entry.id for passage in answer.citations]
    assert ids == list(dict.fromkeys(statement.id for statement in answer.statements))
    assert len(ids) > 1
    assert answer.citations[0].text == answer.statements[0].text


def test_statement_of_the_source_is_text_of_its_passage(base: KnowledgeBase) -> None:
    for statement in ask(base, AGENT).statements:
        assert [passage.text for passage in statement.passages] == [statement.text]
        assert (statement.origin, statement.quote) == (Origin.SOURCE, statement.text)


def test_statement_links_to_its_section(base: KnowledgeBase) -> None:
    step = next(s for s in ask(base, AGENT).statements if s.part is Part.DO)
    assert step.url.endswith("/gensec05-bp01.html#implementation-steps")
    assert step.passages[0].section.title == "Implementation steps"


def test_japanese_question_is_answered_from_japanese_text(base: KnowledgeBase) -> None:
    answer = ask(base, "権限を絞ると、エージェントが勝手に記録を消すことを防げますか")
    assert answer.language is Language.JAPANESE
    assert answer.statements[0].id == "GENSEC05-BP01"
    assert answer.statements[0].text == "権限を絞ると、エージェントが勝手に記録を消すことを防げます。"
    assert answer.statements[0].url.endswith("/gensec05-bp01.html")


def test_uncovered_question_has_topics_but_no_statements(base: KnowledgeBase) -> None:
    answer = ask(base, "Which cheese goes with red wine?")
    assert (answer.covered, answer.statements, answer.citations) == (False, (), ())


def test_blank_question_is_refused(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        ask(base, " \u200b ")
