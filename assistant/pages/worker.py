"""A refresh in a process of its own, for the page Index; what it has to say is lines of JSON on stdout.

{"done": 64, "total": 812}         chunks embedded, and chunks to embed
{"build": "ID", "failed": [...]}   it ended: what is served now, and what is not as its site has it
{"error": "..."}                   it ended, and published nothing
"""

import json
import sys

from ingest.refresh import refresh
from kb.errors import GenlensError
from kb.settings import load_settings


def say(**said: object) -> None:
    """Write one line and send it off."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Refresh with the settings of the environment, at once or not at all."""
    try:
        report = refresh(
            load_settings(), wait=False, progress=lambda done, total: say(done=done, total=total)
        )
    except GenlensError as error:
        say(error=str(error))
    else:
        say(build=report.manifest.id, failed=[failure.what for failure in report.failures])


if __name__ == "__main__":
    main()
