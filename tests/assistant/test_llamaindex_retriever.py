from llama_index.core.base.response.schema import Response
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine

from assistant.llamaindex import GenlensRetriever
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters

QUESTION = "gensec5-bp1"


def test_nodes_are_the_hits_in_their_order(base: KnowledgeBase) -> None:
    nodes = GenlensRetriever(base, limit=3).retrieve(QUESTION)
    assert [node.metadata["id"] for node in nodes] == [
        h.entry.id for h in base.retrieve(QUESTION, limit=3).hits
    ]
    assert nodes[0].metadata["id"] == "GENSEC05-BP01"
    assert nodes[0].metadata["build"] == base.build
    assert nodes[0].metadata["url"].startswith(base.entry("GENSEC05-BP01").url)
    assert nodes[0].text in "\n".join(s.text for s in base.entry("GENSEC05-BP01").sections)


def test_filters_hold_for_nodes_too(base: KnowledgeBase) -> None:
    nodes = GenlensRetriever(base, Filters(kinds=frozenset({"risk"}))).retrieve(
        "LLM03 an agent with permissions"
    )
    assert {node.metadata["id"] for node in nodes} == {"LLM03:2026", "LLM06:2026"}


def test_a_question_out_of_scope_has_no_nodes(base: KnowledgeBase) -> None:
    assert GenlensRetriever(base).retrieve("Which cheese goes with red wine?") == []


def test_a_query_engine_answers_from_the_nodes(base: KnowledgeBase) -> None:
    engine = RetrieverQueryEngine.from_args(GenlensRetriever(base, limit=2), llm=MockLLM())
    answer = engine.query(QUESTION)
    assert isinstance(answer, Response)
    assert answer.source_nodes[0].metadata["id"] == "GENSEC05-BP01"
