"""The tool server, called by the SDK's client."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, TextContent, Tool
from support.clock import Clock
from support.corpus import MADE_AT, OWASP, SOURCES, corpus, prose
from support.encoder import WordEncoder
from support.homes import ROOT

from assistant.mcp.server import DATA, ToolServer
from assistant.mcp.tools import MAX_RESULT
from kb.entries import Related, Role
from kb.make import make_build
from kb.settings import load_settings
from kb.storage.builds import Build, current_build, serve

AGENT = "How do I keep an agent from taking actions it should not?"
WORDS = "tests/words"
TOOLS = [
    "ask",
    "search_best_practices",
    "get_entry",
    "list_questions",
    "check_statements",
    "related",
    "what_changed",
    "status",
]

ELEVEN_EDITIONS = {"editions": [str(number) for number in range(11)]}

Result = TypeVar("Result")
Talk = Callable[[Client], Awaitable[Result]]


def environment(home: Path, model: str) -> dict[str, str]:
    return {
        "GENLENS_HOME": str(home),
        "GENLENS_MODEL": model,
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
    }


def over_stdio(home: Path, talk: Talk[Result], model: str = WORDS) -> Result:
    """The result of calls to a server in its own process, over its stdin and stdout."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "assistant.cli", "mcp"],
        env=environment(home, model),
        cwd=home.parent,
    )
    return connected(server, talk)


