"""The LlamaIndex tutorial on the same text: load documents, split, embed, index, retrieve.

python tests/bench/tutorial.py build FOLDER ENTRIES.jsonl MODEL
python tests/bench/tutorial.py ask FOLDER MODEL QUESTION
"""

import json
import sys
from pathlib import Path
from typing import Any

from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from pydantic import PrivateAttr
from sentence_transformers import SentenceTransformer


class Embedding(BaseEmbedding):
    """The same MiniLM model, wrapped as in the tutorial's package."""

    _model: Any = PrivateAttr()

    def __init__(self, folder: str) -> None:
        super().__init__(model_name=folder)
        self._model = SentenceTransformer(folder, device="cpu", local_files_only=True)

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(value) for value in self._model.encode(text)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def main() -> None:
    """Build an index, or retrieve from it, depending on the first argument."""
    verb, folder, *rest = sys.argv[1:]
    Settings.embed_model = Embedding(rest[-1] if verb == "build" else rest[0])
    Settings.llm = None
    if verb == "build":
        lines = Path(rest[0]).read_text(encoding="utf-8").splitlines()
        entries = [entry for line in lines if (entry := json.loads(line))["language"] == "en"]
        documents = [
            Document(
                text="\n".join(i["text"] for s in e["sections"] for i in s["items"]), metadata={"id": e["id"]}
            )
            for e in entries
        ]
        index = VectorStoreIndex.from_documents(documents, transformations=[SentenceSplitter(chunk_size=256)])
        index.storage_context.persist(folder)
    else:
        stored = load_index_from_storage(StorageContext.from_defaults(persist_dir=folder))
        nodes = stored.as_retriever(similarity_top_k=5).retrieve(rest[1])
        sys.stdout.write("\n".join(str(node.metadata["id"]) for node in nodes) + "\n")


if __name__ == "__main__":
    main()
