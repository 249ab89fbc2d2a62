import pytest
from markdown_it import MarkdownIt

from assistant.answers.composition import ask
from assistant.render.escape import escape
from assistant.render.metrics import metrics_text
from assistant.render.text import (
    answer_json,
    answer_markdown,
    answer_sources,
    answer_text,
    entry_text,
    tree_text,
)
from kb.evaluation import Metrics
from kb.knowledge_base import KnowledgeBase

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil.test/a.png)",
    "[click](javascript:alert(1))",
    "http://evil.test www.evil.test a@evil.test",
    "**bold** _it_ ~~gone~~ `code` # head\n- item\n1. one\n> quote",
    "$x^2$ :red[text] :material/home: <!-- c --> &lt;b&gt; | a | b |",
    "\\[x\\](y) \\<b>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(escape(text.replace("\n", " ")))
    kinds = {child.type for token in tokens for child in token.children or []}
    shown = "".join(child.content for token in tokens for child in token.children or [])
    assert kinds <= {"text", "text_special"}
    assert shown == text.replace("\n", " ")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]


def test_letters_of_every_script_stay_as_they_are() -> None:
    assert escape("Ünï 権限 ok") == "Ünï 権限 ok"


def test_an_answer_reads_as_text(base: KnowledgeBase) -> None:
    answer = ask(base, "How do I keep an agent from deleting records?")
    assert answer_text(answer).splitlines()[:7] == [
        "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]",
        "",
        "What to do:",
        "1. Write one narrow role for each agent. [GENSEC05-BP01]",
        "2. Ask a person to approve refunds before the agent makes them. [GENSEC05-BP01]",
        "3. Review roles every quarter. [GENSEC05-BP01]",
        "",
    ]


def test_sources_are_listed_with_their_addresses(base: KnowledgeBase) -> None:
    answer = ask(base, "How do I keep an agent from deleting records?")
    lines = answer_sources(answer).splitlines()
    assert lines[0] == "[GENSEC05-BP01] Give agents only the permissions they need"
    assert lines[1] == f"   {answer.citations[0].url}"
    assert len(lines) == 2 * len(answer.citations)


def test_marks_in_markdown_link_to_the_section(base: KnowledgeBase) -> None:
    marked = answer_markdown(ask(base, "How do I keep an agent from deleting records?"))
    link = "[GENSEC05\\-BP01](https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)"
    assert marked.startswith(f"A narrow role keeps an agent from deleting records\\. {link}")
    assert "gensec05-bp01.html#implementation-steps)" in marked


def test_an_uncovered_question_names_the_nearest_topics(base: KnowledgeBase) -> None:
    record = answer_json(ask(base, "Which cheese costs less per token at the market of Paris?"))
    assert record["covered"] is False
    assert record["citations"] == []
    assert record["answer"].startswith("Not covered: ")
    assert "- Cache repeated prompts [GENCOST03-BP01]" in record["answer"]


def test_an_entry_reads_with_numbered_steps(base: KnowledgeBase) -> None:
    text = entry_text(base.entry("GENSEC05-BP02"))
    assert text.splitlines() == [
        "GENSEC05-BP02  Stop runaway agents",
        "Security",
        "How do you keep agents within bounds?",
        "Level of risk: Medium",
        "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp02.html",
        "",
        "INTRODUCTION",
        "A time limit ends agents that loop forever and waste money.",
        "",
        "IMPLEMENTATION STEPS",
        "1. Set a timeout for every tool call.",
        "2. Count the loops of each run.",
    ]


def test_the_tree_puts_practices_under_their_question(base: KnowledgeBase) -> None:
    assert tree_text(base.listed()).splitlines() == [
        "Security",
        "   GENSEC05  How do you keep agents within bounds?",
        "      GENSEC05-BP01  Give agents only the permissions they need  (High)",
        "      GENSEC05-BP02  Stop runaway agents  (Medium)",
        "Cost optimization",
        "      GENCOST03-BP01  Cache repeated prompts  (Low)",
        "genai-lens 2025-11-19",
        "   genai-lens/definitions  Definitions",
        "owasp-llm 2026",
        "   LLM03:2026  Excessive Agency",
        "   LLM06:2026  Unbounded Consumption",
        "owasp-llm 2025",
        "   LLM06:2025  Excessive Agency",
    ]


def test_metrics_read_as_a_table() -> None:
    table = metrics_text({"all": Metrics(3, 1 / 3, 0.5, 0.25, 0.75, 0.0)}).splitlines()
    assert table[0].split() == ["group", "n", "hit@1", "recall@5", "MRR@10", "nDCG@10", "abstained"]
    assert table[1].split() == ["all", "3", "0.333", "0.500", "0.250", "0.750", "0.000"]
