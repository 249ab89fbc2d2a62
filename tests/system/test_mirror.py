"""Builds, answers and ranking from a mirror of the real sites."""

import json
from pathlib import Path

import pytest
from support.homes import ROOT, genlens

pytestmark = pytest.mark.mirror
QUESTIONS = ROOT.parent / "shared" / "eval" / "dev.jsonl"


def record(home: Path, *arguments: str) -> dict[str, object]:
    done = genlens(*arguments, "--json", home=home)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_sites_have_the_expected_entries(mirror_home: Path) -> None:
    status = record(mirror_home, "status")
    assert status["counts"] == {
        "page": 16, "design_principle": 6, "question": 29, "best_practice": 51, "risk": 20,
    }  # fmt: skip
    assert [(s["name"], s["edition"], s["from"]) for s in status["sources"]] == [  # type: ignore[attr-defined]
        ("genai-lens", "2025-11-19", "site"),
        ("owasp-llm", "2026", "site"),
        ("owasp-llm", "2025", "site"),
        ("owasp-llm", "2025", "site"),
    ]


def test_each_best_practice_is_complete(mirror_home: Path) -> None:
    build = (mirror_home / "current").read_text(encoding="utf-8").strip()
    lines = (mirror_home / "builds" / build / "entries.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    practices = [e for e in entries if e["kind"] == "best_practice" and e["language"] == "en"]
    assert len(practices) == 51
    for entry in practices:
        site = {s["role"]: s for s in entry["sections"] if s["origin"] == "site"}
        assert {"introduction", "guidance", "steps", "outcome", "resources"} <= site.keys(), entry["id"]
        assert all(section["items"] for section in site.values()), entry["id"]
        assert entry["risk_level"] in ("High", "Medium", "Low"), entry["id"]
        assert entry["question"].endswith("?"), entry["id"]
        numbered = [item for item in site["steps"]["items"] if item["marker"] == "number"]
        assert len(numbered) >= 2, entry["id"]


def test_answers_quote_the_site(mirror_home: Path) -> None:
    answer = record(mirror_home, "ask", "How do I keep an agent from taking actions it should not?")
    citations = answer["citations"]
    assert isinstance(citations, list)
    assert {"GENSEC05-BP01", "LLM03:2026"} <= {citation["id"] for citation in citations}
    for citation in citations:
        entry = record(mirror_home, "show", citation["id"])
        sections = entry["sections"]
        assert isinstance(sections, list)
        assert [s["origin"] for s in sections if citation["quote"] in s["text"]] == ["site"]


def test_ranking_stays_above_its_floor(mirror_home: Path, tmp_path: Path) -> None:
    if not QUESTIONS.is_file():
        pytest.skip("no development questions beside the checkout")
    metrics = record(mirror_home, "eval", str(QUESTIONS), "--out", str(tmp_path / "run.jsonl"))
    overall = metrics["all"]
    assert isinstance(overall, dict)
    assert overall["ndcg_at_10"] >= 0.90
    assert overall["abstained"] <= 0.03
    assert len((tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines()) == 260
