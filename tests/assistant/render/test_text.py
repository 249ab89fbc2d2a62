from dataclasses import replace

from support.corpus import practice, prose
from support.restated import ROTATE, ROTATE_LINE, restated

from assistant.answers.records import Answer, EntryRef, Gap, Origin, Part, Statement
from assistant.generate import ask
from assistant.render.text import answer_sources, answer_text, answer_with_sources, entry_text, tree_text
from kb.entries import Language, RiskLevel, Role
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase

AGENT = "How do I keep an agent from deleting records?"


def test_answer_has_ids_headings_and_numbers(base: KnowledgeBase) -> None:
    assert answer_text(ask(base, AGENT)).splitlines() == [
        "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]",
        "",
        "What to do:",
        "1. Ask a person to approve refunds before the agent makes them. [GENSEC05-BP01]",
        "2. Write one narrow role for each agent. [GENSEC05-BP01]",
        "",
        "Good to know:",
        "- Broad roles invite damage that nobody asked for. [GENSEC05-BP01]",
        "- Every agent runs under a role that fits its one task. [GENSEC05-BP01]",
    ]


def test_answer_of_several_entries_has_a_heading_for_each(base: KnowledgeBase) -> None:
    assert answer_text(ask(base, "GENCOST03-BP01 and GENSEC05-BP02")).splitlines() == [
        "Set a timeout for every tool call. [GENSEC05-BP02]",
        "",
        "Stop runaway agents [GENSEC05-BP02]:",
        "- A time limit ends agents that loop forever and waste money. [GENSEC05-BP02]",
        "",
        "Cache repeated prompts [GENCOST03-BP01]:",
        "- Prompt caching makes repeated tokens cheap for every tenant. [GENCOST03-BP01]",
    ]


def test_sources_have_addresses(base: KnowledgeBase) -> None:
    answer = ask(base, "GENCOST03-BP01 and GENSEC05-BP02")
    assert answer_sources(answer).splitlines() == [
        "[GENSEC05-BP02] Stop runaway agents",
        f"   {base.entry('GENSEC05-BP02').url}#implementation-steps",
        "[GENCOST03-BP01] Cache repeated prompts",
        f"   {base.entry('GENCOST03-BP01').url}",
    ]


def test_restated_words_have_a_star_a_footnote_and_the_words_of_the_source() -> None:
    answer = answer_to_keys(Passage(restated(), 0, 0, len(ROTATE)))
    assert answer_with_sources(answer).splitlines() == [
        f"{ROTATE_LINE} [GENSEC01-BP01]*",
        "",
        "* Restated by genlens; each id leads to the words of the source.",
        "",
        "[GENSEC01-BP01] Rotate keys",
        "   https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec01-bp01.html#guidance",
        f"   “{ROTATE}”",
    ]


def test_own_words_without_a_page_are_told_as_such() -> None:
    answer = answer_to_keys(Passage(restated(()), 0, 0, len(ROTATE_LINE)))
    assert answer_with_sources(answer).splitlines() == [
        f"{ROTATE_LINE} [GENSEC01-BP01]*",
        "",
        "* In genlens's words: this build was made without the pages of the sources.",
        "",
        "[GENSEC01-BP01] Rotate keys",
        "   https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec01-bp01.html",
    ]


def answer_to_keys(passage: Passage) -> Answer:
    """An answer of one line of the catalogue, with a passage that supports it."""
    line = Statement(Part.LEAD, ROTATE_LINE, (passage,), origin=Origin.GENLENS)
    return Answer("Q?", Language.ENGLISH, True, 1.0, (line,), (passage,), (), "b1")


def test_sub_items_stand_below_their_step() -> None:
    text = "Monitor the agent\nCount calls\nAlarm on bursts"
    entry = practice("GENSEC01-BP01", "Title", RiskLevel.HIGH, prose("Steps", Role.STEPS, *text.split("\n")))
    step = Statement(Part.DO, text, (Passage(entry, 0, 0, len(text)),))
    answer = Answer("Q?", Language.ENGLISH, True, 1.0, (step,), (), (), "b1")
    assert answer_text(answer).splitlines()[-4:] == [
        "What to do:",
        "1. Monitor the agent [GENSEC01-BP01]",
        "   - Count calls",
        "   - Alarm on bursts",
    ]


def test_related_entry_has_its_title_the_reason_and_its_id(base: KnowledgeBase) -> None:
    related = Statement(Part.RELATED, "The risk.", (Passage(base.entry("LLM03:2026"), 0, 0, 8),))
    own = replace(related, origin=Origin.GENLENS)
    answer = Answer("Q?", Language.ENGLISH, True, 1.0, (own,), (), (), "b1")
    assert answer_text(answer).splitlines() == ["Related:", "- Excessive Agency: The risk. [LLM03:2026]"]


def test_answer_that_is_not_covered_has_the_reason_and_the_nearest_topics() -> None:
    hits = tuple(EntryRef(f"e{number}", f"Title {number}") for number in range(7))
    answer = Answer("Q?", Language.JAPANESE, False, 0.1, (), (), hits, "b1", gap=Gap.HIDDEN)
    assert answer_text(answer).splitlines() == [
        "絞り込みのために答えが隠れています。絞り込みを外すと、次の項目が答えになります:",
        *(f"- Title {number} [e{number}]" for number in range(5)),
    ]


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
