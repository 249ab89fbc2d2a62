"""Lines on stdin that are no messages, and names repeated in errors."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from support.homes import ROOT

LONG = "n" * 50_000
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


class Peer:
    """A tool server over stdio, by hand."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._stdin, self._stdout = stdin, stdout

    def answer(self, line: bytes) -> bytes:
        """The line that answers a line."""
        self._stdin.write(line + b"\n")
        self._stdin.flush()
        return self._stdout.readline()

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """The response to a request."""
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        response: dict[str, Any] = json.loads(self.answer(json.dumps(message).encode()))
        return response


@pytest.fixture
def peer(home: Path) -> Iterator[Peer]:
    environment = {"GENLENS_HOME": str(home), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "mcp"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        yield Peer(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == b""
        assert b"Traceback" not in process.stderr.read()


def test_line_that_is_not_json_is_answered_and_the_server_goes_on(peer: Peer) -> None:
    for line in (
        b"hello",
        b"",
        b'{"jsonrpc": "2.0", "id": 1, "meth',
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b"NaN}",
    ):
        answer = json.loads(peer.answer(line))
        assert (answer["id"], answer["error"]["code"]) == (None, -32700)
        assert answer["error"]["message"] == "the line is not JSON; expected one message of JSON-RPC 2.0"
    assert peer.call("initialize", **HELLO)["result"]["serverInfo"]["name"] == "genlens"
    assert json.loads(peer.answer(b"}"))["error"]["code"] == -32700
    assert peer.call("ping")["result"] == {}


def test_json_that_is_no_message_is_an_invalid_request(peer: Peer) -> None:
    for line in (b"7", b"[]", b"null", b'{"id": 1}', b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}'):
        answer = json.loads(peer.answer(line))
        assert (answer["id"], answer["error"]["code"]) == (None, -32600)
    assert peer.call("initialize", **HELLO)["result"]["serverInfo"]["name"] == "genlens"


def test_names_of_a_caller_are_cut_in_errors(peer: Peer) -> None:
    peer.call("initialize", **HELLO)
    unknown = peer.call("tools/call", name=LONG, arguments={})["result"]
    assert unknown["isError"] is True
    assert unknown["content"][0]["text"] == (
        f"Unknown tool: {'n' * 60}; expected one of: ask, search_best_practices, get_entry, list_questions, "
        "check_statements, related, what_changed, status"
    )
    method = peer.call(LONG)["error"]
    assert method == {"code": -32601, "message": f"no method {'n' * 60}: this server has only tools"}
    for name, arguments in {
        "prompts/get": {"name": LONG},
        "resources/read": {"uri": f"file:///{LONG}"},
        "completion/complete": {
            "ref": {"type": "ref/prompt", "name": LONG},
            "argument": {"name": "a", "value": "b"},
        },
        "tools/call": {"name": "status", "arguments": {LONG: 1}},
        "logging/setLevel": {"level": LONG},
    }.items():
        assert len(json.dumps(peer.call(name, **arguments))) < 400
