"""A refresh or check in its own process, for the Index view; it writes lines of JSON to stdout.

    {"done": 64, "total": 812}                                chunks embedded, and chunks to embed
    {"build": "ID", "published": true, "failed": [...]}       end of a refresh, with the served build
    {"ids": {"added": [...]}, "new": true, "failed": [...], "notes": [...]}   end of a check
    {"error": "..."}                                          end without a build

`failed` has the editions that could not be updated from their sites. `ids` and `notes` are the changes
and new notes of a refresh.
"""

import json
import sys

from assistant.render.changes import changed_ids, shape_notes
from ingest.pipeline import preview, refresh
from kb.errors import GenlensError
from kb.settings import Settings, load_settings


def send(**message: object) -> None:
    """Write one line and flush it."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main(verb: str) -> None:
    """Run a "check" or a "refresh" with the settings of the environment."""
    try:
        (_check if verb == "check" else _refresh)(load_settings())
    except GenlensError as error:
        send(error=str(error))


def _refresh(settings: Settings) -> None:
    report = refresh(settings, wait=False, progress=lambda done, total: send(done=done, total=total))
    failed = [failure.what for failure in report.failures]
    send(build=report.manifest.id, published=report.published, failed=failed)


def _check(settings: Settings) -> None:
    report = preview(settings, wait=False)
    failed = [failure.what for failure in report.failures]
    notes = shape_notes(report.changes)
    send(ids=changed_ids(report.changes), new=report.publishes, failed=failed, notes=notes)


if __name__ == "__main__":
    main(sys.argv[1])
