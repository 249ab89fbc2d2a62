"""The fingerprint of a build: two builds with equal fingerprints would be the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from kb.entries import Entry, Language, entry_line
from kb.storage.manifest import FORMAT

# Raised when the same entries are cut, embedded or indexed in another way: the next refresh then makes a new
# build. `manifest.FORMAT` tells which builds can be read at all.
RECIPE = 3


def fingerprint(
    entries: Sequence[Entry], model: str, weights_sha256: str, out_of_scope: Mapping[Language, Sequence[str]]
) -> str:
    """A SHA-256 (hexadecimal) over everything a build is made from, and the way it is made.

    `out_of_scope` are examples of such questions. The order of the entries counts.
    """
    made = [FORMAT, RECIPE, model, weights_sha256, dict(out_of_scope)]
    digest = hashlib.sha256(json.dumps(made, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    for entry in entries:
        digest.update(entry_line(entry))
    return digest.hexdigest()
