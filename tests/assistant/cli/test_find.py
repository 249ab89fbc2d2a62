import json
import subprocess
from pathlib import Path

import pytest
from support.homes import genlens

from assistant.cli import main

AGENT = "How do I keep an agent from taking actions it should not?"


def run(home: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = genlens(*arguments, home=home)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_status_counts_the_catalogue(catalogue_home: Path) -> None:
    record = json.loads(run(catalogue_home, "status", "--json").stdout)
    assert record["counts"] == {"question": 29, "best_practice": 51, "design_principle": 6, "risk": 20}
    assert record["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert [(s["name"], s["edition"], s["language"], s["entries"], s["from"]) for s in record["sources"]] == [
        ("genai-lens", "2025-11-19", "en", 86, "catalogue"),
        ("owasp-llm", "2026", "en", 10, "catalogue"),
        ("owasp-llm", "2025", "en", 10, "catalogue"),
        ("owasp-llm", "2025", "ja", 10, "catalogue"),
    ]


def test_answer_cites_practice_and_risk(catalogue_home: Path) -> None:
    record = json.loads(run(catalogue_home, "ask", AGENT, "--json").stdout)
    assert record["covered"] is True
    assert {"GENSEC05-BP01", "LLM03:2026"} <= {citation["id"] for citation in record["citations"]}
    assert [*record][:6] == ["question", "covered", "answer", "citations", "hits", "build"]
    assert (record["gap"], record["unknown"]) == (None, [])
    assert [*record["citations"][0]] == ["id", "title", "edition", "url", "quote", "origin"]


def test_every_quote_is_verbatim_in_its_entry(catalogue_home: Path) -> None:
    for citation in json.loads(run(catalogue_home, "ask", AGENT, "--json").stdout)["citations"]:
        entry = json.loads(run(catalogue_home, "show", citation["id"], "--json").stdout)
        assert sum(citation["quote"] in section["text"] for section in entry["sections"]) == 1
        assert citation["url"].split("#")[0] == entry["url"]


def test_question_out_of_scope_is_not_covered(catalogue_home: Path) -> None:
    done = run(catalogue_home, "ask", "What is the capital of France?", "--json", code=1)
    record = json.loads(done.stdout)
    assert record["covered"] is False
    assert record["citations"] == []
    assert record["answer"].startswith("Not covered")


def test_japanese_question_is_answered_in_japanese_with_the_same_ids(catalogue_home: Path) -> None:
    record = json.loads(run(catalogue_home, "ask", "エージェントの権限を絞るには？", "--json").stdout)
    assert "GENSEC05-BP01" in [citation["id"] for citation in record["citations"]]
    assert "実施すること:" in record["answer"]
    for citation in record["citations"]:
        assert citation["url"].startswith(
            ("https://docs.aws.amazon.com/", "https://raw.githubusercontent.com/")
        )


def test_search_prints_the_promised_keys(catalogue_home: Path) -> None:
    record = json.loads(run(catalogue_home, "search", "prompt", "caching", "--json", "--limit", "3").stdout)
    assert record["query"] == "prompt caching"
    assert len(record["hits"]) == 3
    assert record["hits"][0]["id"] == "GENCOST03-BP03"
    keys = ["id", "title", "kind", "source", "pillar", "risk_level", "url", "snippet"]
    assert [*record["hits"][0]] == keys
    assert "cach" in record["hits"][0]["snippet"].lower()


def test_filters_narrow_a_search(catalogue_home: Path) -> None:
    options = ("--pillar", "Security", "--risk-level", "High", "--kind", "best_practice")
    hits = json.loads(run(catalogue_home, "search", "prompt", *options, "--json").stdout)["hits"]
    assert {(h["pillar"], h["risk_level"], h["kind"]) for h in hits} == {
        ("Security", "High", "best_practice")
    }
    everything = json.loads(run(catalogue_home, "search", "prompt", "--limit", "100", "--json").stdout)[
        "hits"
    ]
    assert {hit["id"] for hit in hits} < {hit["id"] for hit in everything}
    assert {"Security", "Cost optimization"} <= {hit["pillar"] for hit in everything}


def test_show_accepts_a_sloppy_id(catalogue_home: Path) -> None:
    entry = json.loads(run(catalogue_home, "show", "gen sec 05 bp1", "--json").stdout)
    assert (entry["id"], entry["risk_level"], entry["pillar"]) == ("GENSEC05-BP01", "High", "Security")


def test_show_prints_a_risk_in_japanese(catalogue_home: Path) -> None:
    entry = json.loads(run(catalogue_home, "show", "llm6", "2025", "--lang", "ja", "--json").stdout)
    assert (entry["id"], entry["language"]) == ("LLM06:2025", "ja")


def test_list_has_every_entry_once(catalogue_home: Path) -> None:
    entries = json.loads(run(catalogue_home, "list", "--json").stdout)["entries"]
    assert len(entries) == 106
    assert len({entry["id"] for entry in entries}) == 106


def test_list_is_a_tree(catalogue_home: Path) -> None:
    lines = run(catalogue_home, "list", "--pillar", "Sustainability").stdout.splitlines()
    assert lines[0] == "Sustainability"
    assert lines[1].startswith("   GENSUS01  ")
    assert lines[2].startswith("      GENSUS01-BP01  ")


def test_eval_writes_a_run_and_prints_metrics(catalogue_home: Path, tmp_path: Path) -> None:
    questions = [
        {"id": "a", "lang": "en", "kind": "id", "question": "gensec5-bp1", "gold": ["GENSEC05-BP01"]},
        {"id": "b", "lang": "en", "kind": "oos", "question": "Where is my blue bicycle?", "gold": []},
    ]
    file, out = tmp_path / "questions.jsonl", tmp_path / "run.jsonl"
    file.write_text("".join(json.dumps(question) + "\n" for question in questions), encoding="utf-8")
    metrics = json.loads(run(catalogue_home, "eval", str(file), "--out", str(out), "--json").stdout)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["answered"]) for line in lines] == [("a", True), ("b", False)]
    assert lines[0]["ranked"][0] == "GENSEC05-BP01"
    assert len(lines[0]["ranked"]) == 10
    assert metrics["id"]["hit_at_1"] == 1.0
    assert metrics["all"]["count"] == 1
    assert metrics["oos"]["abstained"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("ask", ""), 2, "the question is empty"),
        (("ask", "  \u200b\t "), 2, "the question is empty"),
        (("ask", "x" * 100_000), 2, "100,000 characters, expected at most 20,000"),
        (("ask", "\x07\x1b"), 2, "the question is empty"),
        (("search", "?!"), 2, "the question is empty"),
        (("search", "zzqqxx"), 1, "nothing found for 'zzqqxx'"),
        (("show", "GENSEC99-BP01"), 1, "GENSEC99-BP01 is not in the served build"),
        (("show", "banana"), 1, "'banana' is not an id"),
        (("list", "--source", "nowhere"), 1, "no entry passes these filters"),
        (("eval", "missing.jsonl"), 2, "does not exist"),
        (("nonsense",), 2, "No such command"),
    ],
    ids=lambda value: " ".join(value)[:24] if isinstance(value, tuple) else None,
)
def test_bad_input_is_refused_with_a_message(
    catalogue_home: Path, arguments: tuple[str, ...], code: int, line: str
) -> None:
    done = run(catalogue_home, *arguments, code=code)
    assert done.stdout == ""
    assert line in done.stderr


