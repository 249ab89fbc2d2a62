"""The verbs that serve: chat, mcp."""

import os
import re
import socket
import sys
from pathlib import Path
from threading import Thread
from time import sleep

import click

from kb.settings import load_settings

CHAT_PORT, MCP_PORT = 8501, 8502
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - not a binding
HOST_NAME = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*|[\da-f:.]*:[\da-f:.]*:[\da-f:.]*", re.ASCII | re.IGNORECASE)


def _host_names(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if each is a host.

    :raises BadParameter: one is not.
    """
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise click.BadParameter(
                f"{name!r} is not a host; expected a name or an address without scheme and port"
            )
    return names


@click.command()
@click.option(
    "--port",
    default=CHAT_PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port on this machine.",
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    callback=_host_names,
    help="Another host name of this page, such as that of a proxy; repeatable.",
)
@click.option("--open", "in_browser", is_flag=True, help="Open the page in a browser, if there is a display.")
def chat(port: int, address: str, hosts: tuple[str, ...], in_browser: bool) -> None:
    """Serve the chat page on this machine, and print its address when it is up.

    The page is refused under every host but 127.0.0.1, localhost, ::1, the address and NAME.

    \b
    Examples:
      genlens chat
      genlens chat --port 8600 --open
      genlens chat --address 0.0.0.0 --host genlens.example.com
    """
    import runpy

    from assistant.pages.hosts import LOOPBACK
    from assistant.tracing import start_tracing
    from kb.storage.builds import current_build

    settings = load_settings()
    start_tracing(settings)
    current_build(settings.home)  # a missing index is reported here, not on the page
    _check_port(address, port)
    Thread(target=_announce, args=(address, port, in_browser), daemon=True).start()
    page = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    # The address is printed by _announce, so Streamlit need not.
    quiet = ("--logger.hideWelcomeMessage=true", "--logger.level=warning")
    listed = dict.fromkeys((*LOOPBACK, *({address} - EVERY_ADDRESS), *hosts))
    allowed = (f"--server.allowedHosts={name}" for name in listed)
    serve = (f"--server.port={port}", f"--server.address={address}", *allowed)
    sys.argv = ["streamlit", "run", str(page), *serve, *quiet]
    runpy.run_module("streamlit", run_name="__main__")


@click.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP on this machine instead of stdio.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port for --http; 0 takes a free one.  [default: {MCP_PORT}]",
)
def mcp(http: bool, port: int | None) -> None:
    """Serve read-only tools over the Model Context Protocol.

    Over stdio, the client starts and ends this process, and stdout has nothing but the protocol. Over HTTP,
    the address is printed, and only clients on this machine are answered.

    \b
    Examples:
      genlens mcp
      genlens mcp --http --port 8502
    """
    from assistant.mcp.http import HOST, PATH, http_server, listen
    from assistant.mcp.server import ToolServer
    from assistant.tracing import start_tracing

    if port is not None and not http:
        raise click.UsageError("--port needs --http: over stdio there is no port")
    port = MCP_PORT if port is None else port
    settings = load_settings()
    start_tracing(settings)
    server = ToolServer(settings)
    if not http:
        if sys.stdin is None or sys.stdout is None:
            raise click.UsageError("stdin or stdout is closed, expected a client there; for HTTP use --http")
        server.run("stdio")
        return
    try:
        listening = listen(port)
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error}); name another with --port") from error
    with listening:
        port = listening.getsockname()[1]
        click.echo(f"http://{HOST}:{port}{PATH}")
        http_server(server, port).run(sockets=[listening])


def _check_port(address: str, port: int) -> None:
    """Check that a port can be used.

    :raises UsageError: it is in use, or not allowed, or the address is not the name of a host.
    """
    try:
        socket.getaddrinfo(address or None, port)
    except (OSError, TypeError, UnicodeError) as error:
        raise click.UsageError(f"--address is {address!r}, which is not the name of a host") from error
    try:
        socket.create_server((address, port), family=_family(address)).close()
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error}); name another with --port") from error


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _announce(address: str, port: int, in_browser: bool) -> None:
    """Print the address once the server answers, and open it on request."""
    name = "127.0.0.1" if address in EVERY_ADDRESS else address
    while True:
        try:
            socket.create_connection((name, port)).close()
            break
        except OSError:
            sleep(0.1)
    url = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
    click.echo(url)
    if in_browser and has_display():
        click.launch(url)


def has_display() -> bool:
    """True on macOS and Windows, and on Linux with a display server."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
