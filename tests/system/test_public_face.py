"""The public face of each package, and the page of the documentation that uses it."""

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.homes import ROOT

FACES = {
    "kb": {
        "Entry", "Filters", "GenlensError", "Hit", "Kind", "KnowledgeBase", "Language", "Passage",
        "Retrieval", "RiskLevel", "Role", "Section", "ServedBuild", "Settings", "load_settings",
        "open_served",
    },
    "ingest": {"Preview", "Report", "preview", "refresh"},
    "assistant": {
        "Answer", "BudgetedModel", "GenlensQueryEngine", "GenlensRetriever", "Statement", "Turn", "ask",
        "open_budgeted_model", "reply",
    },
}  # fmt: skip
NAMES = [(package, name) for package, names in FACES.items() for name in sorted(names)]


@pytest.mark.parametrize("package", FACES)
def test_face_has_the_promised_names_in_order(package: str) -> None:
    names = importlib.import_module(package).__all__
    assert set(names) == FACES[package]
    assert names == sorted(names)


@pytest.mark.parametrize("package", FACES)
def test_type_checkers_see_the_same_names(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {
        (node.module, alias.name)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = importlib.import_module(package)._HOMES
    assert imported == {(module, name) for module, names in homes.items() for name in names}
    assert {name for _, name in imported} == FACES[package]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_public_name_is_documented_and_defined_in_its_package(package: str, name: str) -> None:
    public = getattr(importlib.import_module(package), name)
    assert not inspect.ismodule(public)
    assert public.__module__.startswith(f"{package}.")
    assert public.__doc__


@pytest.mark.parametrize("package", FACES)
def test_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        importlib.import_module(package).nonsense  # noqa: B018


@pytest.mark.parametrize("package", FACES)
def test_importing_a_package_imports_nothing_else(package: str) -> None:
    program = f"import json, sys; import {package}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert [name for name in loaded if name.startswith(("kb.", "ingest.", "assistant."))] == []
    assert {"pydantic", "numpy"} & set(loaded) == set()


def test_documented_program_runs(catalogue_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_HOME", str(catalogue_home))
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    program, output = re.findall(r"```(?:python|text)\n(.*?)```", page, flags=re.DOTALL)[:2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == output


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_public_name_is_on_the_page(package: str, name: str) -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{package}` \|.*`{name}`", page, flags=re.MULTILINE)
