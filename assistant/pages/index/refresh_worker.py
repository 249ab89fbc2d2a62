"""A refresh or check in its own process, for the Index view; stdout has its messages (messages.py)."""

import os
import sys
from collections.abc import Callable

from assistant.pages.index.messages import Checked, Embedded, Message, Refreshed, Stopped
from assistant.render.changes import changed_ids, shape_notes
from ingest.pipeline import preview, refresh
from kb.errors import GenlensError
from kb.settings import Settings, load_settings

Send = Callable[[Message], None]


def main(verb: str, send: Send) -> None:
    """Run a "check" or a "refresh" with the settings of the environment."""
    try:
        (_check if verb == "check" else _refresh)(load_settings(), send)
    except GenlensError as error:
        send(Stopped(error=str(error)))


def _refresh(settings: Settings, send: Send) -> None:
    def progress(done: int, total: int) -> None:
        send(Embedded(done=done, total=total))

    report = refresh(settings, wait=False, progress=progress)
    failed = tuple(failure.what for failure in report.failures)
    send(Refreshed(build=report.manifest.id, published=report.published, failed=failed))


def _check(settings: Settings, send: Send) -> None:
    report = preview(settings, wait=False)
    failed = tuple(failure.what for failure in report.failures)
    notes = tuple(shape_notes(report.changes))
    send(Checked(ids=changed_ids(report.changes), new=report.publishes, failed=failed, notes=notes))


if __name__ == "__main__":
    # A library that prints, or a process it starts, writes to stderr and not between the messages.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as messages:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

        def write(message: Message) -> None:
            """Write one line and flush it."""
            messages.write(message.line)
            messages.flush()

        main(sys.argv[1], write)
