from dataclasses import replace
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.rankers import simple_rankers
from support.restated import LOG_LINE, ROTATE, ROTATE_LINE, restated

from assistant.answers.citations import CitationError, check_citations, citations_of
from assistant.answers.records import Origin, Part, Statement
from assistant.generate import ask
from kb.entries import Item, Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

AGENT = "How do I keep an agent from deleting records?"


@pytest.fixture
def cited(base: KnowledgeBase) -> Passage:
    """The first sentence of the introduction of GENSEC05-BP01."""
    return Passage(base.entry("GENSEC05-BP01"), 0, 0, 51)


def statement(*passages: Passage) -> Statement:
    return Statement(Part.LEAD, passages[0].text, passages)


def test_citations_have_each_entry_once_in_order_of_first_use(base: KnowledgeBase, cited: Passage) -> None:
    later, other = Passage(cited.entry, 1, 0, 5), Passage(base.entry("LLM03:2026"), 0, 0, 8)
    assert citations_of([statement(cited), statement(other, later), statement(later)]) == (cited, other)


def test_answer_of_build_passes(base: KnowledgeBase) -> None:
    check_citations(base, ask(base, AGENT).statements)


@pytest.mark.parametrize(("start", "end"), [(0, 50), (2, 13), (0, 100)])
def test_any_span_of_section_passes(base: KnowledgeBase, cited: Passage, start: int, end: int) -> None:
    check_citations(base, [statement(replace(cited, start=start, end=end))])


@pytest.mark.parametrize(
    ("section_index", "start", "end"),
    [(0, 0, 101), (0, 51, 51), (0, 51, 40), (0, -1, 40), (1, 0, 56), (4, 0, 1), (-1, 0, 1)],
    ids=[
        "after the end",
        "empty",
        "reversed",
        "before the start",
        "longer than another section",
        "no section",
        "negative section",
    ],
)
def test_span_outside_section_is_refused(
    base: KnowledgeBase, cited: Passage, section_index: int, start: int, end: int
) -> None:
    passage = replace(cited, section_index=section_index, start=start, end=end)
    wrong = Statement(Part.SAID, "Said by a model.", (passage,), origin=Origin.MODEL)
    with pytest.raises(CitationError, match=f"no text at {start} to {end} of section {section_index}"):
        check_citations(base, [wrong])


def test_unknown_id_is_refused(base: KnowledgeBase, cited: Passage) -> None:
    unknown = replace(cited, entry=replace(cited.entry, id="GENSEC05-BP03"))
    with pytest.raises(CitationError, match=f"GENSEC05-BP03 is not in build {base.build}"):
        check_citations(base, [statement(unknown)])


def test_id_of_another_entry_is_refused(base: KnowledgeBase, cited: Passage) -> None:
    renamed = replace(cited, entry=replace(cited.entry, id="GENSEC05-BP02"))
    with pytest.raises(CitationError, match="GENSEC05-BP02 differs from build"):
        check_citations(base, [statement(renamed)])


def test_altered_word_is_refused(base: KnowledgeBase, cited: Passage) -> None:
    text = cited.section.text.replace("deleting", "reading")
    sections = (replace(cited.section, items=(Item(text),)), *cited.entry.sections[1:])
    altered = replace(cited, entry=replace(cited.entry, sections=sections))
    with pytest.raises(CitationError, match="GENSEC05-BP01 differs from build"):
        check_citations(base, [statement(altered)])


def test_japanese_version_of_entry_passes(base: KnowledgeBase) -> None:
    japanese = ask(base, "権限を絞ると、エージェントが勝手に記録を消すことを防げますか")
    check_citations(base, japanese.statements)
    assert japanese.statements[0].passages[0].entry.language is Language.JAPANESE


def test_every_passage_is_checked_not_only_the_first_of_an_entry(
    base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr(
        "assistant.answers.citations._check", lambda _base, passage: checked.append(passage.text)
    )
    answer = ask(base, AGENT)
    assert checked == [statement.text for statement in answer.statements]
    assert len(checked) > len(answer.citations)


@pytest.mark.parametrize(
    "text",
    [
        "A narrow role keeps an agent from reading records.",
        "A narrow role keeps an agent from deleting records",
        "A narrow role",
        "Broad roles invite damage that nobody asked for.",
        "",
    ],
)
def test_words_that_the_passage_does_not_have_are_refused(
    base: KnowledgeBase, cited: Passage, text: str
) -> None:
    with pytest.raises(CitationError, match=r"^GENSEC05-BP01 does not say '.*'; the answer is withheld$"):
        check_citations(base, [Statement(Part.LEAD, text, (cited,))])


@pytest.fixture
def keys(home: Path) -> tuple[KnowledgeBase, Passage]:
    """A base with lines of the catalogue, and the first sentence of their page."""
    manifest = make_build(home, WordEncoder(), (*corpus(), restated()), SOURCES, MADE_AT)
    base = KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())
    return base, Passage(base.entry("GENSEC01-BP01"), 0, 0, len(ROTATE))


def test_line_of_the_catalogue_passes_with_the_words_it_restates(keys: tuple[KnowledgeBase, Passage]) -> None:
    base, source = keys
    check_citations(base, [Statement(Part.DO, ROTATE_LINE, (source,), origin=Origin.GENLENS)])
    check_citations(base, [Statement(Part.DO, LOG_LINE, (source,), origin=Origin.GENLENS)])


@pytest.mark.parametrize(
    "text",
    [
        ROTATE,  # of the page, not of genlens
        ROTATE_LINE.replace("30", "60"),
        "Write one narrow role for each agent.",  # of another entry
    ],
)
def test_words_that_the_catalogue_does_not_have_are_refused(
    keys: tuple[KnowledgeBase, Passage], text: str
) -> None:
    base, source = keys
    with pytest.raises(CitationError, match="GENSEC01-BP01 does not say "):
        check_citations(base, [Statement(Part.DO, text, (source,), origin=Origin.GENLENS)])


def test_line_of_the_catalogue_is_not_passed_off_as_the_source(keys: tuple[KnowledgeBase, Passage]) -> None:
    base, source = keys
    line = Passage(source.entry, 1, 0, len(ROTATE_LINE))
    assert line.text == ROTATE_LINE
    with pytest.raises(CitationError, match="GENSEC01-BP01 does not say 'Rotate the secret keys of an"):
        check_citations(base, [Statement(Part.DO, ROTATE_LINE, (line,))])


def test_sentence_of_a_model_is_not_compared_with_the_source(base: KnowledgeBase, cited: Passage) -> None:
    check_citations(base, [Statement(Part.SAID, "Narrow roles help.", (cited,), origin=Origin.MODEL)])
    check_citations(base, [Statement(Part.SAID, "Cats sleep.", (), origin=Origin.MODEL)])
