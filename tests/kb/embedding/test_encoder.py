import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from support.encoder import WordEncoder

from kb.embedding.encoder import Vectors, normalised
from kb.embedding.glossary import ModelInput, model_input, reads
from kb.embedding.onnx_encoder import OnnxEncoder, read_facts
from kb.embedding.open import prepare_encoder
from kb.embedding.torch_encoder import TorchEncoder
from kb.embedding.weights import Weights, find_published_weights, find_weights
from kb.entries import Language
from kb.errors import ExportError, ModelError
from kb.settings import DEFAULT_MODEL

TEXTS = (
    "Keep a person in the loop before money moves.",
    "",
    "Log. " * 400,
    "プロンプトに秘密を書かない。",
    "naïve café — ﬁnance 30℃ 🙂",
    "roles",
)


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that shares its export with `support.homes`: one export for all tests and workers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    root = tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.getbasetemp()
    home = root / "encoder-home"
    with FileLock(root / "homes.lock"):
        if not home.exists():
            home.mkdir()
            (root / "exports").mkdir(exist_ok=True)
            (home / "exports").symlink_to(root / "exports")
            prepare_encoder(home, DEFAULT_MODEL)
    return home


@pytest.fixture(scope="session")
def onnx(exports: Path) -> OnnxEncoder:
    return prepare_encoder(exports, DEFAULT_MODEL)


@pytest.fixture
def export_copy(exports: Path, tmp_path: Path) -> Path:
    """A copy of the export, for a test to damage."""
    (export,) = (exports / "exports").iterdir()
    return Path(shutil.copytree(export, tmp_path / "export"))


def test_known_sentences_have_the_published_cosines(home: Path) -> None:
    plain = prepare_encoder(home, str(find_published_weights(DEFAULT_MODEL).folder))
    # The first example in the manual of sentence-transformers, with its published numbers.
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = plain.encode(texts)
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)


def test_export_agrees_with_sentence_transformers(onnx: OnnxEncoder) -> None:
    expected = TorchEncoder(find_weights(DEFAULT_MODEL)).encode(TEXTS)
    assert np.sum(expected * onnx.encode(TEXTS), axis=1).min() >= 0.9999


def test_vectors_have_length_one_even_for_empty_text(onnx: OnnxEncoder) -> None:
    vectors = onnx.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((6, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert onnx.encode([]).shape == (0, 384)


def test_rows_follow_the_order_of_texts_across_batches(onnx: OnnxEncoder) -> None:
    texts = [f"{'word ' * (37 * i % 41)}number {i}" for i in range(40)]
    one_by_one = np.concatenate([onnx.encode([text]) for text in texts])
    np.testing.assert_allclose(np.sum(one_by_one * onnx.encode(texts), axis=1), 1, atol=1e-4)


def test_word_pieces_are_counted_beyond_the_model_limit(onnx: OnnxEncoder) -> None:
    assert onnx.count_pieces("") == 0
    assert onnx.count_pieces("Log the call.") == 4
    assert onnx.count_pieces("Log. " * 400) == 800


def test_export_records_its_model_and_weights(onnx: OnnxEncoder) -> None:
    assert onnx.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert onnx.weights_sha256 == find_weights(DEFAULT_MODEL).identity
    assert (onnx.facts.dim, onnx.facts.max_pieces) == (384, 256)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_altered_file_is_refused(export_copy: Path, name: str) -> None:
    content = bytearray((export_copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (export_copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}: SHA-256 \w{{64}}, expected \w{{64}}.*genlens refresh"):
        OnnxEncoder(export_copy)


def test_missing_file_is_named(export_copy: Path) -> None:
    (export_copy / "encoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"encoder.onnx: No such file .*genlens refresh"):
        OnnxEncoder(export_copy)


@pytest.mark.parametrize("facts", [None, "", "[1]", '{"model": "m"}', '{"surprise": 1}'])
def test_folder_with_incomplete_facts_is_not_an_export(tmp_path: Path, facts: str | None) -> None:
    if facts is not None:
        (tmp_path / "export.json").write_text(facts)
    with pytest.raises(ModelError) as caught:
        read_facts(tmp_path)
    assert str(caught.value) == f"{tmp_path}: no exported model; make it with: genlens refresh"


def test_finished_export_is_reused(exports: Path, onnx: OnnxEncoder) -> None:
    (export,) = (exports / "exports").iterdir()
    before = (export / "encoder.onnx").stat()
    assert prepare_encoder(exports, DEFAULT_MODEL).facts == onnx.facts
    assert (export / "encoder.onnx").stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in export.parent.iterdir()] == [onnx.weights_sha256[:16]]


class RotatedEncoder:
    """The fake model with its last vector rotated to a given cosine."""

    def __init__(self, cosine: float) -> None:
        self.cosine = cosine

    def encode(self, texts: Sequence[str], **_: object) -> Vectors:
        vectors = WordEncoder().encode(texts)
        vectors[-1] = 0  # the empty text
        vectors[-1, :2] = self.cosine, (1 - self.cosine**2) ** 0.5
        return vectors


@pytest.mark.parametrize(("cosine", "agrees"), [(0.99995, True), (0.999, False)])
def test_export_disagreeing_with_its_model_is_refused(cosine: float, agrees: bool) -> None:
    from kb.embedding.onnx_export import _agree

    model, exported = RotatedEncoder(cosine), RotatedEncoder(1)
    if agrees:
        _agree(model, exported)  # type: ignore[arg-type]
    else:
        with pytest.raises(
            ModelError, match=r"disagrees with the model: cosine 0\.99\d+, expected .* 0\.9999"
        ):
            _agree(model, exported)  # type: ignore[arg-type]


def test_default_model_reads_only_english() -> None:
    assert reads(DEFAULT_MODEL, Language.ENGLISH)
    assert not reads(DEFAULT_MODEL, Language.JAPANESE)
    assert reads("intfloat/multilingual-e5-small", Language.JAPANESE)


def test_model_input_is_the_question_or_its_gloss() -> None:
    japanese, multilingual = "権限を絞る", "intfloat/multilingual-e5-small"
    assert model_input(multilingual, japanese, Language.JAPANESE) == ModelInput(
        "権限を絞る", Language.JAPANESE
    )
    assert model_input(DEFAULT_MODEL, japanese, Language.JAPANESE) == ModelInput(
        "permissions narrow restrict", Language.ENGLISH
    )
    assert model_input(DEFAULT_MODEL, "Which Key?", Language.ENGLISH) == ModelInput(
        "Which Key?", Language.ENGLISH
    )
    assert model_input(DEFAULT_MODEL, "ぴよぴよ", Language.JAPANESE) is None


def test_normalising_keeps_rows_of_zeros() -> None:
    rows = np.array([[3, 4], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(normalised(rows), [[0.6, 0.8], [0, 0]], atol=1e-7)


def test_pytorch_model_replaces_a_failed_export(
    onnx: OnnxEncoder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_weights: Weights, _folder: Path) -> None:
        raise ExportError("no export today")

    monkeypatch.setattr("kb.embedding.onnx_export.export", failing)
    encoder = prepare_encoder(home, DEFAULT_MODEL)
    assert not isinstance(encoder, OnnxEncoder)
    assert (encoder.model, encoder.weights_sha256) == (onnx.model, onnx.weights_sha256)
    assert np.sum(encoder.encode(TEXTS) * onnx.encode(TEXTS), axis=1).min() >= 0.9999
    assert [encoder.count_pieces(text) for text in TEXTS] == [onnx.count_pieces(text) for text in TEXTS]
