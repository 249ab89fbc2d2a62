"""Every verb ends in one clear line and the right exit code, whatever it is given; never in a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.homes import ROOT

from assistant.cli import main
from assistant.feedback import FILE
from kb.make import make_build

LABELLED = '{"id":"q","lang":"en","kind":"design","question":"caching","gold":["GENCOST03-BP03"],"also":[]}\n'
QUESTIONS = "questions.jsonl"
VERBS = {
    "refresh": ("--offline", "--no-wait", "--check"),
    "status": (),
    "changes": (),
    "rollback": (),
    "search": ("caching",),
    "ask": ("How do we cache prompts?",),
    "show": ("GENSEC05-BP01",),
    "list": (),
    "check": ("Rotate keys [GENSEC05-BP01].",),
    "eval": (QUESTIONS,),
    "chat": (),
    "mcp": (),
    "feedback": (),
}
# Without a home, `mcp` serves errors, and `refresh` makes one.
READING = [verb for verb in VERBS if verb not in ("mcp", "refresh")]


@pytest.fixture(autouse=True)
def questions() -> None:
    """A file of questions in the working folder."""
    Path(QUESTIONS).write_text(LABELLED, encoding="utf-8")


def run(verb: str, *arguments: str, **environment: str) -> Result:
    """The result of a verb; an exception that the command line does not handle fails the test."""
    result = CliRunner(env=environment).invoke(main, [verb, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def told(result: Result) -> str:
    """The one line on stderr, after the usage of a verb."""
    assert "Traceback" not in result.stderr
    usage, _, line = result.stderr.rpartition("\n\n")
    assert usage.startswith("Usage:") or not usage
    assert line.startswith(("genlens: ", "Error: "))
    assert line.count("\n") == 1
    return line.rstrip()


def test_table_has_every_verb() -> None:
    assert VERBS.keys() == main.commands.keys()


# Settings.

NO_ADDRESS = "GENLENS_MIRROR is .*: expected an address"
LONG = "x" * 64  # a label of a host name has at most 63 characters
SETTINGS = [
    ("HOME", "~nobody-of-this-name/kb", "GENLENS_HOME is '~nobody-of-this-name/kb': expected a folder"),
    ("HOME", "", "GENLENS_HOME is '': expected a folder"),
    ("MIRROR", "http://[fe80::1", NO_ADDRESS),
    ("MIRROR", "http://[local]/", NO_ADDRESS),
    ("MIRROR", "https://", NO_ADDRESS),
    ("MIRROR", "https:///pages", NO_ADDRESS),
    ("MIRROR", "http://mirror:eighty/", NO_ADDRESS),
    ("MIRROR", "http://mirror:70000/", NO_ADDRESS),
    ("MIRROR", "http://mirror..test/", NO_ADDRESS),
    ("MIRROR", f"http://{LONG}.test/", NO_ADDRESS),
    ("MIRROR", "http://my mirror/", NO_ADDRESS),
    ("MIRROR", "http://mirror\x07/", NO_ADDRESS),
    ("MIRROR", "http://\udcff/", NO_ADDRESS),
    ("MIRROR", "ftp://mirror/", NO_ADDRESS),
    ("LLM", "openai-like:m@http://[fe80::1", "GENLENS_LLM is .*: expected openai:MODEL"),
    ("LLM", "openai-like:m@http://models:eighty/v1", "GENLENS_LLM is .*: expected openai:MODEL"),
    ("LLM", f"openai-like:m@http://{LONG}/v1", "GENLENS_LLM is .*: expected openai:MODEL"),
    ("LLM", "openai-like:m", "GENLENS_LLM is .*: expected openai:MODEL"),
    ("MODEL", "", "GENLENS_MODEL is '': String should have at least 1 character"),
    ("LLM_TIMEOUT", "0", "GENLENS_LLM_TIMEOUT is '0': Input should be greater than 0"),
    ("LLM_TIMEOUT", "-inf", "GENLENS_LLM_TIMEOUT is '-inf': Input should be greater than 0"),
    ("LLM_TIMEOUT", "nan", "GENLENS_LLM_TIMEOUT is 'nan': "),
    ("LLM_TIMEOUT", "1e99", "GENLENS_LLM_TIMEOUT is '1e99': Input should be less than or equal to 600"),
    ("LLM_TIMEOUT", "soon", "GENLENS_LLM_TIMEOUT is 'soon': Input should be a valid number"),
    ("LLM_ANSWER_TOKENS", "0", "GENLENS_LLM_ANSWER_TOKENS is '0': Input should be greater"),
    ("LLM_PROCESS_TOKENS", "-5", "GENLENS_LLM_PROCESS_TOKENS is '-5': Input should be greater"),
    ("LLM_PROCESS_TOKENS", "9" * 5000, "GENLENS_LLM_PROCESS_TOKENS is '9+': Unable to parse input"),
    ("TRACES", "file", "GENLENS_TRACES is 'file': Input should be 'off', 'console' or 'otlp'"),
    ("FEEDBACK", "perhaps", "GENLENS_FEEDBACK is 'perhaps': Input should be a valid boolean"),
    ("COLOUR", "blue", "unknown setting GENLENS_COLOUR in the environment; known: GENLENS_HOME"),
]


@pytest.mark.parametrize(("name", "value", "line"), SETTINGS, ids=lambda value: value[:30])
def test_invalid_setting_is_named(name: str, value: str, line: str, subtests: pytest.Subtests) -> None:
    for verb, arguments in VERBS.items():
        with subtests.test(verb):
            result = run(verb, *arguments, **{f"GENLENS_{name}": value})
            assert told(result).startswith("genlens: GENLENS") or name == "COLOUR"
            assert_matches(line, told(result))
            assert (result.exit_code, result.stdout) == (2, "")


FILES = [
    (b"GENLENS_MODEL=\xff\xfe\n", r"\.env is not UTF-8 text \(byte 0xff at 14\); save it as UTF-8"),
    (b"GENLENS_MODEL=a\0b\n", r"GENLENS_MODEL is 'a\\x00b': expected text without NUL characters"),
    (b"GENLENS_FEEDBACK=\0\n", r"GENLENS_FEEDBACK is '\\x00': expected text without NUL characters"),
    (b"GENLENS_LLM_TIMEOUT=1\0\n", r"GENLENS_LLM_TIMEOUT is '1\\x00': expected text without NUL"),
    (b"GENLENS_MIRROR=http://mirror\n", r"GENLENS_MIRROR may not stand in \.env; set it in the environment"),
    (b"GENLENS_MODLE=x\n", r"unknown setting GENLENS_MODLE in \.env; known: GENLENS_HOME"),
]


@pytest.mark.parametrize(("content", "line"), FILES, ids=lambda value: str(value)[:30])
def test_invalid_file_of_settings_is_named(content: bytes, line: str, subtests: pytest.Subtests) -> None:
    Path(".env").write_bytes(content)
    for verb, arguments in VERBS.items():
        with subtests.test(verb):
            result = run(verb, *arguments)
            assert_matches(line, told(result))
            assert (result.exit_code, result.stdout) == (2, "")


def test_home_with_a_nul_in_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.delenv("GENLENS_HOME")
    Path(".env").write_bytes(b"GENLENS_HOME=/tmp/a\0b\n")
    for verb, arguments in VERBS.items():
        with subtests.test(verb):
            assert "GENLENS_HOME is '/tmp/a\\x00b': expected text without NUL" in told(run(verb, *arguments))


def test_broken_proxy_is_named(home: Path) -> None:
    for proxy in ("http://[fe80::1", "gopher://proxy:70", "http://proxy:eighty"):
        result = run("refresh", "--check", HTTPS_PROXY=proxy)
        assert told(result).endswith("in the environment is not an address; expected http://HOST:PORT")
        assert result.exit_code == 2
    assert not (home / "builds").exists()


# The home.


@pytest.fixture
def built(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a build of the small corpus."""
    monkeypatch.setenv("GENLENS_MODEL", "tests/words")
    make_build(home, WordEncoder(), corpus(), SOURCES, MADE_AT)
    return home


