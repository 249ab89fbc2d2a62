"""The verbs that serve: chat, mcp."""

import sys
from pathlib import Path

import click

from kb.settings import load_settings

HTTP_PORT = 8502  # the one after that of the chat page


@click.command()
@click.option(
    "--port", default=8501, show_default=True, type=click.IntRange(1, 65535), help="Port on this machine."
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
def chat(port: int, address: str) -> None:
    """Serve the chat page on this machine and print its address."""
    import runpy

    from assistant.tracing import start_tracing
    from kb.storage.builds import current_build

    settings = load_settings()
    start_tracing(settings)
    current_build(settings.home)  # an index that is missing is said here, not on the page
    page = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    sys.argv = ["streamlit", "run", str(page), f"--server.port={port}", f"--server.address={address}"]
    click.echo(f"http://{address}:{port}")
    runpy.run_module("streamlit", run_name="__main__")


@click.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP on this machine instead of stdio.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port for --http; 0 takes a free one.  [default: {HTTP_PORT}]",
)
def mcp(http: bool, port: int | None) -> None:
    """Serve tools to programs that speak the Model Context Protocol; all of them only read.

    Over stdio, stdout carries the protocol alone and the program that starts this ends it. Over HTTP the
    address is printed, and only callers on this machine are answered.

    \b
    Examples:
      genlens mcp
      genlens mcp --http --port 8502
    """
    from assistant.mcp.server import HOST, PATH, ToolServer, listen, serve_http
    from assistant.tracing import start_tracing

    if port is not None and not http:
        raise click.UsageError("--port needs --http: over stdio there is no port")
    settings = load_settings()
    start_tracing(settings)
    server = ToolServer(settings)
    if not http:
        server.run("stdio")
        return
    try:
        listening = listen(8502 if port is None else port)
    except OSError as error:
        raise click.UsageError(
            f"port {port or 8502} cannot be used ({error}); name another with --port"
        ) from error
    with listening:
        click.echo(f"http://{HOST}:{listening.getsockname()[1]}{PATH}")
        serve_http(server, listening)
