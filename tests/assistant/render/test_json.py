"""The printed JSON: its values, and its schemas against the snapshots in schemas/.

A change of a snapshot is a change for users. Write them anew with: python -m tests.assistant.render.test_json
"""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from support.restated import ROTATE, ROTATE_LINE, restated

from assistant.answers.records import Answer, Origin, Part, Statement
from assistant.generate import ask
from assistant.render import schemas
from assistant.render.claims import CheckSchema
from assistant.render.json import answer_json, entry_json, list_json, related_json, search_json
from assistant.render.schemas import Schema
from kb.entries import Language
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase

SCHEMAS = Path(__file__).parent / "schemas"
PRINTED = (
    schemas.AnswerSchema,
    schemas.SearchSchema,
    schemas.EntrySchema,
    schemas.ListSchema,
    CheckSchema,
    schemas.RelatedSchema,
    schemas.StatusSchema,
    schemas.ChangesSchema,
)
AGENT = "How do I keep an agent from deleting records?"


def written(printed: type[Schema]) -> str:
    """The schema of the printed JSON."""
    return json.dumps(printed.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("printed", PRINTED, ids=lambda printed: printed.__name__)
def test_schema_is_the_promised_one(printed: type[Schema]) -> None:
    assert written(printed) == (SCHEMAS / f"{printed.__name__}.json").read_text(encoding="utf-8")


def test_every_snapshot_has_a_schema() -> None:
    assert sorted(file.stem for file in SCHEMAS.iterdir()) == sorted(printed.__name__ for printed in PRINTED)


def test_uncovered_question_has_the_nearest_topics(base: KnowledgeBase) -> None:
    record = answer_json(ask(base, "Which cheese costs less per token at the market of Paris?")).dump()
    assert record["covered"] is False
    assert record["citations"] == []
    assert (record["gap"], record["unknown"]) == ("not_covered", [])
    assert record["answer"].startswith("Not covered: ")
    assert "- Cache repeated prompts [GENCOST03-BP01]" in record["answer"]


def test_citation_has_the_quoted_words_and_their_address(base: KnowledgeBase) -> None:
    record = answer_json(ask(base, AGENT)).dump()
    assert record["citations"][0] == {
        "id": "GENSEC05-BP01",
        "title": "Give agents only the permissions they need",
        "edition": "2025-11-19",
        "url": base.entry("GENSEC05-BP01").url,
        "quote": "A narrow role keeps an agent from deleting records.",
        "origin": "source",
    }
    assert record["statements"][0] == {
        "part": "lead",
        "text": "A narrow role keeps an agent from deleting records.",
        "id": "GENSEC05-BP01",
        "url": base.entry("GENSEC05-BP01").url,
        "ids": ["GENSEC05-BP01"],
        "supported": True,
        "doubt": None,
        "origin": "source",
        "quote": "A narrow role keeps an agent from deleting records.",
    }
    assert (record["gap"], record["unknown"]) == (None, [])


def test_restated_line_has_its_origin_and_the_words_of_the_source() -> None:
    passage = Passage(restated(), 0, 0, len(ROTATE))
    line = Statement(Part.LEAD, ROTATE_LINE, (passage,), origin=Origin.GENLENS)
    record = answer_json(Answer("Q?", Language.ENGLISH, True, 1.0, (line,), (passage,), (), "b1")).dump()
    (statement,), (citation,) = record["statements"], record["citations"]
    assert (statement["text"], statement["origin"], statement["quote"]) == (ROTATE_LINE, "genlens", ROTATE)
    assert (citation["origin"], citation["quote"]) == ("source", ROTATE)


def test_line_without_its_page_has_no_quote_and_is_cited_as_our_own() -> None:
    passage = Passage(restated(()), 0, 0, len(ROTATE_LINE))
    line = Statement(Part.LEAD, ROTATE_LINE, (passage,), origin=Origin.GENLENS)
    record = answer_json(Answer("Q?", Language.ENGLISH, True, 1.0, (line,), (passage,), (), "b1")).dump()
    assert (record["statements"][0]["origin"], record["statements"][0]["quote"]) == ("genlens", "")
    assert (record["citations"][0]["origin"], record["citations"][0]["quote"]) == ("genlens", ROTATE_LINE)


def test_gap_and_unknown_ids_are_told(base: KnowledgeBase) -> None:
    record = answer_json(ask(base, "GENSEC05-BP07")).dump()
    assert (record["gap"], record["unknown"]) == ("unknown_id", ["GENSEC05-BP07"])
    assert record["hits"][0]["id"] == "GENSEC05-BP01"
    covered = answer_json(ask(base, "What do GENSEC05-BP01 and GENSEC05-BP07 say?")).dump()
    assert (covered["gap"], covered["unknown"]) == (None, ["GENSEC05-BP07"])


def test_search_has_snippets(base: KnowledgeBase) -> None:
    record = search_json("prompt caching", base.search("prompt caching")).dump()
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
    record = entry_json(base.entry("GENSEC05-BP02")).dump()
    assert (record["id"], record["language"], record["risk_level"]) == ("GENSEC05-BP02", "en", "Medium")
    assert record["sections"][1]["items"][0] == {
        "text": "Set a timeout for every tool call.",
        "marker": "number",
        "depth": 0,
    }


def test_entry_has_all_its_facts_and_the_text_of_each_section(base: KnowledgeBase) -> None:
    entry = base.entry("GENSEC05-BP01")
    record = entry_json(entry).dump()
    expected = json.loads(json.dumps(asdict(entry)))
    for section, plain in zip(entry.sections, expected["sections"], strict=True):
        plain["text"] = section.text
    assert record == expected


def test_list_has_one_row_per_entry(base: KnowledgeBase) -> None:
    rows = list_json(base.listed()).dump()["entries"]
    assert [row["id"] for row in rows] == [entry.id for entry in base.listed()]


def test_related_entries_have_the_reason(base: KnowledgeBase) -> None:
    one, other = base.entry("GENSEC05-BP02"), base.entry("LLM03:2026")
    assert related_json(one, [(other, "The risk behind it.")]).dump() == {
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
        (SCHEMAS / f"{printed.__name__}.json").write_text(written(printed), encoding="utf-8")