@contextmanager
def http_server(home: Path, model: str = WORDS) -> Iterator[str]:
    """The address of a server in its own process."""
    command = [sys.executable, "-m", "assistant.cli", "mcp", "--http", "--port", "0"]
    with subprocess.Popen(
        command, env=environment(home, model), cwd=home.parent, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
        assert process.stdout.read() == ""  # requests are not logged on stdout


def connected(server: ToolServer | StdioServerParameters | str, talk: Talk[Result]) -> Result:
    async def run() -> Result:
        async with Client(server) as client:
            return await talk(client)

    return asyncio.run(run())


def calling(name: str, **arguments: object) -> Talk[CallToolResult]:
    async def talk(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    return talk


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture
def build(home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a published build of the small corpus; its model is configured and the clock is fake."""
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr("kb.storage.builds.datetime", Clock)  # builds made in the same second have no order
    monkeypatch.setenv("GENLENS_MODEL", WORDS)
    return make_build(home, encoder, corpus(), SOURCES, MADE_AT).id


def call(name: str, **arguments: object) -> CallToolResult:
    """The result of a tool, called on a server in this process."""
    return connected(ToolServer(load_settings()), calling(name, **arguments))


def error_of(name: str, **arguments: object) -> str:
    """The error message of a tool, the only content of its result."""
    result = call(name, **arguments)
    assert result.is_error
    assert result.structured_content is None
    assert "Traceback" not in text(result)
    return text(result)


def record(result: CallToolResult) -> dict[str, Any]:
    """The JSON of a successful result."""
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return result.structured_content


@pytest.fixture
def tools() -> dict[str, Tool]:
    async def listing(client: Client) -> list[Tool]:
        return (await client.list_tools()).tools

    return {tool.name: tool for tool in connected(ToolServer(load_settings()), listing)}


def test_tools_are_read_only_and_declare_text_as_data(tools: dict[str, Tool]) -> None:
    assert list(tools) == TOOLS
    for tool in tools.values():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.annotations.open_world_hint is False
        assert tool.description is not None
        assert tool.description.endswith(DATA)


def test_documentation_lists_every_tool_with_its_arguments(tools: dict[str, Tool]) -> None:
    document = (ROOT / "docs" / "tool-server.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", document, flags=re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", arguments)) for name, arguments in documented} == {
        tool.name: set(tool.input_schema["properties"]) for tool in tools.values()
    }


def test_arguments_are_bounded_and_results_name_the_build(tools: dict[str, Tool]) -> None:
    for tool in tools.values():
        assert tool.input_schema["additionalProperties"] is False
        assert [*unbounded(tool.input_schema)] == []
        assert tool.output_schema is not None
        assert "build" in tool.output_schema["required"]


def unbounded(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Parts of a schema that allow strings, numbers or lists of any size."""
    kind = schema.get("type")
    if kind == "string" and not {"enum", "maxLength"} & schema.keys():
        yield schema
    if kind in ("integer", "number") and not {"minimum", "maximum"} <= schema.keys():
        yield schema
    if kind == "array":
        limited = "maxItems" in schema or schema.get("uniqueItems")
        yield from unbounded(schema["items"]) if limited else [schema]
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for part in [*inner, *schema.get("anyOf", [])]:
        yield from unbounded(part)


def test_search_has_text_and_json_with_the_build(build: str) -> None:
    result = call("search_best_practices", query="prompt caching", limit=1)
    results = record(result)
    assert (results["query"], results["build"]) == ("prompt caching", build)
    assert [hit["id"] for hit in results["hits"]] == ["GENCOST03-BP01"]
    assert text(result).startswith("GENCOST03-BP01  Cache repeated prompts  (Cost optimization · Low)\n")
    assert text(result).endswith(f"\n\nbuild {build}")


@pytest.mark.usefixtures("build")
def test_search_is_limited_to_practices_and_risks_by_default() -> None:
    def ids(**filters: list[str]) -> set[str]:
        optional = {"filters": filters} if filters else {}
        return {
            hit["id"] for hit in record(call("search_best_practices", query="agents", **optional))["hits"]
        }

    assert ids() == {"GENSEC05-BP01", "GENSEC05-BP02", "LLM03:2026"}
    assert ids(kinds=["question"]) == {"GENSEC05"}
    assert ids(risk_levels=["Medium"]) == {"GENSEC05-BP02"}
    assert ids(sources=["owasp-llm"], editions=["2025"]) == {"LLM06:2025"}
    assert ids(pillars=["Sustainability"]) == set()


def test_entry_is_complete_in_the_requested_language(build: str) -> None:
    result = call("get_entry", entry_id="gensec5 bp1", language="ja")
    entry = record(result)
    assert (entry["id"], entry["language"], entry["build"]) == ("GENSEC05-BP01", "ja", build)
    assert [section["role"] for section in entry["sections"]] == ["introduction", "steps"]
    assert "1. エージェントごとに専用のロールを作る。" in text(result)


def test_long_entry_is_read_in_parts(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_MODEL", WORDS)
    sections = tuple(prose(f"Part {number}", Role.OTHER, "word " * 1_000) for number in range(1, 31))
    entries = (replace(entry, sections=sections) if entry.id == "LLM03:2026" else entry for entry in corpus())
    make_build(home, encoder, tuple(entries), SOURCES, MADE_AT)
    read, asked = [], {}
    while len(read) < 30:
        result = call("get_entry", entry_id="LLM03:2026", **asked)
        entry = record(result)
        read += [section["title"] for section in entry["sections"]]
        asked = {"sections": [part["number"] for part in entry["left_out"]]}
        assert len(text(result)) + len(json.dumps(entry)) < MAX_RESULT
        assert ("LEFT OUT; read on with sections " in text(result)) is bool(asked["sections"])
    assert read == [f"Part {number}" for number in range(1, 31)]
    assert asked == {"sections": []}
    assert error_of("get_entry", entry_id="LLM03:2026", sections=[31]) == (
        "LLM03:2026 has no section 31; it has 30"
    )


@pytest.mark.usefixtures("build")
def test_result_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.mcp.tools.MAX_RESULT", 500)
    assert re.fullmatch(
        r"the result has \d+ characters, more than 500; ask for less of it", error_of("status")
    )


def test_long_diff_is_left_to_the_command_line(
    home: Path, encoder: WordEncoder, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.mcp.tools.MAX_DIFF", 100)
    reworded = [replace(entry, title=f"Another title of {entry.id}") for entry in corpus()]
    make_build(home, encoder, reworded, SOURCES, MADE_AT)
    result = call("what_changed", old=build, entry_id="LLM03:2026")
    (change,) = record(result)["changed"]
    assert (change["id"], change["fields"], "diff" in change) == ("LLM03:2026", ["title"], False)
    assert "The diff is longer than 100 characters; see it with: genlens changes OLD NEW --diff" in text(
        result
    )


def test_questions_are_listed_with_practices_on_request(build: str) -> None:
    listed = record(call("list_questions"))
    assert [entry["id"] for entry in listed["entries"]] == ["GENSEC05"]
    assert listed["build"] == build
    with_practices = call("list_questions", pillars=["Security"], with_best_practices=True)
    assert [entry["id"] for entry in record(with_practices)["entries"]] == [
        "GENSEC05",
        "GENSEC05-BP01",
        "GENSEC05-BP02",
    ]
    assert text(with_practices).startswith("Security\n   GENSEC05  How do you keep agents within bounds?\n")
    assert record(call("list_questions", pillars=["Reliability"]))["entries"] == []


def test_related_entries_have_a_reason_and_are_in_the_served_build(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_MODEL", WORDS)
    others = (
        Related("LLM03:2026", "It is the risk behind this."),
        Related("LLM09:2026", "It is not served."),
    )
    entries = (replace(entry, related=others) for entry in corpus())
    build = make_build(home, encoder, tuple(entries), SOURCES, MADE_AT).id
    result = call("related", entry_id="gensec5 bp2")
    assert record(result) == {
        "id": "GENSEC05-BP02",
        "title": "Stop runaway agents",
        "related": [
            {
                "id": "LLM03:2026",
                "title": "Excessive Agency",
                "kind": "risk",
                "url": f"{OWASP}/2026/LLM03_ExcessiveAgency.md",
                "why": "It is the risk behind this.",
            }
        ],
        "build": build,
    }
    assert text(result).splitlines()[2:4] == [
        "LLM03:2026  Excessive Agency",
        "   It is the risk behind this.",
    ]


def test_changes_of_one_entry_have_a_diff(home: Path, encoder: WordEncoder, build: str) -> None:
    reworded = replace(corpus()[4], title="Cache prompts that repeat")
    entries = [reworded if entry.id == reworded.id else entry for entry in corpus()[:-1]]
    make_build(home, encoder, entries, SOURCES, MADE_AT)
    assert record(call("what_changed"))["removed"] == ["LLM06:2025"]
    result = call("what_changed", old=build, entry_id="gencost3-bp1")
    changes = record(result)
    assert (changes["added"], changes["removed"]) == ([], [])
    (change,) = changes["changed"]
    assert (change["id"], change["fields"]) == ("GENCOST03-BP01", ["title"])
    assert "-Cache repeated prompts\n+Cache prompts that repeat" in change["diff"][0]["text"]
    assert "+Cache prompts that repeat" in text(result)


def test_status_has_build_model_counts_and_kept_builds(build: str) -> None:
    result = call("status")
    status = record(result)
    assert (status["build"], status["model"], status["kept"]) == (build, WORDS, [build])
    assert status["counts"] == {"question": 1, "best_practice": 3, "page": 1, "risk": 3}
    assert f"kept   {build}  (served)" in text(result)


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("ask", {}, "ask: question: Field required"),
        ("ask", {"question": ""}, "ask: question: String should have at least 1 character"),
        ("ask", {"question": " \u200b"}, "the question is empty, expected a few words or an id"),
        ("ask", {"question": "x" * 20_001}, "ask: question: String should have at most 20000 characters"),
        ("ask", {"question": 7}, "ask: question: Input should be a valid string"),
        ("ask", {"question": "a", "model": "x"}, "ask has no argument 'model'; it takes: filters, question"),
        ("ask", {"question": "a", "filters": {"pillars": ["Safety"]}}, "filters.pillars: 'Safety' is not a"),
        ("ask", {"question": "a", "filters": {"colour": ["red"]}}, "filters.colour: Extra inputs"),
        ("ask", {"question": "a", "filters": {"a\nb" + "c" * 999: []}}, "filters.a bccc"),
        ("search_best_practices", {"query": "a", "limit": 51}, "limit: Input should be less than or equal"),
        ("search_best_practices", {"query": "a", "limit": 0}, "limit: Input should be greater than or equal"),
        ("search_best_practices", {"query": "a", "filters": ELEVEN_EDITIONS}, "should have at most 10 items"),
        ("get_entry", {"entry_id": "banana"}, "'banana' is not an id such as GENSEC05-BP01 or LLM03:2026"),
        ("get_entry", {"entry_id": "GENSEC99-BP01"}, "GENSEC99-BP01 is not in the served build"),
        ("get_entry", {"entry_id": "x" * 61}, "entry_id: String should have at most 60 characters"),
        ("get_entry", {"entry_id": "GENSEC05", "language": "fr"}, "language: Input should be 'en' or 'ja'"),
        ("related", {"entry_id": "LLM09:2026"}, "LLM09:2026 is not in the served build"),
        ("list_questions", {"pillars": ["Safety"]}, "'Safety' is not a pillar; expected one of: Operational"),
        ("what_changed", {"old": "gone"}, "'gone' is not a build in "),
        ("what_changed", {}, " is the only build in "),
        ("status", {"verbose": True}, "status has no argument 'verbose'; it takes: none"),
        ("delete_everything", {}, "Unknown tool: delete_everything"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(name: str, arguments: dict[str, Any], line: str) -> None:
    message = error_of(name, **arguments)
    assert line in message
    assert message.count("\n") == 0
    assert len(message) < 300


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ask", {"question": "agents"}),
        ("search_best_practices", {"query": "agents"}),
        ("get_entry", {"entry_id": "GENSEC05"}),
        ("list_questions", {}),
        ("related", {"entry_id": "GENSEC05"}),
        ("what_changed", {}),
        ("status", {}),
    ],
)
def test_missing_index_is_an_error_with_the_command_to_run(
    home: Path, name: str, arguments: dict[str, Any]
) -> None:
    assert error_of(name, **arguments) == f"no index in {home}; make one with: genlens refresh"


@pytest.mark.usefixtures("build")
def test_crash_does_not_reveal_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("assistant.mcp.tools.ask", crash)
    assert error_of("ask", question="agents") == "Error executing tool ask"


async def refresh_and_roll_back(client: Client, home: Path, encoder: WordEncoder) -> None:
    """Calls to a server during a refresh and a rollback."""
    first = current_build(home).id
    assert record(await client.call_tool("get_entry", {"entry_id": "LLM06:2026"}))["build"] == first
    second = make_build(home, encoder, corpus()[:-2], SOURCES, MADE_AT).id
    gone = await client.call_tool("get_entry", {"entry_id": "LLM06:2026"})
    assert gone.is_error
    assert text(gone) == f"LLM06:2026 is not in the served build {second}; see: genlens list"
    assert record(await client.call_tool("status", {}))["build"] == second
    changes = record(await client.call_tool("what_changed", {}))
    assert (changes["from"], changes["to"], changes["build"]) == (first, second, second)
    assert changes["removed"] == ["LLM06:2026", "LLM06:2025"]
    serve(Build(home, first))
    assert record(await client.call_tool("status", {}))["build"] == first


@pytest.mark.usefixtures("build")
def test_stdio_server_notices_a_new_build_and_prints_only_the_protocol(
    home: Path, encoder: WordEncoder
) -> None:
    over_stdio(home, lambda client: refresh_and_roll_back(client, home, encoder))


@pytest.mark.usefixtures("build")
def test_http_server_notices_a_new_build(home: Path, encoder: WordEncoder) -> None:
    with http_server(home) as address:
        connected(address, lambda client: refresh_and_roll_back(client, home, encoder))


def test_stdio_answer_has_text_citations_and_build(catalogue_home: Path) -> None:
    result = over_stdio(
        catalogue_home, calling("ask", question=AGENT), "sentence-transformers/all-MiniLM-L6-v2"
    )
    answer = record(result)
    assert answer["covered"] is True
    assert {"GENSEC05-BP01", "LLM03:2026"} <= {citation["id"] for citation in answer["citations"]}
    assert answer["build"] == current_build(catalogue_home).id
    assert text(result).startswith(answer["answer"])
    assert text(result).endswith(f"\n\nbuild {answer['build']}")


def test_sentences_are_checked_against_the_entries_they_name(catalogue_home: Path) -> None:
    result = over_stdio(
        catalogue_home,
        calling("check_statements", text="Never give an agent a role of its own [GENSEC05-BP01]."),
        "sentence-transformers/all-MiniLM-L6-v2",
    )
    (one,) = record(result)["statements"]
    assert (one["ids"], one["supported"]) == (["GENSEC05-BP01"], False)
    assert "negation" in {doubt["kind"] for doubt in one["doubts"]}
    assert text(result).startswith("in doubt: Never give an agent a role of its own. [GENSEC05-BP01]\n")
    assert text(result).endswith(f"\n\nbuild {current_build(catalogue_home).id}")


def test_http_question_out_of_scope_is_not_an_error(catalogue_home: Path) -> None:
    with http_server(catalogue_home, "sentence-transformers/all-MiniLM-L6-v2") as address:
        result = connected(address, calling("ask", question="What is the capital of France?"))
    answer = record(result)
    assert (answer["covered"], answer["citations"]) == (False, [])
    assert text(result).startswith("Not covered")


@pytest.mark.usefixtures("build")
def test_http_server_answers_only_local_callers(home: Path) -> None:
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepted = {"Accept": "application/json, text/event-stream"}

    with http_server(home) as address:
        port = address.split(":")[2].split("/")[0]

        def status(body: object = listing, **headers: str) -> int:
            return httpx2.post(
                address,
                content=json.dumps(body),
                headers=accepted | {"Content-Type": "application/json"} | headers,
            ).status_code

        assert address == f"http://127.0.0.1:{port}/mcp"
        assert status() == 200
        assert status(Host=f"localhost:{port}", Origin=f"http://localhost:{port}") == 200
        assert status(Host="evil.test") == 421
        assert status(Host=f"evil.test:{port}") == 421
        assert status(Host="127.0.0.1:1") == 421
        assert status(Origin="https://evil.test") == 403
        assert status(Origin="http://localhost:1") == 403
        assert status(Origin="null") == 403
        assert status(listing | {"more": "x" * 200_000}) == 413


HALVES = (
    '{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": '
    '{"name": "search_best_practices", "arguments": {"query": "caching \\ud800"}}}',
    '{"jsonrpc": "2.0", "id": "\\udfff", "method": "tools/list", "params": {}}',
    '{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "status"',
    "[" * 3000,
)


@pytest.mark.usefixtures("build")
def test_http_server_refuses_half_a_character_and_half_a_request(home: Path) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    with http_server(home) as address:
        for body in HALVES:
            refused = httpx2.post(address, content=body, headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32700)
        assert not connected(address, calling("status")).is_error
