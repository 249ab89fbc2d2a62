"""`genlens chat` in its own process: one address, and a browser if there is a display."""

import os
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

import pytest
from click.testing import CliRunner
from support.browsing import wait_until_up
from support.homes import ROOT

from assistant.cli import main
from assistant.cli.serve import has_display

RUN = ["-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
OPENER = """#!/bin/sh
echo "$1" >> "$OPENED"
"""


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def chat(home: Path, tmp_path: Path, *arguments: str, **environment: str) -> tuple[str, str, list[str]]:
    """stdout and stderr of a server stopped after its first line, and the addresses opened in a browser."""
    opened = tmp_path / "opened"
    opened.touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "xdg-open").write_text(OPENER, encoding="utf-8")
    (programs / "xdg-open").chmod(0o700)
    clean = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    settings = {
        "GENLENS_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "OPENED": str(opened),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.cli", "chat", *arguments],
        env=clean | settings | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        first = server.stdout.readline()
        end = monotonic() + 10
        while "DISPLAY" in environment and not opened.read_text(encoding="utf-8") and monotonic() < end:
            sleep(0.05)
        server.terminate()
        rest, errors = server.communicate(timeout=30)
    return first + rest, errors, opened.read_text(encoding="utf-8").splitlines()


def test_address_is_printed_once_when_the_page_is_up(catalogue_home: Path, tmp_path: Path, port: int) -> None:
    output, errors, opened = chat(catalogue_home, tmp_path, "--port", str(port))
    assert output.count("http://") == 1
    assert output.startswith(f"http://127.0.0.1:{port}\n")
    assert "127.0.0.1" not in errors
    assert opened == []


def test_browser_opens_on_a_display(catalogue_home: Path, tmp_path: Path, port: int) -> None:
    _, _, opened = chat(catalogue_home, tmp_path, "--port", str(port), "--open", DISPLAY=":9")
    assert opened == [f"http://127.0.0.1:{port}"]


@pytest.mark.parametrize("address", ["0.0.0.0", ""])  # noqa: S104
def test_address_of_every_interface_is_printed_as_this_machine(
    catalogue_home: Path, tmp_path: Path, port: int, address: str
) -> None:
    output, _, _ = chat(catalogue_home, tmp_path, "--port", str(port), "--address", address)
    assert output.startswith(f"http://127.0.0.1:{port}\n")


def test_address_of_ip_version_6_is_printed_in_brackets(
    catalogue_home: Path, tmp_path: Path, port: int
) -> None:
    output, _, _ = chat(catalogue_home, tmp_path, "--port", str(port), "--address", "::1")
    assert output.startswith(f"http://[::1]:{port}\n")


@pytest.mark.parametrize(
    "name",
    ["", "*", "https://lens.test", "lens.test:80", "lens.test/", "a b", "[::1]", "*.*", ".test", "ｌ.test"],
)
def test_host_with_scheme_port_or_pattern_is_refused(name: str) -> None:
    done = CliRunner().invoke(main, ["chat", "--host", name])
    assert done.exit_code == 2
    assert f"{name!r} is not a host; expected a name or an address without scheme and port" in done.stderr


@pytest.mark.parametrize(
    "command", [["-m", "assistant.cli", "chat", "--host", "lens.test", "--host", "fd00::7"], RUN]
)
def test_however_it_is_started_the_page_refuses_other_hosts(
    catalogue_home: Path, tmp_path: Path, port: int, command: list[str]
) -> None:
    option = "--port" if "chat" in command else "--server.port"
    with subprocess.Popen(
        [sys.executable, *command, option, str(port)],
        env=os.environ | {"GENLENS_HOME": str(catalogue_home), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    ) as server:
        wait_until_up(f"http://127.0.0.1:{port}/_stcore/health")
        statuses = {host: status(port, host) for host in ("localhost", "lens.test", "[fd00::7]", "evil.test")}
        server.terminate()
    own = 200 if "chat" in command else 421
    assert statuses == {"localhost": 200, "lens.test": own, "[fd00::7]": own, "evil.test": 421}


def status(port: int, host: str) -> int:
    """The status of the page under a host."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/", headers={"Host": f"{host}:{port}"})
    found = connection.getresponse().status
    connection.close()
    return found


def test_no_browser_opens_without_a_display(catalogue_home: Path, tmp_path: Path, port: int) -> None:
    _, _, opened = chat(catalogue_home, tmp_path, "--port", str(port), "--open")
    assert opened == []


@pytest.mark.parametrize(
    ("platform", "variables", "display"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_display_by_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], display: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert has_display() is display


def test_port_in_use_is_reported(catalogue_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_HOME", str(catalogue_home))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["chat", "--port", str(port)])
    assert done.exit_code == 2
    assert f"port {port} cannot be used" in done.stderr
    assert "name another with --port" in done.stderr


def test_missing_index_is_reported_before_the_page_is_served(home: Path) -> None:
    done = CliRunner().invoke(main, ["chat"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"genlens: no index in {home}; make one with: genlens refresh\n"
