"""The knowledge base as a LlamaIndex retriever.

from assistant.llamaindex import GenlensRetriever
nodes = GenlensRetriever(open_served(load_settings())).retrieve("prompt caching")
"""

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.answers.composition import retrieve
from kb.entries import SEARCH_ONLY
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.search import Hit


class GenlensRetriever(BaseRetriever):
    """Best practices and risks as scored nodes, best first; each holds the entry's best chunk.

    A question that the corpus does not cover has no nodes.
    """

    def __init__(self, base: KnowledgeBase, filters: Filters = ALL, limit: int = 10) -> None:
        self._base = base
        self._filters = filters
        self._limit = limit
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = retrieve(self._base, query_bundle.query_str, self._filters, self._limit)
        return [_node(hit, self._base.build) for hit in found.hits] if found.covered else []


def _node(hit: Hit, build: str) -> NodeWithScore:
    entry = hit.entry
    chunk = next((chunk for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), None)
    section = entry.sections[chunk.section] if chunk else entry.sections[0]
    node = TextNode(
        id_=f"{build}/{entry.id}",
        text=chunk.text if chunk else section.text,
        metadata={
            "id": entry.id,
            "title": entry.title,
            "edition": entry.edition,
            "section": section.title,
            "url": entry.section_url(section),
            "build": build,
        },
    )
    return NodeWithScore(node=node, score=hit.score)