def a_file(home: Path) -> None:
    home.write_text("not a folder")


def below_a_file(home: Path) -> None:
    home.parent.joinpath("file").write_text("not a folder")
    os.environ["GENLENS_HOME"] = str(home.parent / "file" / "home")


def a_link_to_itself(home: Path) -> None:
    home.symlink_to(home)


def a_name_that_is_too_long(home: Path) -> None:
    os.environ["GENLENS_HOME"] = str(home.parent / ("x" * 300))


@pytest.mark.parametrize("place", [a_file, below_a_file, a_link_to_itself, a_name_that_is_too_long])
def test_place_that_cannot_be_a_home_is_named(home: Path, place: object, subtests: pytest.Subtests) -> None:
    assert callable(place)
    place(home)
    for verb in [*READING, "refresh"]:
        with subtests.test(verb):
            result = run(verb, *VERBS[verb])
            assert os.environ["GENLENS_HOME"] in told(result)
            assert (result.exit_code, result.stdout) == (2, "")


def test_empty_home_is_told(home: Path, subtests: pytest.Subtests) -> None:
    for verb in READING:
        with subtests.test(verb):
            result = run(verb, *VERBS[verb])
            nothing = "no feedback yet, and every question was covered"
            index = f"no index in {home}; make one with: genlens refresh"
            assert told(result) == f"genlens: {nothing if verb == 'feedback' else index}"
            assert result.exit_code == (1 if verb == "feedback" else 2)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"\0", b"../builds"])
