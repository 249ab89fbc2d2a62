"""What is served and what lies beside it in the home: the same for the command line and the tool server."""

from pathlib import Path

from assistant.forms import StatusForm
from assistant.render import status_json
from kb.builds import Manifest, list_builds
from kb.checked import checked_at
from kb.failures import read_failures


def status_of(home: Path, served: Manifest) -> StatusForm:
    """What is served, the builds that are kept, when the sites were last checked, and what failed since."""
    return status_json(served, list_builds(home), read_failures(home), checked_at(home, served))
