import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from onnxruntime import InferenceSession
from support.encoder import WordEncoder

from kb.embedding.encoder import Vectors, normalised
from kb.embedding.glossary import ModelInput, model_input, reads
from kb.embedding.onnx_encoder import PIECES, UNIT, OnnxEncoder, read_facts
from kb.embedding.open import prepare_encoder
from kb.embedding.torch_encoder import TorchEncoder, load_model
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


CLAUSES = ("How do we raise throughput", "who approves the budget")
QUESTION = f"{CLAUSES[0]}, and {CLAUSES[1]}?"


def test_parts_of_a_text_are_encoded_in_one_pass(onnx: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = onnx.encode([QUESTION, *CLAUSES])
    monkeypatch.setattr(onnx, "_session", session := CountedSession(onnx._session))
    parts = onnx.encode_parts(QUESTION, CLAUSES)
    assert session.runs == 1
    np.testing.assert_allclose(np.linalg.norm(parts, axis=1), np.ones(3), atol=1e-5)
    np.testing.assert_allclose(parts[0], alone[0], atol=1e-5)
    # Each part is nearest to its own clause.
    assert (parts[1:] @ alone[1:].T).argmax(axis=1).tolist() == [0, 1]
    assert float(parts[1] @ parts[2]) < float(alone[0] @ alone[1])


def test_part_that_is_the_whole_text_has_its_vector(onnx: OnnxEncoder) -> None:
    # The two pieces that mark start and end belong to no part.
    whole, part = onnx.encode_parts(QUESTION, [QUESTION])
    assert float(whole @ part) > 0.97


@pytest.mark.parametrize("part", ["a gateway with keys", "Log the end."])
def test_part_outside_the_text_is_encoded_on_its_own(onnx: OnnxEncoder, part: str) -> None:
    # The second one is in the text, but beyond its cut.
    text = "Log. " * 400 + "Log the end."
    np.testing.assert_allclose(onnx.encode_parts(text, [part])[1], onnx.encode([part])[0], atol=1e-5)


def test_parts_are_encoded_on_their_own_by_an_export_without_pieces(
    onnx: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "_has_pieces", False)
    alone = onnx.encode([QUESTION, *CLAUSES])
    np.testing.assert_allclose(onnx.encode_parts(QUESTION, CLAUSES), alone, atol=1e-5)


@pytest.mark.parametrize(("mode", "outputs"), [("mean", [UNIT, PIECES]), ("cls", [UNIT])])
def test_only_a_model_that_takes_the_mean_exports_its_pieces(mode: str, outputs: list[str]) -> None:
    from kb.embedding.onnx_export import outputs_of

    model = load_model(find_published_weights(DEFAULT_MODEL))
    model[1].pooling_mode = mode
    assert outputs_of(model) == outputs


class CountedSession:
    """Counts the runs of a session of ONNX Runtime."""

    def __init__(self, session: InferenceSession) -> None:
        self.session, self.runs = session, 0

    def run(self, outputs: list[str], inputs: dict[str, object]) -> list[object]:
        self.runs += 1
        return list(self.session.run(outputs, inputs))


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
