from assistant.generate import ask
from assistant.render.markdown import answer_markdown
from kb.knowledge_base import KnowledgeBase


def test_marks_link_to_the_section(base: KnowledgeBase) -> None:
    marked = answer_markdown(ask(base, "How do I keep an agent from deleting records?"))
    link = "[GENSEC05\\-BP01](https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)"
    assert marked.startswith(f"A narrow role keeps an agent from deleting records\\. {link}")
    assert "gensec05-bp01.html#implementation-steps)" in marked


def test_uncovered_question_has_a_list_of_topics(base: KnowledgeBase) -> None:
    lines = answer_markdown(
        ask(base, "Which cheese costs less per token at the market of Paris?")
    ).splitlines()
    assert lines[0].startswith("Not covered\\: ")
    assert lines[1] == ""
    assert "- Cache repeated prompts (GENCOST03\\-BP01)" in lines[2:]