def test_damaged_pointer_is_told(built: Path, content: bytes | None, subtests: pytest.Subtests) -> None:
    (built / "current").unlink()
    (built / "current").mkdir() if content is None else (built / "current").write_bytes(content)
    for verb in READING:
        if verb not in ("changes", "feedback"):  # they do not ask which build is served
            with subtests.test(verb):
                result = run(verb, *VERBS[verb])
                assert_matches(r"^genlens: .*/current .*; run: genlens refresh$", told(result))
                assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("content", [None, b"", b"[1]", b"\xff", b'[{"what": 5}]', b'[{"what": "x", "reas'])
def test_damaged_log_of_refreshes_is_shown_as_a_failure(built: Path, content: bytes | None) -> None:
    for name in ("failures.json", "checked.json"):
        (built / name).mkdir() if content is None else (built / name).write_bytes(content)
    result = run("status")
    assert "failures.json cannot be read" in result.stdout
    assert result.exit_code == 0


def test_folder_in_place_of_the_lock_is_told(built: Path, subtests: pytest.Subtests) -> None:
    (built / "refresh.lock").unlink(missing_ok=True)
    (built / "refresh.lock").mkdir()
    for verb in ("refresh", "rollback"):
        with subtests.test(verb):
            result = run(verb, *VERBS[verb])
            assert "refresh.lock: it is a folder, expected a file; remove it" in told(result)
            assert result.exit_code == 2


@pytest.mark.parametrize("content", [None, b"not a database, but long enough to look at" * 99])
def test_damaged_feedback_is_told(built: Path, content: bytes | None) -> None:
    (built / FILE).mkdir() if content is None else (built / FILE).write_bytes(content)
    result = run("feedback")
    assert_matches(r"cannot be used \(.*\); free disk space, .* or set GENLENS_FEEDBACK=false$", told(result))
    assert result.exit_code == 2


# What is typed.

BYTES = os.fsdecode(b"\xff\xfe")
TYPED = [
    (("search", BYTES), 2, "the question is not text"),
    (("ask", BYTES), 2, "the question is not text"),
    (("ask", "--json", BYTES), 2, "the question is not text"),
    (("ask", "and for RAG?", "--after", BYTES), 2, "the question is not text"),
    (("show", BYTES), 1, "is not an id such as GENSEC05-BP01"),
    (("list", "--source", BYTES), 1, "no entry passes these filters"),
    (("list", "--edition", BYTES), 1, "no entry passes these filters"),
    (("changes", BYTES), 1, "is not a build in"),
    (("rollback", BYTES), 1, "is not a build in"),
    (("refresh", "--mirror", BYTES), 2, NO_ADDRESS),
    (("eval", BYTES), 2, "Invalid value for 'FILE': File .* does not exist"),
    (("chat", "--address", BYTES), 2, "which is not the name of a host"),
    (("chat", "--address", f"{LONG}.test"), 2, "which is not the name of a host"),
    (("chat", "--address", "[fe80::1"), 2, "which is not the name of a host"),
    (("chat", "--port", "0"), 2, "0 is not in the range 1<=x<=65535"),
    (("chat", "--port", "9" * 30), 2, "9+ is not in the range 1<=x<=65535"),
    (("mcp", "--http", "--port", "-1"), 2, "-1 is not in the range 0<=x<=65535"),
    (("mcp", "--port", "8502"), 2, "--port needs --http"),
    (("search", "caching", "--limit", "0"), 2, "0 is not in the range 1<=x<=100"),
    (("feedback", "--limit", "1e3"), 2, "'1e3' is not a valid integer range"),
    (("search", ""), 2, "the question is empty"),
    (("ask", "\n\t"), 2, "the question is empty"),
    (("ask", "x" * 30_000), 2, "the question has 30,000 characters, expected at most 20,000"),
    (("show", ""), 1, "is not an id"),
    (("status", "now"), 2, "Got unexpected extra argument"),
]


