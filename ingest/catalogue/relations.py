"""Relations between entries: `data/catalog/related.yaml`, and the crosswalk between editions of the risks.

The files have each pair once; it holds both ways.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from ingest.catalogue.schema import Pair, Step, Why, load
from ingest.errors import CatalogueError
from kb.entries import Language, Related

Relations = dict[tuple[str, Language], tuple[Related, ...]]
"""The related entries of each id, in each language, in the order of the files."""


def read_relations(folder: Path) -> Relations:
    """All relations of the catalogue.

    :raises CatalogueError: a file is invalid, or has a pair twice.
    """
    relations: dict[tuple[str, Language], list[Related]] = {}
    seen: set[frozenset[str]] = set()
    for first, second, why in _pairs(folder):
        pair = frozenset((first, second))
        if len(pair) == 1 or pair in seen:
            raise CatalogueError(f"{folder}: {first} and {second} are paired twice or equal, expected once")
        seen.add(pair)
        for language, text in ((Language.ENGLISH, why.en), (Language.JAPANESE, why.ja)):
            relations.setdefault((first, language), []).append(Related(second, text))
            relations.setdefault((second, language), []).append(Related(first, text))
    return {key: tuple(related) for key, related in relations.items()}


def _pairs(folder: Path) -> Iterator[tuple[str, str, Why]]:
    for step in load(folder / "crosswalk.yaml", TypeAdapter(tuple[Step, ...])):
        if step.old and step.new:
            yield step.old, step.new, step
    for pair in load(folder / "related.yaml", TypeAdapter(tuple[Pair, ...])):
        yield *pair.between, pair
