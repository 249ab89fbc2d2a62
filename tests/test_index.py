import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder

from kb.base import KnowledgeBase
from kb.errors import DamagedIndexError, ModelError
from kb.make import make_build
from kb.settings import DEFAULT_MODEL


def ids(base: KnowledgeBase, typed: str) -> list[str]:
    return [hit.entry.id for hit in base.search(typed)]


def test_a_keyword_search_uses_neither_model_nor_vectors(
    home: Path, base: KnowledgeBase, encoder: WordEncoder
) -> None:
    shutil.rmtree(home / "builds" / base.build / "chroma")
    encoder.encoded.clear()
    assert ids(base, "refunds") == ["GENSEC05-BP01"]
    assert encoder.encoded == []
    with pytest.raises(DamagedIndexError, match=r"chroma: no vector store"):
        base.retrieve("refunds")


def test_without_the_exported_model_of_the_build_there_is_no_answer(home: Path, base: KnowledgeBase) -> None:
    served = KnowledgeBase(home, base.build)
    assert ids(served, "refunds") == ["GENSEC05-BP01"]
    with pytest.raises(ModelError, match=r"exports/0{16}: no exported model; make it with: genlens refresh"):
        served.retrieve("refunds")


def test_a_japanese_question_is_not_put_to_a_model_that_reads_none(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    encoder.encoded.clear()
    served = KnowledgeBase(home, manifest.id, encoder)
    assert [hit.entry.id for hit in served.retrieve("記録を消す").hits] == ["GENSEC05-BP01"]
    assert encoder.encoded == []
    served.retrieve("deleting records")
    assert encoder.encoded == ["deleting records"]


def test_a_japanese_question_is_put_to_any_other_model(base: KnowledgeBase, encoder: WordEncoder) -> None:
    encoder.encoded.clear()
    base.retrieve("記録を消す")
    assert encoder.encoded == ["記録を消す"]


def test_rarer_terms_tell_more(base: KnowledgeBase) -> None:
    # In one of 18 chunks: ln(1 + 17.5 / 1.5); in none: ln(1 + 18.5 / 1.5).
    assert base.rarity("refund") == pytest.approx(2.53897, abs=1e-5)
    assert base.rarity("soup") == pytest.approx(2.59026, abs=1e-5)
    assert base.rarity("agent") < base.rarity("refund")


def gone(file: Path) -> None:
    file.unlink()


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def not_utf_8(file: Path) -> None:
    file.write_bytes(b"\xff" + file.read_bytes())


@pytest.mark.parametrize("damage", [gone, damaged, not_utf_8])
@pytest.mark.parametrize(
    "name", ["manifest.json", "entries.jsonl", "chunks.jsonl", "keywords/vocabulary.json"]
)
def test_a_damaged_build_says_so(
    home: Path, base: KnowledgeBase, name: str, damage: Callable[[Path], None]
) -> None:
    folder = home / "builds" / base.build
    damage(folder / name)
    with pytest.raises(DamagedIndexError, match=rf"^{folder}.*genlens refresh$"):
        KnowledgeBase(home, base.build).search("refunds")
