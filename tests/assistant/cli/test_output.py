"""Output that cannot be written, or not in the code page of the terminal, ends in one line or a stand-in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

VERBS = (
    ("search", "caching"),
    ("list",),
    ("show", "GENSEC05-BP01", "--lang", "ja"),
    ("status",),
    ("--help",),
)


def run(home: Path, command: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """Runs a shell command in which `genlens` is the command line of this Python."""
    genlens = f"{sys.executable} -m assistant.cli"
    environment = os.environ | {"GENLENS_HOME": str(home), "PYTHONIOENCODING": encoding}
    script = f'genlens() {{ {genlens} "$@"; }}; {command}'
    return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_full_disk_is_reported_in_one_line(catalogue_home: Path, verb: tuple[str, ...]) -> None:
    ended = run(catalogue_home, f"genlens {' '.join(verb)} > /dev/full")
    assert (
        ended.stderr.decode().splitlines()[-1] == "genlens: cannot write the output: No space left on device"
    )
    assert b"Traceback" not in ended.stderr
    assert ended.returncode == 2


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_closed_pipe_ends_quietly(catalogue_home: Path, verb: tuple[str, ...]) -> None:
    ended = run(catalogue_home, f"genlens {' '.join(verb)} | true")
    assert ended.stderr == b""


@pytest.mark.parametrize("encoding", ["cp850", "latin-1"])
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_code_page_without_a_character_gets_a_stand_in(
    catalogue_home: Path, verb: tuple[str, ...], encoding: str
) -> None:
    ended = run(catalogue_home, f"genlens {' '.join(verb)}", encoding)
    assert b"Traceback" not in ended.stderr
    assert ended.stdout.decode(encoding)


def test_stand_in_is_a_question_mark(catalogue_home: Path) -> None:
    japanese = run(catalogue_home, "genlens show GENSEC05-BP01 --lang ja", "latin-1").stdout
    assert b"GENSEC05-BP01  ????" in japanese


def test_json_is_whole_in_every_code_page(catalogue_home: Path) -> None:
    command = "genlens show GENSEC05-BP01 --lang ja --json"
    unicode = run(catalogue_home, command).stdout
    assert "エージェント".encode() in unicode
    for encoding in ("cp850", "ascii"):
        assert json.loads(run(catalogue_home, command, encoding).stdout) == json.loads(unicode)


def test_file_that_cannot_be_written_is_named(catalogue_home: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "questions.jsonl", tmp_path / "none" / "run.jsonl"
    questions.write_text(
        json.dumps(
            {
                "id": "q",
                "lang": "en",
                "kind": "design",
                "question": "caching",
                "gold": ["GENCOST03-BP03"],
                "also": [],
            }
        )
    )
    ended = run(catalogue_home, f"genlens eval {questions} --out {out}")
    assert ended.stderr.decode().splitlines()[-1] == f"genlens: {out}: No such file or directory"
    assert ended.returncode == 2
