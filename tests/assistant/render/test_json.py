"""The JSON forms: their values, and their schemas against the snapshots in schemas/.

A change of a snapshot is a change for users. Write them anew with: python -m tests.assistant.render.test_json
"""

import json
from pathlib import Path

import pytest

from assistant.generate import ask
from assistant.render import json as forms
from assistant.render.json import Form, answer_form, entry_form, list_form, related_form, search_form
from kb.knowledge_base import KnowledgeBase

SCHEMAS = Path(__file__).parent / "schemas"
PRINTED = (
    forms.AnswerForm,
    forms.SearchForm,
    forms.EntryForm,
    forms.ListForm,
    forms.RelatedForm,
    forms.StatusForm,
    forms.ChangesForm,
)
AGENT = "How do I keep an agent from deleting records?"


def schema(form: type[Form]) -> str:
    """The schema of the printed JSON."""
    return json.dumps(form.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("form", PRINTED, ids=lambda form: form.__name__)
def test_schema_is_the_promised_one(form: type[Form]) -> None:
    assert schema(form) == (SCHEMAS / f"{form.__name__}.json").read_text(encoding="utf-8")


def test_every_snapshot_has_a_form() -> None:
    assert sorted(file.stem for file in SCHEMAS.iterdir()) == sorted(form.__name__ for form in PRINTED)


def test_uncovered_question_has_the_nearest_topics(base: KnowledgeBase) -> None:
    record = answer_form(ask(base, "Which cheese costs less per token at the market of Paris?")).dump()
    assert record["covered"] is False
    assert record["citations"] == []
    assert record["answer"].startswith("Not covered: ")
    assert "- Cache repeated prompts [GENCOST03-BP01]" in record["answer"]


def test_citation_has_the_quoted_words_and_their_address(base: KnowledgeBase) -> None:
    record = answer_form(ask(base, AGENT)).dump()
    assert record["citations"][0] == {
        "id": "GENSEC05-BP01",
        "title": "Give agents only the permissions they need",
        "edition": "2025-11-19",
        "url": base.entry("GENSEC05-BP01").url,
        "quote": "A narrow role keeps an agent from deleting records.",
    }
    assert record["statements"][0] == {
        "part": "lead",
        "text": "A narrow role keeps an agent from deleting records.",
        "id": "GENSEC05-BP01",
        "url": base.entry("GENSEC05-BP01").url,
        "ids": ["GENSEC05-BP01"],
        "supported": True,
        "doubt": None,
    }


def test_search_has_snippets(base: KnowledgeBase) -> None:
    record = search_form("prompt caching", base.search("prompt caching")).dump()
    assert record["query"] == "prompt caching"
    assert record["hits"][0] == {
        "id": "GENCOST03-BP01",
        "title": "Cache repeated prompts",
        "kind": "best_practice",
        "source": "genai-lens",
        "pillar": "Cost optimization",
        "risk_level": "Low",
        "url": base.entry("GENCOST03-BP01").url,
        "snippet": "Prompt caching makes repeated tokens cheap for every tenant.",
    }


def test_entry_has_sections_with_items(base: KnowledgeBase) -> None:
    record = entry_form(base.entry("GENSEC05-BP02")).dump()
    assert (record["id"], record["language"], record["risk_level"]) == ("GENSEC05-BP02", "en", "Medium")
    assert record["sections"][1]["items"][0] == {
        "text": "Set a timeout for every tool call.",
        "marker": "number",
        "depth": 0,
    }


def test_list_has_one_row_per_entry(base: KnowledgeBase) -> None:
    rows = list_form(base.listed()).dump()["entries"]
    assert [row["id"] for row in rows] == [entry.id for entry in base.listed()]


def test_related_entries_have_the_reason(base: KnowledgeBase) -> None:
    one, other = base.entry("GENSEC05-BP02"), base.entry("LLM03:2026")
    assert related_form(one, [(other, "The risk behind it.")]).dump() == {
        "id": "GENSEC05-BP02",
        "title": "Stop runaway agents",
        "related": [
            {
                "id": "LLM03:2026",
                "title": "Excessive Agency",
                "kind": "risk",
                "url": other.url,
                "why": "The risk behind it.",
            }
        ],
    }


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for printed in PRINTED:
        (SCHEMAS / f"{printed.__name__}.json").write_text(schema(printed), encoding="utf-8")
