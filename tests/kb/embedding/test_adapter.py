"""The adapter of the default model: lookup, checks, use and training."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kb.training.adapter
from kb.data import data_folder
from kb.embedding.torch_encoder import TorchEncoder, load_model
from kb.embedding.weights import Adapter, Weights, find_adapter, find_published_weights, find_weights
from kb.errors import ModelError
from kb.files import sha256_of
from kb.settings import DEFAULT_MODEL
from kb.training.adapter import Recipe, adapter_of, encoder_without
from kb.training.lessons import Lessons

DIGEST = "0" * 64
LAYER = "encoder.layer.3.attention.self.query"


@pytest.fixture
def plain() -> Weights:
    return find_published_weights(DEFAULT_MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An adapter of one layer, for made-up weights."""
    import torch
    from safetensors.torch import save_file

    matrices = {
        f"{LAYER}.A": torch.full((2, 384), 0.5).half(),
        f"{LAYER}.B": torch.full((384, 2), 0.25).half(),
    }
    save_file(matrices, tmp_path / "adapter.safetensors")
    facts = {"weights_sha256": DIGEST, "sha256": sha256_of(tmp_path / "adapter.safetensors"), "scale": 0.125}
    (tmp_path / "adapter.json").write_text(json.dumps(facts))
    return tmp_path


def test_adapter_is_found_by_the_digest_of_its_weights(folder: Path) -> None:
    file = folder / "adapter.safetensors"
    assert find_adapter(DIGEST, folder) == Adapter(file, sha256_of(file), 0.125)
    assert find_adapter("1" * 64, folder) is None
    assert find_adapter(DIGEST, folder / "missing") is None


def test_altered_adapter_is_refused(folder: Path) -> None:
    file = folder / "adapter.safetensors"
    expected = sha256_of(file)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError) as caught:
        find_adapter(DIGEST, folder)
    assert str(caught.value) == (
        f"{file}: SHA-256 {sha256_of(file)}, expected {expected}; it was altered: install genlens again"
    )


@pytest.mark.parametrize("facts", ["", "[]", "{}", f'{{"weights_sha256": "{DIGEST}", "scale": "x"}}'])
def test_adapter_with_incomplete_facts_is_refused(folder: Path, facts: str) -> None:
    (folder / "adapter.json").write_text(facts)
    with pytest.raises(ModelError, match=r"the adapter cannot be read .*; install genlens again"):
        find_adapter(DIGEST, folder)


def test_adapter_without_its_matrices_is_refused(folder: Path) -> None:
    (folder / "adapter.safetensors").unlink()
    with pytest.raises(ModelError, match="the adapter cannot be read"):
        find_adapter(DIGEST, folder)


def test_only_the_default_model_has_the_bundled_adapter() -> None:
    weights = find_weights(DEFAULT_MODEL)
    assert weights.adapter is not None
    assert weights.adapter.file == data_folder() / "encoder" / "adapter.safetensors"
    assert weights.adapter.file.stat().st_size < 1_000_000
    assert weights.identity != weights.sha256
    assert find_weights(str(weights.folder)).adapter is None
    assert find_weights(str(weights.folder)).identity == weights.sha256


def test_identity_depends_on_matrices_and_scale(plain: Weights, folder: Path) -> None:
    first = replace(plain, adapter=Adapter(folder / "a", "1" * 64, 1.0))
    second = replace(plain, adapter=Adapter(folder / "a", "2" * 64, 1.0))
    weaker = replace(plain, adapter=Adapter(folder / "a", "1" * 64, 0.5))
    assert len({plain.identity, first.identity, second.identity, weaker.identity}) == 4


def test_matrices_are_multiplied_scaled_and_added_to_their_layer(plain: Weights, folder: Path) -> None:
    before = load_model(plain)[0].auto_model.state_dict()
    after = load_model(replace(plain, adapter=find_adapter(DIGEST, folder)))[0].auto_model.state_dict()
    assert [name for name in before if not before[name].equal(after[name])] == [f"{LAYER}.weight"]
    # Rank 2: two products of 0.25 * 0.5, scaled by 0.125.
    added = (after[f"{LAYER}.weight"] - before[f"{LAYER}.weight"]).numpy()
    np.testing.assert_allclose(added, 2 * 0.25 * 0.5 * 0.125, atol=1e-6)


def test_adapter_of_another_model_is_refused(plain: Weights, folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    for name, width in (("encoder.layer.9.output.dense", 384), (LAYER, 7)):
        matrices = {f"{name}.A": torch.ones(2, width), f"{name}.B": torch.ones(384, 2)}
        save_file(matrices, folder / "adapter.safetensors")
        misfit = Adapter(folder / "adapter.safetensors", DIGEST, 1.0)
        with pytest.raises(ModelError, match=r"adapter.safetensors: does not fit .*install genlens"):
            load_model(replace(plain, adapter=misfit))


COLOURS = {
    "A": ("scarlet roof", "crimson door", "ruby wall", "vermilion gate"),
    "B": ("azure roof", "navy door", "cobalt wall", "indigo gate"),
    "C": ("emerald roof", "olive door", "jade wall", "lime gate"),
}
LESSONS = Lessons(
    COLOURS, {key: (f"{texts[0]} and {texts[1]}",) for key, texts in COLOURS.items()}, ("soup",)
)


def test_training_brings_questions_of_an_entry_closer(
    plain: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(steps=30, warm_up=3, learning_rate=2e-3)
    monkeypatch.setattr(kb.training.adapter, "RECIPE", recipe)
    monkeypatch.setattr(kb.training.adapter, "STRENGTH", 1.0)
    monkeypatch.setattr(kb.training.adapter, "lessons_of", lambda *_: LESSONS)
    trained = adapter_of([], tmp_path / "adapters")
    texts = [text for questions in COLOURS.values() for text in questions]
    same_entry = np.kron(np.eye(3), np.ones((4, 4))).astype(bool)

    def separation(weights: Weights) -> float:
        cosines = (vectors := TorchEncoder(weights).encode(texts)) @ vectors.T
        return float(cosines[same_entry].mean() - cosines[~same_entry].mean())

    assert separation(replace(plain, adapter=trained)) > separation(plain) + 0.1
    # The same lessons give the same adapter, and a saved adapter is not trained again.
    saved_at = trained.file.stat().st_mtime_ns
    assert adapter_of([], tmp_path / "adapters").file.stat().st_mtime_ns == saved_at
    assert adapter_of([], tmp_path / "other").sha256 == trained.sha256


def test_encoder_of_a_fold_is_trained_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: list[object] = []

    class FakeCorpus:
        def without(self, fold: int) -> tuple[str, str]:
            return f"all but {fold}", f"{fold} alone"

    def fake_adapter_of(corpora: list[object], folder: Path) -> None:
        arguments.extend([*corpora, folder])

    monkeypatch.setattr(kb.training.adapter, "adapter_of", fake_adapter_of)
    encoder_without(1, [FakeCorpus(), FakeCorpus()], tmp_path)  # type: ignore[list-item]
    assert arguments == ["all but 1", "all but 1", tmp_path]
