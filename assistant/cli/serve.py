"""The verb that serves the chat page: chat."""

import sys
from pathlib import Path

import click

from kb.settings import load_settings


@click.command()
@click.option(
    "--port", default=8501, show_default=True, type=click.IntRange(1, 65535), help="Port on this machine."
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
def chat(port: int, address: str) -> None:
    """Serve the chat page on this machine and print its address."""
    import runpy

    from kb.builds import current_id

    settings = load_settings()
    current_id(settings.home)  # an index that is missing is said here, not on the page
    page = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    sys.argv = ["streamlit", "run", str(page), f"--server.port={port}", f"--server.address={address}"]
    click.echo(f"http://{address}:{port}")
    runpy.run_module("streamlit", run_name="__main__")
