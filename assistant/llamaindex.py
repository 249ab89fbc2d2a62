"""The knowledge base in LlamaIndex pipelines: a retriever, and a query engine without a language model.

Usage, in a program with settings and a built index:

    base = open_served(load_settings())
    nodes = GenlensRetriever(base).retrieve("prompt caching")
    response = GenlensQueryEngine(base).query("How do we keep an agent within bounds?")
"""

import asyncio

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.answers.extractive import retrieve
from assistant.generate import ask
from assistant.render.text import answer_text
from kb.entries import SEARCH_ONLY
from kb.index.passages import Passage, passage_of
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.search import Hit


class GenlensRetriever(BaseRetriever):
    """Best practices and risks as scored nodes, best first, each with the best chunk of its entry.

    A question that is not covered gives no nodes.
    """

    def __init__(self, base: KnowledgeBase, filters: Filters = ALL, limit: int = 10) -> None:
        self._base = base
        self._filters = filters
        self._limit = limit
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        retrieval = retrieve(self._base, query_bundle.query_str, self._filters, self._limit)
        if not retrieval.covered:
            return []
        return [_node(_best_passage(hit), self._base.build, hit.score) for hit in retrieval.hits]


class GenlensQueryEngine(BaseQueryEngine):
    """Extractive answers; the source nodes are the citations, in order of first use.

    A question that is not covered gets an answer that says so, without source nodes. `metadata` has `build`,
    `covered` and `confidence`.
    """

    def __init__(self, base: KnowledgeBase, filters: Filters = ALL) -> None:
        self._base = base
        self._filters = filters
        super().__init__(callback_manager=None)

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = ask(self._base, query_bundle.query_str, self._filters)
        return Response(
            response=answer_text(answer),
            source_nodes=[_node(passage, answer.build) for passage in answer.citations],
            metadata={"build": answer.build, "covered": answer.covered, "confidence": answer.confidence},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}  # no prompts


def _best_passage(hit: Hit) -> Passage:
    """The best chunk of a hit that states something, or else its first section."""
    chunk = next((chunk for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), None)
    return (
        passage_of(hit.entry, chunk) if chunk else Passage(hit.entry, 0, 0, len(hit.entry.sections[0].text))
    )


def _node(passage: Passage, build: str, score: float | None = None) -> NodeWithScore:
    entry = passage.entry
    node = TextNode(
        id_=f"{build}/{entry.id}",
        text=passage.text,
        metadata={
            "id": entry.id,
            "title": entry.title,
            "edition": entry.edition,
            "section": passage.section.title,
            "url": passage.url,
            "build": build,
        },
    )
    return NodeWithScore(node=node, score=score)
