import asyncio

from llama_index.core.base.response.schema import Response
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.tools import QueryEngineTool

from assistant.generate import ask
from assistant.llamaindex import GenlensQueryEngine, GenlensRetriever
from assistant.render.text import answer_text
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters

QUESTION = "Does a narrow role keep an agent from deleting records?"
NAMED = "gensec5-bp1"
OUT_OF_SCOPE = "Which cheese goes with red wine?"
RISKS = Filters(kinds=frozenset({"risk"}))


def query(base: KnowledgeBase, question: str, filters: Filters = ALL) -> Response:
    response = GenlensQueryEngine(base, filters).query(question)
    assert isinstance(response, Response)
    return response


def test_retriever_returns_hits_in_order(base: KnowledgeBase) -> None:
    nodes = GenlensRetriever(base, limit=3).retrieve(NAMED)
    hits = base.retrieve(NAMED, limit=3).hits
    assert [node.metadata["id"] for node in nodes] == [hit.entry.id for hit in hits]
    assert nodes[0].metadata["id"] == "GENSEC05-BP01"
    assert nodes[0].metadata["build"] == base.build
    assert nodes[0].metadata["url"].startswith(base.entry("GENSEC05-BP01").url)
    assert nodes[0].text in "\n".join(s.text for s in base.entry("GENSEC05-BP01").sections)


def test_retriever_applies_filters(base: KnowledgeBase) -> None:
    nodes = GenlensRetriever(base, RISKS).retrieve("LLM03 an agent with permissions")
    assert {node.metadata["id"] for node in nodes} == {"LLM03:2026", "LLM06:2026"}


def test_retriever_returns_nothing_out_of_scope(base: KnowledgeBase) -> None:
    assert GenlensRetriever(base).retrieve(OUT_OF_SCOPE) == []


def test_query_engine_of_llama_index_uses_the_retriever(base: KnowledgeBase) -> None:
    engine = RetrieverQueryEngine.from_args(GenlensRetriever(base, limit=2), llm=MockLLM())
    response = engine.query(NAMED)
    assert isinstance(response, Response)
    assert response.source_nodes[0].metadata["id"] == "GENSEC05-BP01"


def test_query_engine_answers_extractively_with_citations_as_nodes(base: KnowledgeBase) -> None:
    response, answer = query(base, QUESTION), ask(base, QUESTION)
    assert answer.citations[0].entry.id == "GENSEC05-BP01"
    assert str(response) == answer_text(answer)
    cited = [passage.entry.id for passage in answer.citations]
    assert [node.metadata["id"] for node in response.source_nodes] == cited
    first = response.source_nodes[0]
    assert first.node_id == f"{base.build}/GENSEC05-BP01"
    assert first.text == answer.citations[0].text
    assert first.metadata["url"].startswith(base.entry("GENSEC05-BP01").url)
    assert response.metadata == {"build": base.build, "covered": True, "confidence": answer.confidence}


def test_query_engine_applies_filters(base: KnowledgeBase) -> None:
    asked = "LLM03, LLM06 and GENSEC05-BP01: the permissions of an agent"
    assert [node.metadata["id"] for node in query(base, asked, RISKS).source_nodes] == [
        "LLM03:2026",
        "LLM06:2026",
    ]


def test_query_engine_has_no_nodes_out_of_scope(base: KnowledgeBase) -> None:
    response = query(base, OUT_OF_SCOPE)
    assert response.source_nodes == []
    assert str(response).startswith("Not covered")
    assert response.metadata is not None
    assert response.metadata["covered"] is False


def test_query_engine_answers_in_an_event_loop(base: KnowledgeBase) -> None:
    response = asyncio.run(GenlensQueryEngine(base).aquery(QUESTION))
    assert str(response) == str(query(base, QUESTION))


def test_query_engine_is_a_tool_of_a_pipeline(base: KnowledgeBase) -> None:
    tool = QueryEngineTool.from_defaults(GenlensQueryEngine(base), name="genlens", description="asks")
    output = tool.call(QUESTION)
    assert output.content == str(query(base, QUESTION))
    assert output.raw_output.source_nodes[0].metadata["id"] == "GENSEC05-BP01"