def test_question_with_invalid_utf8_is_refused(catalogue_home: Path) -> None:
    assert "bytes that are not UTF-8" in run(catalogue_home, "ask", "\udcff\udcfe", code=2).stderr


@pytest.mark.parametrize("verb", ["status", "search", "ask", "show", "list"])
def test_missing_index_is_one_line_with_the_command_to_run(tmp_path: Path, verb: str) -> None:
    words = () if verb in ("status", "list") else ("prompt",)
    done = run(tmp_path / "empty", verb, *words, code=2)
    assert done.stderr.splitlines() == [
        f"genlens: no index in {tmp_path / 'empty'}; make one with: genlens refresh"
    ]


def test_unknown_setting_is_named(tmp_path: Path) -> None:
    done = genlens("status", home=tmp_path / "home", GENLENS_HOEM="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown setting GENLENS_HOEM in the environment; known: GENLENS_HOME" in done.stderr


def test_build_of_another_model_is_refused(catalogue_home: Path) -> None:
    done = genlens("ask", "prompt caching", home=catalogue_home, GENLENS_MODEL="other/model")
    assert done.returncode == 2
    assert "made with sentence-transformers/all-MiniLM-L6-v2, but GENLENS_MODEL is other/model" in done.stderr


def test_unwritable_home_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run(tmp_path / "file" / "home", "refresh", "--offline", code=2)
    assert done.stderr.count("\n") == 1
    assert "set GENLENS_HOME to a folder that can be written" in done.stderr


def test_every_verb_has_help_with_an_example() -> None:
    for name, command in main.commands.items():
        assert command.help, name
        assert f"genlens {name}" in command.help, name
