"""The adapter of the default model: found, checked, and added to the weights."""

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

OTHERS = "0" * 64
PART = "encoder.layer.3.attention.self.query"


@pytest.fixture
def plain() -> Weights:
    return find_published_weights(DEFAULT_MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An adapter of one matrix, for weights of the test's own."""
    import torch
    from safetensors.torch import save_file

    matrices = {f"{PART}.A": torch.full((2, 384), 0.5).half(), f"{PART}.B": torch.full((384, 2), 0.25).half()}
    save_file(matrices, tmp_path / "adapter.safetensors")
    facts = {"weights_sha256": OTHERS, "sha256": sha256_of(tmp_path / "adapter.safetensors"), "scale": 0.125}
    (tmp_path / "adapter.json").write_text(json.dumps(facts))
    return tmp_path


def test_an_adapter_is_found_for_the_weights_that_it_was_trained_for(folder: Path) -> None:
    file = folder / "adapter.safetensors"
    assert find_adapter(OTHERS, folder) == Adapter(file, sha256_of(file), 0.125)
    assert find_adapter("1" * 64, folder) is None
    assert find_adapter(OTHERS, folder / "none") is None


def test_an_altered_adapter_is_refused(folder: Path) -> None:
    file = folder / "adapter.safetensors"
    expected = sha256_of(file)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError) as caught:
        find_adapter(OTHERS, folder)
    assert str(caught.value) == (
        f"{file}: SHA-256 {sha256_of(file)}, expected {expected}; it was altered: install genlens again"
    )


@pytest.mark.parametrize("facts", ["", "[]", "{}", f'{{"weights_sha256": "{OTHERS}", "scale": "x"}}'])
def test_an_adapter_without_whole_facts_is_refused(folder: Path, facts: str) -> None:
    (folder / "adapter.json").write_text(facts)
    with pytest.raises(ModelError, match=r"the adapter cannot be read .*; install genlens again"):
        find_adapter(OTHERS, folder)


def test_an_adapter_without_its_matrices_is_refused(folder: Path) -> None:
    (folder / "adapter.safetensors").unlink()
    with pytest.raises(ModelError, match="the adapter cannot be read"):
        find_adapter(OTHERS, folder)


def test_the_default_model_has_the_shipped_adapter_and_a_path_has_none() -> None:
    found = find_weights(DEFAULT_MODEL)
    assert found.adapter is not None
    assert found.adapter.file == data_folder() / "encoder" / "adapter.safetensors"
    assert found.adapter.file.stat().st_size < 1_000_000
    assert found.identity != found.sha256
    assert find_weights(str(found.folder)).adapter is None
    assert find_weights(str(found.folder)).identity == found.sha256


def test_other_matrices_make_another_identity(plain: Weights, folder: Path) -> None:
    first = replace(plain, adapter=Adapter(folder / "a", "1" * 64, 1.0))
    second = replace(plain, adapter=Adapter(folder / "a", "2" * 64, 1.0))
    weaker = replace(plain, adapter=Adapter(folder / "a", "1" * 64, 0.5))
    assert len({plain.identity, first.identity, second.identity, weaker.identity}) == 4


def test_the_matrices_are_multiplied_scaled_and_added_where_they_belong(plain: Weights, folder: Path) -> None:
    before = load_model(plain)[0].auto_model.state_dict()
    after = load_model(replace(plain, adapter=find_adapter(OTHERS, folder)))[0].auto_model.state_dict()
    assert [name for name in before if not before[name].equal(after[name])] == [f"{PART}.weight"]
    # 2 of rank, 0.25 * 0.5 each, times 0.125.
    added = (after[f"{PART}.weight"] - before[f"{PART}.weight"]).numpy()
    np.testing.assert_allclose(added, 2 * 0.25 * 0.5 * 0.125, atol=1e-6)


def test_an_adapter_of_another_model_is_refused(plain: Weights, folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    for name, width in (("encoder.layer.9.output.dense", 384), (PART, 7)):
        matrices = {f"{name}.A": torch.ones(2, width), f"{name}.B": torch.ones(384, 2)}
        save_file(matrices, folder / "adapter.safetensors")
        strange = Adapter(folder / "adapter.safetensors", OTHERS, 1.0)
        with pytest.raises(ModelError, match=r"adapter.safetensors: does not fit .*install genlens"):
            load_model(replace(plain, adapter=strange))


COLOURS = {
    "A": ("scarlet roof", "crimson door", "ruby wall", "vermilion gate"),
    "B": ("azure roof", "navy door", "cobalt wall", "indigo gate"),
    "C": ("emerald roof", "olive door", "jade wall", "lime gate"),
}
LESSONS = Lessons(
    COLOURS, {key: (f"{texts[0]} and {texts[1]}",) for key, texts in COLOURS.items()}, ("soup",)
)


def test_what_is_learned_draws_questions_of_an_entry_together(
    plain: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(steps=30, warm_up=3, learning_rate=2e-3)
    monkeypatch.setattr(kb.training.adapter, "RECIPE", recipe)
    monkeypatch.setattr(kb.training.adapter, "STRENGTH", 1.0)
    monkeypatch.setattr(kb.training.adapter, "lessons_of", lambda *_: LESSONS)
    learned = adapter_of([], tmp_path / "kept")
    texts = [text for asked in COLOURS.values() for text in asked]
    own = np.kron(np.eye(3), np.ones((4, 4))).astype(bool)

    def apart(weights: Weights) -> float:
        cosines = (vectors := TorchEncoder(weights).encode(texts)) @ vectors.T
        return float(cosines[own].mean() - cosines[~own].mean())

    assert apart(replace(plain, adapter=learned)) > apart(plain) + 0.1
    # The same lessons give the same, and what was learned from them once is not learned again.
    made = learned.file.stat().st_mtime_ns
    assert adapter_of([], tmp_path / "kept").file.stat().st_mtime_ns == made
    assert adapter_of([], tmp_path / "anew").sha256 == learned.sha256


def test_the_encoder_of_a_fold_has_learned_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    class Whole:
        def without(self, fold: int) -> tuple[str, str]:
            return f"all but {fold}", f"{fold} alone"

    def fake(corpora: list[object], kept: Path) -> None:
        seen.extend([*corpora, kept])

    monkeypatch.setattr(kb.training.adapter, "adapter_of", fake)
    encoder_without(1, [Whole(), Whole()], tmp_path)  # type: ignore[list-item]
    assert seen == ["all but 1", "all but 1", tmp_path]
