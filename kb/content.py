"""What a build is made of as one digest: a build of an equal digest would be the same again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kb.builds import FORMAT
from kb.entries import Entry, Language

# Raised when the same entries are cut, embedded or indexed in another way, so that the next refresh makes a
# new build of them. `builds.FORMAT` says which builds can be read at all.
RECIPE = 1


def content_digest(
    entries: Sequence[Entry], model: str, weights_sha256: str, outside: Mapping[Language, Sequence[str]]
) -> str:
    """The SHA-256, in hexadecimal, of all that a build is made from, and of how it is made.

    `outside` are examples of questions that the entries do not answer. The order of the entries counts.
    """
    digest = hashlib.sha256(_line([FORMAT, RECIPE, model, weights_sha256, dict(outside)]))
    for entry in entries:
        digest.update(_line(asdict(entry)))
    return digest.hexdigest()


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"
