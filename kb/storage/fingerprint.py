"""What a build is made of as one digest: a build of an equal digest would be the same again."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from kb.entries import Entry, Language, entry_line
from kb.storage.builds import FORMAT

# Raised when the same entries are cut, embedded or indexed in another way, so that the next refresh makes a
# new build of them. `builds.FORMAT` says which builds can be read at all.
RECIPE = 2


def content_digest(
    entries: Sequence[Entry], model: str, weights_sha256: str, outside: Mapping[Language, Sequence[str]]
) -> str:
    """The SHA-256, in hexadecimal, of all that a build is made from, and of how it is made.

    `outside` are examples of questions that the entries do not answer. The order of the entries counts.
    """
    made = [FORMAT, RECIPE, model, weights_sha256, dict(outside)]
    digest = hashlib.sha256(json.dumps(made, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    for entry in entries:
        digest.update(entry_line(entry))
    return digest.hexdigest()
