from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import MADE_AT, SOURCES, corpus, question
from support.encoder import WordEncoder
from support.homes import unseal
from support.rankers import simple_rankers

from assistant.generate import ask
from kb.entries import Language
from kb.errors import DamagedIndexError, ModelError, NoIndexError, NotFoundError
from kb.knowledge_base import KnowledgeBase, open_build, open_served
from kb.make import make_build
from kb.ranking.filters import Filters
from kb.settings import DEFAULT_MODEL, load_settings
from kb.storage.builds import Build
from kb.storage.manifest import write_manifest


def test_entry_is_found_by_any_spelling_and_language(base: KnowledgeBase) -> None:
    assert base.entry("gensec5 bp1").title == "Give agents only the permissions they need"
    assert base.entry("GENSEC05-BP01", Language.JAPANESE).language is Language.JAPANESE
    assert base.entry("gensec5 bp2", Language.JAPANESE).language is Language.ENGLISH
    assert base.entry("llm6").title == "Unbounded Consumption"
    assert base.entry("llm6 2025").title == "Excessive Agency"
    assert base.entry("gensec5").kind == "question"
    assert base.entry("genai-lens/definitions").title == "Definitions"


@pytest.mark.parametrize("typed", ["roles", "", "gensec5 bp1 or bp2 or llm6", "x" * 200])
def test_text_without_a_single_id_is_not_found(base: KnowledgeBase, typed: str) -> None:
    with pytest.raises(NotFoundError, match=r"is not an id such as GENSEC05-BP01 or LLM03:2026") as caught:
        base.entry(typed)
    assert len(str(caught.value)) < 150


def test_entries_are_listed_once_in_source_order(base: KnowledgeBase) -> None:
    assert [entry.id for entry in base.listed()] == [
        "GENSEC05",
        "GENSEC05-BP01",
        "GENSEC05-BP02",
        "GENCOST03-BP01",
        "genai-lens/definitions",
        "LLM03:2026",
        "LLM06:2026",
        "LLM06:2025",
    ]
    japanese = base.listed(Language.JAPANESE, Filters(risk_levels=frozenset({"High"})))
    assert [(entry.id, entry.language.value) for entry in japanese] == [("GENSEC05-BP01", "ja")]


def test_known_ids_match_exactly_and_have_versions(base: KnowledgeBase) -> None:
    assert base.has("LLM06:2025")
    assert not base.has("llm06:2025")
    assert not base.has("GENSEC99")
    assert [entry.language.value for entry in base.versions("GENSEC05-BP01")] == ["en", "ja"]
    assert base.versions("GENSEC99") == ()


def test_build_without_risks_has_no_editions(home: Path, encoder: WordEncoder) -> None:
    manifest = make_build(home, encoder, (question(),), SOURCES, MADE_AT)
    base = KnowledgeBase(Build(home, manifest.id), encoder)
    assert base.editions == ("",)
    assert base.retrieve("gensec5").named == ("GENSEC05",)
    with pytest.raises(NotFoundError):
        base.entry("llm6")


def test_served_build_is_opened_only_with_its_model(home: Path, encoder: WordEncoder) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {home}; make one with: genlens refresh$"):
        open_served(load_settings())
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    served = open_served(load_settings(model="tests/words"))
    assert (served.build, served.manifest) == (manifest.id, manifest)
    with pytest.raises(ModelError) as caught:
        open_served(load_settings())
    assert str(caught.value) == (
        f"the build was made with tests/words, but GENLENS_MODEL is {DEFAULT_MODEL}; "
        "set it back or run: genlens refresh"
    )


def test_kept_build_can_be_opened(base: KnowledgeBase) -> None:
    settings = load_settings(model="tests/words")
    assert open_build(settings, Build(settings.home, base.build)).entries == corpus()
    with pytest.raises(DamagedIndexError, match=r"builds/gone: its manifest cannot be read"):
        open_build(settings, Build(settings.home, "gone"))


def test_passages_of_an_entry_have_vectors_and_terms(base: KnowledgeBase, encoder: WordEncoder) -> None:
    found = base.passages(base.entry("GENSEC05-BP02"))
    said = "A time limit ends agents that loop forever and waste money."
    assert [passage.text for passage in found.passages] == [said, "Set a timeout for every tool call."]
    assert found.supports == ((), ())
    np.testing.assert_allclose(found.vectors[0], encoder.encode([said])[0], atol=1e-3)
    assert {"time", "limit", "loop"} < found.terms[0]


@pytest.mark.parametrize("file", ["passages.jsonl", "passages.npy"])
def test_damaged_passages_are_one_line_with_the_command_to_run(
    home: Path, base: KnowledgeBase, file: str
) -> None:
    (home / "builds" / base.build / file).write_bytes(b"damaged")
    with pytest.raises(DamagedIndexError, match=rf"{file} is damaged .*: genlens refresh"):
        base.passages(question())
    unseal(home / "builds" / base.build)
    older = KnowledgeBase(Build(home, base.build), WordEncoder(), simple_rankers())
    with pytest.raises(DamagedIndexError, match=rf"{file}.*; run: genlens refresh"):
        older.passages(question())


def test_passage_outside_its_entry_is_one_line_with_the_command_to_run(
    home: Path, base: KnowledgeBase
) -> None:
    unseal(home / "builds" / base.build)
    base = KnowledgeBase(Build(home, base.build), WordEncoder(), simple_rankers())
    file = home / "builds" / base.build / "passages.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace('"section":0', '"section":9', 1))
    with pytest.raises(DamagedIndexError, match=r"GENSEC05 has no text at .*; run: genlens refresh"):
        base.passages(question())


def test_passages_of_an_older_build_are_cut_when_it_is_opened(home: Path, base: KnowledgeBase) -> None:
    folder = home / "builds" / base.build
    entry = base.entry("GENSEC05-BP01")
    stored = base.passages(entry)
    write_manifest(folder, replace(base.manifest, passages=0, files={}, seal=""))
    for name in ("passages.jsonl", "passages.npy"):
        (folder / name).unlink()
    older = KnowledgeBase(Build(home, base.build), WordEncoder(), simple_rankers())
    assert older.passages(entry).passages == stored.passages
    assert older.passages(entry).vectors.shape == (5, base.manifest.dim)
    assert not older.passages(entry).vectors.any()
    answer = ask(older, "How do I keep an agent from deleting records?")
    assert answer.statements[0].text == "A narrow role keeps an agent from deleting records."


def test_closing_an_unused_base_opens_no_files(home: Path, base: KnowledgeBase) -> None:
    (home / "builds" / base.build / "chunks.jsonl").unlink()
    base.close()
    with pytest.raises(DamagedIndexError):
        base.search("refunds")


def test_closed_base_reopens_its_files(base: KnowledgeBase) -> None:
    first = base.retrieve("refunds").hits
    base.close()
    assert base.retrieve("refunds").hits == first
