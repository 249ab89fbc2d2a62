from assistant.render.snippets import WIDTH, snippet
from kb.entries import Language, Role
from kb.index.chunker import Chunk
from kb.knowledge_base import KnowledgeBase
from kb.ranking.search import Hit


def hit(base: KnowledgeBase, text: str) -> Hit:
    chunk = Chunk("c", "GENSEC05-BP01", Language.ENGLISH, 0, Role.GUIDANCE, 0, len(text), "Title", text)
    return Hit(base.entry("GENSEC05-BP01"), 1.0, (chunk,))


def test_matches_are_marked_in_every_inflection(base: KnowledgeBase) -> None:
    shown = snippet(hit(base, "Cache the prompt. Caching prompts is cheap."), frozenset({"cach", "prompt"}))
    assert shown.marked("[", "]") == "[Cache] the [prompt]. [Caching] [prompts] is cheap."


def test_window_has_the_most_matches(base: KnowledgeBase) -> None:
    text = "prompt " + "filler " * 60 + "here the prompt cache saves money " + "filler " * 60
    shown = snippet(hit(base, text), frozenset({"prompt", "cach"}))
    assert "[prompt] [cache] saves" in shown.marked("[", "]")
    assert shown.text.startswith("… ")
    assert shown.text.endswith(" …")
    assert len(shown.text) <= WIDTH + 4


def test_overlapping_japanese_pairs_become_one_mark(base: KnowledgeBase) -> None:
    shown = snippet(hit(base, "役割の権限を絞る"), frozenset({"権限", "限を"}))
    assert shown.marked("[", "]") == "役割の[権限を]絞る"


def test_text_without_a_match_is_shown_from_the_start(base: KnowledgeBase) -> None:
    shown = snippet(hit(base, "Nothing of that kind."), frozenset({"cach"}))
    assert (shown.text, shown.marks) == ("Nothing of that kind.", ())
