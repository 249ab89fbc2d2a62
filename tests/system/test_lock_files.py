"""The lock files: every dependency is pinned to one release, with the hashes of its builds."""

import re
import tomllib

import pytest
from support.homes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME, CUDA, CPU, DEVELOPMENT = (
    "requirements.lock",
    "requirements-cuda.lock",
    "requirements-cpu.lock",
    "requirements-dev.lock",
)


def pinned(lock: str) -> dict[str, str]:
    """The releases of a lock file by name."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", text, flags=re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[ ]", one, maxsplit=1)[0].lower() for one in requirements}


def test_runtime_lock_has_what_running_needs_and_no_development_tools() -> None:
    locked = pinned(RUNTIME).keys()
    assert names(PROJECT["dependencies"]) - locked == set()
    assert {"pytest", "mypy", "ruff", "playwright", "peft", "hypothesis", "uv"} & locked == set()


def test_development_lock_adds_all_extras() -> None:
    extras = [one for group in PROJECT["optional-dependencies"].values() for one in group]
    assert names(extras) - pinned(RUNTIME).keys() - pinned(DEVELOPMENT).keys() == set()


def test_no_package_is_in_two_locks() -> None:
    locks = [pinned(lock).keys() for lock in (RUNTIME, CUDA, DEVELOPMENT)]
    assert sum(map(len, locks)) == len(set().union(*locks))


def test_torch_is_pinned_to_one_release_of_either_build() -> None:
    assert (pinned(RUNTIME)["torch"], pinned(CPU)) == ("2.13.0", {"torch": "2.13.0+cpu"})


def test_cuda_libraries_are_apart() -> None:
    cuda = re.compile("nvidia-|cuda-|triton")
    assert [name for name in pinned(RUNTIME) if cuda.match(name)] == []
    assert [name for name in pinned(CUDA) if not cuda.match(name)] == []


@pytest.mark.parametrize("lock", [RUNTIME, CUDA, CPU, DEVELOPMENT])
def test_every_package_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", [RUNTIME, CUDA, CPU, DEVELOPMENT])
def test_no_address_is_in_a_lock(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")
