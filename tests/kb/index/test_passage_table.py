"""The table of quotable passages: written, read back, damaged, and its vectors used again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import practice, prose, question
from support.encoder import DIM, WordEncoder
from support.hits import even
from support.restated import LOG, LOG_LINE, ROTATE, ROTATE_LINE, restated

from kb.embedding.encoder import Vectors
from kb.entries import Entry, Language, RiskLevel, Role
from kb.errors import RecordError
from kb.index.passage_table import (
    ROWS_FILE,
    VECTORS_FILE,
    PassageRow,
    PassageTable,
    cut_table,
    digest_of,
    embedded_texts,
    make_table,
    read_table,
    write_table,
)
from kb.settings import DEFAULT_MODEL

KEYS = restated(lines=(ROTATE_LINE, LOG_LINE))
JAPANESE = practice(
    "GENSEC01-BP01",
    "鍵",
    RiskLevel.HIGH,
    prose("概要", Role.INTRODUCTION, "エージェントの権限を絞ります。", "ん゛ー…っっぷぺぽょゃゅん。"),
    language=Language.JAPANESE,
)


def made(*entries: Entry, model: str = "tests/words") -> PassageTable:
    texts = list(embedded_texts(entries, model))
    vectors = dict(zip(map(digest_of, texts), WordEncoder().encode(texts), strict=True))
    return make_table(entries, model, vectors, even)


def vector(text: str) -> Vectors:
    return WordEncoder().encode([text])[0]


def test_table_has_the_passages_of_each_entry_with_vectors_terms_and_support() -> None:
    table = made(question(), KEYS)
    found = table.of(KEYS)
    assert len(table) == 5
    assert [passage.text for passage in found.passages] == [ROTATE, LOG, ROTATE_LINE, LOG_LINE]
    assert found.supports == ((), (), (found.passages[0],), (found.passages[1],))
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(found.vectors[1], vector(LOG), atol=1e-3)
    assert found.terms[3] == {"keep", "log", "everi", "call", "agent", "make"}
    assert [passage.entry for passage in table.of(question()).passages] == [question()]


def test_versions_of_an_entry_have_passages_of_their_own() -> None:
    table = made(KEYS, JAPANESE)
    assert [passage.text for passage in table.of(JAPANESE).passages] == [
        item.text for item in JAPANESE.sections[0].items
    ]
    assert len(table.of(KEYS).passages) == 4


def test_entry_without_passages_has_an_empty_table() -> None:
    silent = practice("GENSEC01-BP02", "Silent", RiskLevel.LOW, prose("Links", Role.RESOURCES, ROTATE))
    found = made(KEYS, silent).of(silent)
    assert (found.passages, found.supports, found.terms) == ((), (), ())
    assert found.vectors.shape == (0, DIM)


def test_table_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    table = made(question(), KEYS, JAPANESE)
    write_table(tmp_path, table)
    again = read_table(tmp_path, DIM)
    assert again.rows == table.rows
    assert again.rows[3] == PassageRow(
        KEYS.id, Language.ENGLISH, 1, 0, len(ROTATE_LINE), digest_of(ROTATE_LINE), ((0, 0, len(ROTATE)),)
    )
    assert (again.vectors == table.vectors).all()
    assert again.of(KEYS).supports == table.of(KEYS).supports


def test_vectors_are_found_by_the_digest_of_their_text(tmp_path: Path) -> None:
    write_table(tmp_path, made(question(), KEYS))
    known = read_table(tmp_path, DIM).by_digest()
    assert known.keys() == {digest_of(text) for text in embedded_texts([question(), KEYS], "tests/words")}
    np.testing.assert_allclose(known[digest_of(LOG)], vector(LOG), atol=1e-3)


def test_language_the_model_does_not_read_is_embedded_as_a_gloss() -> None:
    assert list(embedded_texts([KEYS], DEFAULT_MODEL)) == [ROTATE, LOG, ROTATE_LINE, LOG_LINE]
    (glossed,) = embedded_texts([JAPANESE], DEFAULT_MODEL)
    assert glossed.isascii()
    assert "agent" in glossed
    found = made(KEYS, JAPANESE, model=DEFAULT_MODEL).of(JAPANESE)
    np.testing.assert_allclose(found.vectors[0], vector(glossed), atol=1e-3)
    assert not found.vectors[1].any()  # no word of it is in the glossary


def test_table_cut_anew_has_neither_vectors_nor_support() -> None:
    table = cut_table([question(), KEYS], 7)
    found = table.of(KEYS)
    assert [passage.text for passage in found.passages] == [ROTATE, LOG, ROTATE_LINE, LOG_LINE]
    assert found.supports == ((),) * 4
    assert found.vectors.shape == (4, 7)
    assert not found.vectors.any()


def damage(folder: Path, file: str, content: bytes | None) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (VECTORS_FILE, None),
        (VECTORS_FILE, b""),
        (VECTORS_FILE, b"\x93NUMPY\x01\x00damaged"),
        (VECTORS_FILE, b"PK\x03\x04 an archive"),
        (ROWS_FILE, b"{}\n"),
        (ROWS_FILE, b"\xff\xfe"),
        (ROWS_FILE, b""),
    ],
)
def test_damaged_table_is_an_error(tmp_path: Path, file: str, content: bytes | None) -> None:
    write_table(tmp_path, made(KEYS))
    damage(tmp_path, file, content)
    with pytest.raises(RecordError, match=r"passages\.(npy|jsonl)"):
        read_table(tmp_path, DIM)


@pytest.mark.parametrize("shape", [(4,), (3, DIM), (4, DIM, 1), (4, DIM + 1)])
def test_vectors_that_do_not_fit_the_rows_are_an_error(tmp_path: Path, shape: tuple[int, ...]) -> None:
    write_table(tmp_path, made(KEYS))
    np.save(tmp_path / VECTORS_FILE, np.zeros(shape, dtype=np.float16))
    with pytest.raises(RecordError, match=rf"has shape \(.*, expected \(4, {DIM}\) of float16"):
        read_table(tmp_path, DIM)


def test_pickled_vectors_are_not_loaded(tmp_path: Path) -> None:
    write_table(tmp_path, made(KEYS))
    np.save(tmp_path / VECTORS_FILE, np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    with pytest.raises(RecordError, match="cannot be read"):
        read_table(tmp_path, DIM)


def test_array_of_text_and_an_archive_of_arrays_are_an_error(tmp_path: Path) -> None:
    write_table(tmp_path, made(KEYS))
    np.save(tmp_path / VECTORS_FILE, np.full((4, DIM), "a"))
    with pytest.raises(RecordError, match=r"passages\.npy has .*, expected"):
        read_table(tmp_path, DIM)
    with (tmp_path / VECTORS_FILE).open("wb") as file:
        np.savez(file, a=np.zeros((4, DIM), dtype=np.float16))
    with pytest.raises(RecordError, match=r"passages\.npy (has|cannot be read)"):
        read_table(tmp_path, DIM)


@pytest.mark.parametrize(
    ("section", "start", "end"), [(9, 0, 5), (-1, 0, 5), (0, 0, 5000), (0, 5, 5), (0, -1, 5)]
)
def test_row_or_support_outside_its_entry_is_an_error(section: int, start: int, end: int) -> None:
    reason = f"GENSEC01-BP01 has no text at {start} to {end} of section {section}"
    table = made(KEYS)
    moved = replace(table.rows[0], section=section, start=start, end=end)
    with pytest.raises(RecordError, match=reason):
        PassageTable((moved, *table.rows[1:]), table.vectors).of(KEYS)
    supporting = replace(table.rows[3], support=((section, start, end),))
    with pytest.raises(RecordError, match=reason):
        PassageTable((*table.rows[:3], supporting), table.vectors).of(KEYS)
