"""The built wheel: an installed copy is complete and builds its index from the packaged data."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.homes import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("genlens-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the installed copy, outside the checkout."""
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from assistant.cli import main; main()"
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "GENLENS_HOME")}
    return subprocess.run(
        [sys.executable, "-P", "-c", program, str(installed), *arguments],
        env=clean | {"GENLENS_HOME": str(home)},
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_wheel_has_data_page_theme_and_licence(installed: Path) -> None:
    files = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    catalogue = [name for name in files if name.startswith("genlens_data/catalog/")]
    assert sum(name.startswith("genlens_data/catalog/genai-lens/GEN") for name in catalogue) == 29
    assert sum(name.startswith("genlens_data/catalog/owasp-llm/") for name in catalogue) == 20
    assert {
        "genlens_data/encoder/adapter.safetensors", "genlens_data/encoder/adapter.json",
        "genlens_data/ranker.json",
        "genlens_data/catalog/scope.yaml",
        "streamlit_app.py", ".streamlit/config.toml", "genlens_data/sources/genai-lens.toml",
        "genlens_data/sources/owasp-llm.toml", "kb/py.typed", "assistant/pages/icon.svg",
        "genlens-0.1.0.dist-info/licenses/LICENSE",
    } <= files  # fmt: skip
    assert {f"genlens_data/words/{language}.toml" for language in ("en", "ja")} <= files
    assert not [name for name in files if name.startswith(("tests/", "docs/", "kb/training/"))]


def test_installed_copy_builds_and_answers(installed: Path, catalogue_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "installed-home"
    home.mkdir()
    (home / "exports").symlink_to((catalogue_home / "exports").resolve())
    built = run(installed, home, "refresh", "--offline", "--json")
    assert built.returncode == 0, built.stderr
    assert json.loads(built.stdout)["counts"] == {
        "question": 29,
        "best_practice": 51,
        "design_principle": 6,
        "risk": 20,
    }
    answer = run(installed, home, "ask", "prompt caching", "--json")
    assert "GENCOST03-BP03" in [citation["id"] for citation in json.loads(answer.stdout)["citations"]]


def test_command_is_declared(installed: Path) -> None:
    entry_points = (installed / "genlens-0.1.0.dist-info" / "entry_points.txt").read_text(encoding="utf-8")
    assert "genlens = assistant.cli:main" in entry_points
