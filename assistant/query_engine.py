"""The extractive answer as a LlamaIndex query engine, which needs no language model.

from assistant.query_engine import GenlensQueryEngine
answer = GenlensQueryEngine(open_served(load_settings())).query("How do we keep an agent within bounds?")
"""

import asyncio

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.answers.citations import Citation
from assistant.answers.composition import ask
from assistant.render.text import answer_text
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters


class GenlensQueryEngine(BaseQueryEngine):
    """Answers in the words of the sources; the source nodes are the citations, in order of first use.

    A question that the corpus does not cover is said to be so, and has no source nodes. `metadata` of an
    answer holds `build`, `covered` and `confidence`.
    """

    def __init__(self, base: KnowledgeBase, filters: Filters = ALL) -> None:
        self._base = base
        self._filters = filters
        super().__init__(callback_manager=None)

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = ask(self._base, query_bundle.query_str, self._filters)
        return Response(
            response=answer_text(answer),
            source_nodes=[_node(citation, answer.build) for citation in answer.citations],
            metadata={"build": answer.build, "covered": answer.covered, "confidence": answer.confidence},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}  # nothing is prompted


def _node(citation: Citation, build: str) -> NodeWithScore:
    node = TextNode(
        id_=f"{build}/{citation.id}",
        text=citation.quote,
        metadata={
            "id": citation.id,
            "title": citation.title,
            "edition": citation.edition,
            "section": citation.section,
            "url": citation.url,
            "build": build,
        },
    )
    return NodeWithScore(node=node)
