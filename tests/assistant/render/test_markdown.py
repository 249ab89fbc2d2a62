from support.restated import ROTATE, restated

from assistant.answers.records import Answer, Origin, Part, Statement
from assistant.generate import ask
from assistant.render.markdown import answer_markdown, statement_markdown
from kb.entries import Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase


def test_marks_link_to_the_section(base: KnowledgeBase) -> None:
    marked = answer_markdown(ask(base, "How do I keep an agent from deleting records?"))
    link = "[GENSEC05-BP01](https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)"
    assert marked.startswith(f"A narrow role keeps an agent from deleting records. {link}")
    assert "gensec05-bp01.html#implementation-steps)" in marked


def test_uncovered_question_has_a_list_of_topics(base: KnowledgeBase) -> None:
    lines = answer_markdown(
        ask(base, "Which cheese costs less per token at the market of Paris?")
    ).splitlines()
    assert lines[0].startswith("Not covered: ")
    assert lines[1] == ""
    assert "- Cache repeated prompts (GENCOST03-BP01)" in lines[2:]


def test_several_entries_have_bold_headings_and_steps_are_numbered(base: KnowledgeBase) -> None:
    lines = answer_markdown(ask(base, "GENSEC05-BP01 and GENSEC05-BP02")).splitlines()
    assert lines[2:4] == ["**Give agents only the permissions they need \\[GENSEC05-BP01\\]**", ""]
    assert lines[4].startswith("1. Write one narrow role for each agent. [GENSEC05-BP01](")
    assert lines[5].startswith("- Broad roles invite damage that nobody asked for. ")
    assert lines[9] == "**Stop runaway agents \\[GENSEC05-BP02\\]**"
    assert lines[11].startswith("1. Set a timeout for every tool call. [GENSEC05-BP02](")


def test_sub_items_are_a_nested_list_and_restated_words_have_a_star() -> None:
    text = "Monitor *it*\nCount calls"
    passage = Passage(restated(), 0, 0, len(ROTATE))
    step = Statement(Part.DO, text, (passage,), origin=Origin.GENLENS)
    first, second = statement_markdown(step, Language.ENGLISH).splitlines()
    assert first.startswith("Monitor \\*it\\* [GENSEC01-BP01](https://")
    assert first.endswith("#guidance)\\*")
    assert second == "   - Count calls"
    answer = Answer("Q?", Language.ENGLISH, True, 1.0, (step,), (passage,), (), "b1")
    assert answer_markdown(answer).splitlines()[-1].startswith("\\* Restated by genlens")


def test_related_entry_has_its_title_and_the_reason(base: KnowledgeBase) -> None:
    passage = Passage(base.entry("LLM03:2026"), 0, 0, 8)
    related = Statement(Part.RELATED, "The risk.", (passage,), origin=Origin.GENLENS)
    assert statement_markdown(related, Language.ENGLISH).startswith(
        "Excessive Agency: The risk. [LLM03:2026]("
    )


def test_unknown_id_is_a_note_and_a_gap_has_its_reason(base: KnowledgeBase) -> None:
    told = answer_markdown(ask(base, "What do GENSEC05-BP01 and GENSEC05-BP07 say?"))
    assert told.splitlines()[0] == "*GENSEC05-BP07: not in this build.*"
    gap = answer_markdown(ask(base, "GENSEC05-BP07"))
    assert gap.splitlines()[0] == "GENSEC05-BP07: not in this build. The nearest ids:"
