"""A refresh in a process of its own, for the page Index; what it has to say is lines of JSON on stdout.

    {"done": 64, "total": 812}                            chunks embedded, and chunks to embed
    {"build": "ID", "published": true, "failed": [...]}   the end of a refresh: what is served now
    {"found": {"added": [...]}, "anew": true, "failed": [...]}   the end of a check: what it would change
    {"error": "..."}                                      the end: nothing was published

`failed` are the editions that are not as their sites have them.
"""

import json
import sys

from assistant.render.changes import changed_ids
from ingest.refresh import preview, refresh
from kb.errors import GenlensError
from kb.settings import Settings, load_settings


def say(**said: object) -> None:
    """Write one line and send it off."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main(verb: str) -> None:
    """Refresh, or check what a refresh would change, with the settings of the environment."""
    try:
        (_check if verb == "check" else _refresh)(load_settings())
    except GenlensError as error:
        say(error=str(error))


def _refresh(settings: Settings) -> None:
    report = refresh(settings, wait=False, progress=lambda done, total: say(done=done, total=total))
    failed = [failure.what for failure in report.failures]
    say(build=report.manifest.id, published=report.published, failed=failed)


def _check(settings: Settings) -> None:
    found = preview(settings, wait=False)
    failed = [failure.what for failure in found.failures]
    say(found=changed_ids(found.changes), anew=found.publishes, failed=failed)


if __name__ == "__main__":
    main(sys.argv[1])
