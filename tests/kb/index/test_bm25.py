from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.corpus import prose

from kb.entries import Entry, Kind, Language, Role
from kb.errors import DamagedIndexError
from kb.index.bm25 import BM25Index, index_chunks, index_documents, index_entries, read_index
from kb.index.chunker import Chunk


def chunk(text: str, context: str = "") -> Chunk:
    return Chunk(f"c-{text}", "E", Language.ENGLISH, 0, Role.OTHER, 0, len(text), context, text)


# Weighted frequencies (a title counts 0.6), lengths (mean 3.2) and dampers:
#   row 0: alpha 1.6, beta 1          2.6    damper 1.2 * (0.25 + 0.75 * 2.6 / 3.2) = 1.03125
#   row 1: beta 2, gamma 1            3      1.14375
#   row 2: gamma 1, delta 3           4      1.425
# idf of a term in one chunk: ln(1 + 2.5 / 1.5) = 0.98083; in two chunks: ln(1 + 1.5 / 2.5) = 0.47000.
# Score: idf * frequency * 2.2 / (frequency + damper).
CHUNKS = (chunk("alpha beta", "Alpha"), chunk("beta, the betas: gamma"), chunk("gamma delta delta delta"))
ALPHA = [1.3121, 0.0, 0.0]
BETA = [0.5091, 0.6578, 0.0]
GAMMA = [0.0, 0.4823, 0.4264]
DELTA = [0.0, 0.0, 1.4629]


@pytest.fixture
def index() -> BM25Index:
    return index_chunks(CHUNKS)


@pytest.mark.parametrize(
    ("term", "expected"), [("alpha", ALPHA), ("beta", BETA), ("gamma", GAMMA), ("delta", DELTA)]
)
def test_scores_follow_bm25(index: BM25Index, term: str, expected: list[float]) -> None:
    np.testing.assert_allclose(index.score({term: 1}), expected, atol=5e-5)


def test_scores_of_weighted_terms_add_up(index: BM25Index) -> None:
    # 2 * beta + 0.5 * gamma
    np.testing.assert_allclose(index.score({"beta": 2, "gamma": 0.5}), [1.0181, 1.5568, 0.2132], atol=5e-5)


@pytest.mark.parametrize("query", [{}, {"omega": 1.0}, {"": 1.0}, {"Alpha": 1.0}, {"the": 1.0}])
def test_unknown_terms_score_zero(index: BM25Index, query: dict[str, float]) -> None:
    assert index.score(query).tolist() == [0, 0, 0]


def test_idf_is_highest_for_an_unknown_term(index: BM25Index) -> None:
    assert index.idf_of("alpha") == pytest.approx(0.98083, abs=5e-6)
    assert index.idf_of("beta") == pytest.approx(0.47000, abs=5e-6)
    # ln(1 + 3.5 / 1.5)
    assert index.idf_of("omega") == pytest.approx(1.20397, abs=5e-6)


def entry(title: str, question: str | None, *texts: str) -> Entry:
    sections = tuple(prose("Heading", Role.OTHER, text) for text in texts)
    url = "https://x.test/e.html"
    return Entry(title, Kind.PAGE, title, "tests", "1", url, Language.ENGLISH, sections, question=question)


def test_title_and_question_of_an_entry_have_their_own_weights() -> None:
    index = index_entries(
        [entry("Alpha", None, "beta"), entry("Beta", "What of gamma, delta?", "alpha", "gamma")]
    )
    # Frequencies: alpha 3, beta 1; and beta 3, gamma 0.6 + 1, delta 0.6, alpha 1.
    # Lengths 4 and 6.2, mean 5.1; dampers 1.005882 and 1.394118; idf ln(1.2) for a term in both entries,
    # ln(2) for a term in one.
    np.testing.assert_allclose(index.score({"alpha": 1}), [0.300389, 0.167539], atol=5e-6)
    np.testing.assert_allclose(index.score({"gamma": 1}), [0, 0.814891], atol=5e-6)
    np.testing.assert_allclose(index.score({"delta": 1}), [0, 0.458826], atol=5e-6)
    assert index.score({"head": 1}).tolist() == [0, 0]


