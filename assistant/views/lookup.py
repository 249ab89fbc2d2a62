"""An id that was typed where words are looked for."""

from kb.entries import Entry, Language
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.text import fold, squeeze


def looked_up(base: KnowledgeBase, typed: str, language: Language) -> Entry | None:
    """The entry whose id is all that was typed, in any spelling; None where that names no entry."""
    text = squeeze(typed)
    if base.has(text):
        return base.entry(text, language)
    found = find_ids(text, base.editions[0])
    whole = len(found) == 1 and fold(text)[: found[0].start] + fold(text)[found[0].end :] == ""
    return base.entry(found[0].id, language) if whole and base.has(found[0].id) else None