@pytest.mark.parametrize(("typed", "code", "line"), TYPED, ids=lambda value: str(value)[:40])
def test_bad_argument_is_told(built: Path, typed: tuple[str, ...], code: int, line: str) -> None:
    assert built.is_dir()
    result = run(*typed)
    assert_matches(line, told(result))
    assert result.exit_code == code


FILES_OF_QUESTIONS = [
    (b"", "has no questions, expected one in each line, as JSON"),
    (b"\n\n \n", "has no questions"),
    (LABELLED.encode()[:30], "line 1, line: Invalid JSON"),
    (LABELLED.encode() + b"\0\0\0", "line 2, line: Invalid JSON"),
    (LABELLED.encode() + b"\xff\xfe\n", "line 2, line: Invalid JSON"),
    (LABELLED.encode().replace(b"caching", b"\\ud800"), "line 1, line: Invalid JSON"),
    (b"[]\n", "line 1, line: "),
    (b"7\n", "line 1, line: "),
    (LABELLED.encode().replace(b'"caching"', b"null"), "line 1, question: "),
    (LABELLED.encode().replace(b"[", b"{", 1).replace(b"]", b":1}", 1), "line 1, gold: "),
    (b"\x89PNG\r\n\x1a\n", "line 1, line: Invalid JSON"),
]


@pytest.mark.parametrize(("content", "line"), FILES_OF_QUESTIONS, ids=lambda value: str(value)[:30])
def test_broken_file_of_questions_is_told(built: Path, content: bytes, line: str) -> None:
    assert built.is_dir()
    Path(QUESTIONS).write_bytes(content)
    result = run("eval", QUESTIONS)
    assert_matches(rf"^genlens: {QUESTIONS}[, ]", told(result))
    assert_matches(line, told(result))
    assert (result.exit_code, result.stdout) == (2, "")


def test_folder_in_place_of_a_file_is_told(built: Path) -> None:
    assert built.is_dir()
    for arguments in ((".",), (QUESTIONS, "--out", ".")):
        result = run("eval", *arguments)
        assert told(result).endswith("File '.' is a directory.")
        assert result.exit_code == 2


# The process.


@pytest.mark.parametrize("verb", VERBS)
def test_interruption_ends_in_one_line(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    callback = main.commands[verb].callback
    assert callback is not None
    monkeypatch.setitem(callback.__globals__, "load_settings", interrupted)
    result = run(verb, *VERBS[verb])
    assert told(result) == "genlens: interrupted; repeat the command"
    assert result.exit_code == 130


@pytest.mark.parametrize("verb", ["ask", "search", "show"])
def test_closed_stdin_is_told(
    built: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built.is_dir()
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit) as ended:
        main([verb, "-"])
    assert capsys.readouterr().err.endswith("- reads the text from stdin, but stdin is closed\n")
    assert ended.value.code == 2


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_tool_server_without_a_client_is_told(
    stream: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, stream, None)
    with pytest.raises(SystemExit) as ended:
        main(["mcp"])
    assert "expected a client there; for HTTP use --http" in capsys.readouterr().err
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "0"},
        {"COLUMNS": "-7"},
        {"COLUMNS": "wide"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "xx_XX.nothing", "TERM": ""},
    ],
    ids=lambda value: " ".join(f"{name}={value[name]}" for name in value),
)
def test_odd_terminal_changes_nothing(built: Path, environment: dict[str, str]) -> None:
    for arguments, words in (("list",), b"GENSEC05-BP01"), (("search", "--help"), b"--risk-level"):
        ended = subprocess.run(
            [sys.executable, "-m", "assistant.cli", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT), "GENLENS_HOME": str(built)} | environment,
            capture_output=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert words in ended.stdout


def assert_matches(pattern: str, line: str) -> None:
    """Check a line against a regular expression, as pytest.raises does."""
    assert re.search(pattern, line), line
