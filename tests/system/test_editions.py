"""Two editions of the real lens, refreshed in turn: the changes equal the list in the mirror."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.clock import Clock
from support.encoder import WordEncoder
from support.homes import SHARED_MIRROR, serving_mirror

import kb.storage.builds
from assistant.cli import main
from ingest.pipeline import refresh
from kb.settings import Settings

pytestmark = pytest.mark.mirror
EXPECTED = SHARED_MIRROR / "editions" / "2025-04" / "CHANGES.json"


def test_new_edition_changes_exactly_the_expected_entries(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not EXPECTED.is_file():
        pytest.skip("no mirror of both editions in ../shared/mirror")
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)
    monkeypatch.setattr("ingest.pipeline.prepare_encoder", lambda _home, _model: encoder)
    for edition in ("2025-04", "current"):
        with serving_mirror("--edition", edition) as mirror:
            refresh(Settings(home=home, mirror=mirror))
    record = json.loads(CliRunner().invoke(main, ["changes", "--json"]).stdout)
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    changed = expected["best_practices"]["changed"] + expected["questions"]["changed"]
    pages = {f"genai-lens/{name.removesuffix('.html')}" for name in expected["other_pages"]["changed"]}
    fields = {entry["id"]: entry["fields"] for entry in record["changed"]}
    assert fields.keys() == {entry["id"] for entry in changed} | pages
    assert record["added"] == ["genai-lens/agentic-ai", *expected["best_practices"]["added"]]
    assert record["removed"] == []
    for name in ("title", "question", "best_practices"):
        assert {entry_id for entry_id, names in fields.items() if name in names} == {
            entry["id"] for entry in changed if name in entry["fields"]
        }
