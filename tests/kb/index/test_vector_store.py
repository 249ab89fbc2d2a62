import shutil
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection

from kb.embedding.encoder import Vectors, normalised
from kb.entries import Language, Role
from kb.errors import DamagedIndexError, StorageError
from kb.files import digests_of
from kb.index.chunker import Chunk
from kb.index.vector_store import VectorStore

COUNT, DIM = 1200, 32


def chunks(count: int) -> list[Chunk]:
    return [
        Chunk(f"E.en.0.{i}", "E", Language.ENGLISH, 0, Role.OTHER, 0, 6, "Title", f"text {i}")
        for i in range(count)
    ]


def random_units(count: int, seed: int) -> Vectors:
    return normalised(np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with more vectors than one batch."""
    folder = tmp_path_factory.mktemp("vectors") / "chroma"
    with VectorStore(folder, make=True) as store:
        store.add(chunks(COUNT), random_units(COUNT, seed=20260102))
    return folder


def test_neighbours_equal_a_brute_force_scan(stored: Path) -> None:
    vectors, questions = random_units(COUNT, seed=20260102), random_units(25, seed=7)
    with VectorStore(stored) as store:
        for question in questions:
            cosines = vectors @ question
            best = np.argsort(-cosines)[:15]
            neighbours = store.nearest(question, 15)
            assert neighbours.ids == tuple(f"E.en.0.{row}" for row in best)
            np.testing.assert_allclose(neighbours.cosines, cosines[best], atol=1e-5)


def test_similarity_is_one_for_the_same_vector_and_minus_one_for_its_opposite(tmp_path: Path) -> None:
    axes = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    with VectorStore(tmp_path / "chroma", make=True) as store:
        store.add(chunks(3), axes)
        neighbours = store.nearest(axes[0], 10)
    assert neighbours.ids == ("E.en.0.0", "E.en.0.1", "E.en.0.2")
    assert neighbours.cosines == pytest.approx([1, 0, -1], abs=1e-6)


def test_reopened_store_has_every_chunk(stored: Path) -> None:
    with VectorStore(stored) as store:
        assert store.count() == COUNT
    with VectorStore(stored) as store:
        assert len(store.nearest(random_units(1, seed=1)[0], 7).ids) == 7


def test_vectors_are_keyed_by_text_digest(stored: Path) -> None:
    with VectorStore(stored) as store:
        vectors = store.by_digest()
    expected = dict(zip((c.digest for c in chunks(COUNT)), random_units(COUNT, seed=20260102), strict=True))
    assert vectors.keys() == expected.keys()
    for digest, vector in expected.items():
        np.testing.assert_allclose(vectors[digest], vector, atol=1e-7)
    assert next(iter(vectors.values())).dtype == np.float32


def test_stores_in_one_process_do_not_share_vectors(tmp_path: Path) -> None:
    axes = np.array([[1, 0], [0, 1]], dtype=np.float32)
    with VectorStore(tmp_path / "a", make=True) as first, VectorStore(tmp_path / "b", make=True) as second:
        first.add(chunks(2), axes)
        second.add(chunks(2), axes[::-1])
        assert first.nearest(axes[0], 1).ids == ("E.en.0.0",)
        assert second.nearest(axes[0], 1).ids == ("E.en.0.1",)


def test_empty_store_has_no_vectors(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "chroma", make=True) as store:
        assert store.count() == 0
        assert store.by_digest() == {}


def test_opening_a_missing_store_does_not_create_it(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndexError, match=r"chroma: no vector store; .*genlens refresh"):
        VectorStore(tmp_path / "chroma")
    assert not (tmp_path / "chroma").exists()


@pytest.mark.parametrize(
    "content", [b"", b"not a database " * 500, None], ids=["empty", "not a database", "truncated"]
)
def test_damaged_store_is_refused_on_every_attempt(
    stored: Path, tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "chroma"
    shutil.copytree(stored, folder)
    file = folder / "chroma.sqlite3"
    file.write_bytes(file.read_bytes()[:30_000] if content is None else content)
    for _ in range(3):  # Chroma caches the half-opened client of the first attempt
        with pytest.raises(
            DamagedIndexError, match=r"chroma: the vector store cannot be read .*genlens refresh"
        ):
            VectorStore(folder)


def test_existing_store_is_not_replaced(stored: Path) -> None:
    with pytest.raises(StorageError, match=r"chroma: the vector store cannot be written"):
        VectorStore(stored, make=True)


def test_query_vector_of_another_dimension_is_refused(stored: Path) -> None:
    with VectorStore(stored) as store, pytest.raises(DamagedIndexError, match=r"32.*3|3.*32"):
        store.nearest(np.array([1, 0, 0], dtype=np.float32), 1)


def test_chroma_panic_is_reported_as_damage(stored: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(stored, tmp_path / "chroma")
    database = folder / "chroma.sqlite3"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])
    with pytest.raises(
        DamagedIndexError, match=r"cannot be read \(.*malformed.*run: genlens refresh"
    ) as caught:
        VectorStore(folder)
    assert not isinstance(caught.value.__cause__, Exception)


def test_keyboard_interrupt_is_not_reported_as_damage(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with VectorStore(stored) as store:
        monkeypatch.setattr(Collection, "count", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.count()


def test_discarded_store_closes_its_client_and_removes_its_copy(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(
        Client, "close", lambda client: closed.append(client.get_settings().persist_directory)
    )
    store = VectorStore(stored)
    assert closed == []
    del store
    (copy,) = map(Path, closed)
    assert copy != stored
    assert not copy.exists()


def test_open_store_leaves_its_folder_alone(stored: Path) -> None:
    before = digests_of(stored)
    with VectorStore(stored) as store:
        store.nearest(random_units(1, seed=3)[0], 1)
    assert digests_of(stored) == before


def test_folder_that_cannot_be_written_is_read(stored: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stored, tmp_path / "chroma"))
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with VectorStore(folder) as store:
        assert store.count() == COUNT


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "missing"])
def test_damaged_file_is_told_before_chroma_reads_it(stored: Path, tmp_path: Path, damage: str) -> None:
    digests = digests_of(stored)
    for name in digests:
        folder = Path(shutil.copytree(stored, tmp_path / damage / name.replace("/", "-")))
        file = folder / name
        whole = file.read_bytes()
        file.unlink()
        if damage != "missing":
            middle = len(whole) // 2
            flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :] if whole else b"x"
            file.write_bytes({"flipped": flipped, "cut": whole[:middle], "empty": b""}[damage])
        if file.is_file() and file.read_bytes() == whole:  # an empty file cut
            continue
        with pytest.raises(DamagedIndexError, match=f"{folder}.*genlens refresh"):
            VectorStore(folder, digests=digests)
