from assistant.generate import ask
from assistant.render.text import answer_sources, answer_text, entry_text, tree_text
from kb.knowledge_base import KnowledgeBase

AGENT = "How do I keep an agent from deleting records?"


def test_answer_has_ids_headings_and_numbers(base: KnowledgeBase) -> None:
    answer = ask(base, AGENT)
    assert answer_text(answer).splitlines()[:7] == [
        "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]",
        "",
        "What to do:",
        "1. Write one narrow role for each agent. [GENSEC05-BP01]",
        "2. Ask a person to approve refunds before the agent makes them. [GENSEC05-BP01]",
        "3. Review roles every quarter. [GENSEC05-BP01]",
        "",
    ]


def test_sources_have_addresses(base: KnowledgeBase) -> None:
    answer = ask(base, AGENT)
    lines = answer_sources(answer).splitlines()
    assert lines[0] == "[GENSEC05-BP01] Give agents only the permissions they need"
    assert lines[1] == f"   {answer.citations[0].url}"
    assert len(lines) == 2 * len(answer.citations)


def test_entry_has_numbered_steps(base: KnowledgeBase) -> None:
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


def test_tree_has_practices_below_their_question(base: KnowledgeBase) -> None:
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
