import json
from pathlib import Path

import pytest
from support.homes import genlens

TRUE = "Give every agent its own execution role."
FALSE = "Never log the calls of agents."


def test_checked_text_tells_doubts_and_ends_with_one(catalogue_home: Path) -> None:
    line = f"{FALSE} [GENSEC05-BP01]"
    done = genlens("check", line, home=catalogue_home)
    assert done.returncode == 1
    assert done.stdout.startswith(f"in doubt: {FALSE} [GENSEC05-BP01]\n    ")
    assert "GENSEC05-BP01 says: " in done.stdout
    assert done.stdout.endswith(" (in genlens's words)\n")  # a build without pages


def test_file_and_stdin_are_checked_like_a_text(catalogue_home: Path, tmp_path: Path) -> None:
    practice = json.loads(genlens("show", "GENSEC05-BP01", "--json", home=catalogue_home).stdout)
    step = next(s for s in practice["sections"] if s["role"] == "steps")["text"].split("\n")[0]
    file = tmp_path / "decision.md"
    file.write_text(f"{step} [GENSEC05-BP01]\n", encoding="utf-8")
    of_file = genlens("check", str(file), "--json", home=catalogue_home)
    assert of_file.returncode == 0, of_file.stdout
    (statement,) = json.loads(of_file.stdout)["statements"]
    assert (statement["ids"], statement["supported"], statement["doubts"]) == (["GENSEC05-BP01"], True, [])
    assert [*statement["rests_on"][0]] == ["id", "quote", "url", "origin"]
    assert statement["rests_on"][0]["origin"] == "genlens"


def test_claims_of_a_file_are_written_with_their_ids(catalogue_home: Path, tmp_path: Path) -> None:
    claims, out = tmp_path / "claims.jsonl", tmp_path / "run.jsonl"
    lines = [
        {"id": "a", "entry": "gensec5-bp1", "claim": FALSE, "true": False},
        {"id": "b", "entry": "X1", "claim": TRUE},
    ]
    claims.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert genlens("check", "--claims", str(claims), "--out", str(out), home=catalogue_home).returncode == 0
    first, second = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["ids"], first["supported"]) == ("a", ["GENSEC05-BP01"], False)
    assert second["doubts"] == [{"kind": "unknown_id", "detail": "X1"}]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "expected a text, a file or -, or else --claims FILE"),
        (("text", "--out", "run.jsonl"), "--claims and --out belong together"),
        ((" ",), "the text has no statement"),
    ],
)
def test_check_without_its_input_is_refused(
    catalogue_home: Path, arguments: tuple[str, ...], line: str
) -> None:
    done = genlens("check", *arguments, home=catalogue_home)
    assert (done.returncode, line in done.stderr) == (2, True)


def test_broken_claims_and_binary_files_are_refused(catalogue_home: Path, tmp_path: Path) -> None:
    broken, binary = tmp_path / "broken.jsonl", tmp_path / "binary.md"
    broken.write_text('{"id": "a"}\n', encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    done = genlens("check", "--claims", str(broken), "--out", str(tmp_path / "run"), home=catalogue_home)
    assert "line 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert "is not text in UTF-8" in genlens("check", str(binary), home=catalogue_home).stderr
