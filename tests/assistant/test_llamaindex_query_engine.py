import asyncio

from llama_index.core.base.response.schema import Response
from llama_index.core.tools import QueryEngineTool

from assistant.answers.composition import ask
from assistant.query_engine import GenlensQueryEngine
from assistant.render.text import answer_text
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters

QUESTION = "Does a narrow role keep an agent from deleting records?"


def query(base: KnowledgeBase, question: str, filters: Filters = ALL) -> Response:
    answer = GenlensQueryEngine(base, filters).query(question)
    assert isinstance(answer, Response)
    return answer


def test_the_answer_is_the_extractive_one_and_its_nodes_are_the_citations(base: KnowledgeBase) -> None:
    answer, own = query(base, QUESTION), ask(base, QUESTION)
    assert own.citations[0].id == "GENSEC05-BP01"
    assert str(answer) == answer_text(own)
    assert [node.metadata["id"] for node in answer.source_nodes] == [cited.id for cited in own.citations]
    first = answer.source_nodes[0]
    assert first.node_id == f"{base.build}/GENSEC05-BP01"
    assert first.text == own.citations[0].quote
    assert first.metadata["url"].startswith(base.entry("GENSEC05-BP01").url)
    assert answer.metadata == {"build": base.build, "covered": True, "confidence": own.confidence}


def test_filters_hold_for_the_answer_too(base: KnowledgeBase) -> None:
    answer = query(base, "LLM03 and permissions of an agent", Filters(kinds=frozenset({"risk"})))
    assert [node.metadata["id"] for node in answer.source_nodes] == ["LLM03:2026", "LLM06:2026"]


def test_a_question_out_of_scope_has_no_source_nodes(base: KnowledgeBase) -> None:
    answer = query(base, "Which cheese goes with red wine?")
    assert answer.source_nodes == []
    assert str(answer).startswith("Not covered")
    assert answer.metadata is not None
    assert answer.metadata["covered"] is False


def test_it_answers_in_an_event_loop(base: KnowledgeBase) -> None:
    answer = asyncio.run(GenlensQueryEngine(base).aquery(QUESTION))
    assert str(answer) == str(query(base, QUESTION))


def test_it_is_a_tool_of_a_pipeline(base: KnowledgeBase) -> None:
    tool = QueryEngineTool.from_defaults(GenlensQueryEngine(base), name="genlens", description="asks")
    output = tool.call(QUESTION)
    assert output.content == str(query(base, QUESTION))
    assert output.raw_output.source_nodes[0].metadata["id"] == "GENSEC05-BP01"
