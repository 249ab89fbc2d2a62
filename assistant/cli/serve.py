"""The verbs that serve: chat, mcp."""

import sys
from pathlib import Path

import click

from kb.settings import load_settings

CHAT_PORT, MCP_PORT = 8501, 8502


@click.command()
@click.option(
    "--port",
    default=CHAT_PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port on this machine.",
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
def chat(port: int, address: str) -> None:
    """Serve the chat page on this machine, and print its address."""
    import runpy

    from assistant.tracing import start_tracing
    from kb.storage.builds import current_build

    settings = load_settings()
    start_tracing(settings)
    current_build(settings.home)  # a missing index is reported here, not on the page
    page = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    sys.argv = ["streamlit", "run", str(page), f"--server.port={port}", f"--server.address={address}"]
    click.echo(f"http://{address}:{port}")
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
    from assistant.mcp.server import HOST, PATH, ToolServer, listen, serve_http
    from assistant.tracing import start_tracing

    if port is not None and not http:
        raise click.UsageError("--port needs --http: over stdio there is no port")
    port = MCP_PORT if port is None else port
    settings = load_settings()
    start_tracing(settings)
    server = ToolServer(settings)
    if not http:
        server.run("stdio")
        return
    try:
        listening = listen(port)
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error}); name another with --port") from error
    with listening:
        click.echo(f"http://{HOST}:{listening.getsockname()[1]}{PATH}")
        serve_http(server, listening)