def test_frequencies_of_fields_add_up() -> None:
    # One document: idf ln(4 / 3); frequency and length are 2.5, so the damper is 1.2.
    index = index_documents([(("key", 2.0), ("keys", 0.5))])
    np.testing.assert_allclose(index.score({"key": 1}), [0.287682 * 2.5 * 2.2 / 3.7], atol=5e-6)


def test_term_is_held_if_it_occurs_in_any_row(index: BM25Index) -> None:
    def held(term: str, *rows: int) -> bool:
        return index.holds(term, np.isin(range(index.count), rows))

    assert held("beta", 0, 2)
    assert held("delta", 2)
    assert not held("beta", 2)
    assert not held("beta")
    assert not held("omega", 0, 1, 2)
    assert not held("Beta", 0)


def test_japanese_is_matched_by_character_pairs() -> None:
    index = index_chunks([chunk("権限を絞る"), chunk("記録を残す"), chunk("鍵を絞る")])
    assert np.flatnonzero(index.score({"絞る": 1})).tolist() == [0, 2]
    assert np.flatnonzero(index.score({"権限": 1})).tolist() == [0]


def test_index_without_chunks_or_terms_scores_zero(tmp_path: Path) -> None:
    index_chunks([]).write(tmp_path / "empty")
    assert read_index(tmp_path / "empty").score({"alpha": 1}).shape == (0,)
    index_chunks([chunk("the"), chunk("…")]).write(tmp_path / "blank")
    assert read_index(tmp_path / "blank").score({"the": 1}).tolist() == [0, 0]


def test_written_index_is_read_back(index: BM25Index, tmp_path: Path) -> None:
    index.write(tmp_path / "keywords")
    loaded = read_index(tmp_path / "keywords")
    assert loaded.vocabulary == {"alpha": 0, "beta": 1, "delta": 2, "gamma": 3}
    assert loaded.count == 3
    assert loaded.starts.tolist() == [0, 1, 3, 4, 6]
    assert loaded.rows.tolist() == [0, 0, 1, 2, 1, 2]
    np.testing.assert_allclose(loaded.score({"beta": 1, "delta": 1}), [0.5091, 0.6578, 1.4629], atol=5e-5)
    assert loaded.idf_of("beta") == pytest.approx(0.47000, abs=5e-6)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def corrupt(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[200] ^= 0xFF
    file.write_bytes(content)


def drop_scores(file: Path) -> None:
    with np.load(file) as saved:
        arrays = {name: saved[name] for name in saved.files if name != "scores"}
    np.savez(file, **arrays)


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing postings": ("postings.npz", Path.unlink),
    "empty postings": ("postings.npz", lambda file: file.write_bytes(b"")),
    "truncated postings": ("postings.npz", truncate),
    "corrupt postings": ("postings.npz", corrupt),
    "pickled postings": ("postings.npz", lambda file: file.write_bytes(b"\x80\x04pickle")),
    "postings without scores": ("postings.npz", drop_scores),
    "missing vocabulary": ("vocabulary.json", Path.unlink),
    "empty vocabulary": ("vocabulary.json", lambda file: file.write_bytes(b"")),
    "truncated vocabulary": ("vocabulary.json", truncate),
    "vocabulary not a list": ("vocabulary.json", lambda file: file.write_text("4")),
    "vocabulary not UTF-8": ("vocabulary.json", lambda file: file.write_bytes(b'["\xff"]')),
    "vocabulary with too few terms": ("vocabulary.json", lambda file: file.write_text('["alpha", "beta"]')),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_index_is_refused(
    index: BM25Index, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    index.write(tmp_path / "keywords")
    damage(tmp_path / "keywords" / name)
    with pytest.raises(
        DamagedIndexError, match=r"keywords: the keyword index cannot be read .*genlens refresh"
    ):
        read_index(tmp_path / "keywords")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndexError, match=r"gone: .*genlens refresh"):
        read_index(tmp_path / "gone")
