"""The adapter of the default model: small matrices that are added to its weights before it is exported.

It is a LoRA (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021): each adapted weight
becomes W + scale * B A. `data/encoder/adapter.safetensors` holds `<layer>.A` (rank, inputs) and
`<layer>.B` (outputs, rank) as float16; `adapter.json` beside it says what it belongs to and what it was
trained on. Both are written by `make train`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from kb.errors import ModelError
from kb.files import data_folder, sha256_of

MATRICES_FILE, FACTS_FILE = "adapter.safetensors", "adapter.json"


@dataclass(frozen=True, slots=True)
class Adapter:
    """Where the matrices are, their SHA-256 (hexadecimal), and the factor that they are added with."""

    file: Path
    sha256: str
    scale: float


def find_adapter(weights_sha256: str, folder: Path | None = None) -> Adapter | None:
    """The adapter that was trained for the given weights; None where it was for others, or there is none.

    :raises ModelError: its files cannot be read, or the SHA-256 is not the recorded one.
    """
    place = folder or data_folder() / "encoder"
    if not (place / FACTS_FILE).exists():
        return None
    try:
        facts = json.loads((place / FACTS_FILE).read_text(encoding="utf-8"))
        if facts["weights_sha256"] != weights_sha256:
            return None
        found = Adapter(place / MATRICES_FILE, sha256_of(place / MATRICES_FILE), float(facts["scale"]))
        expected = str(facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{place}: the adapter cannot be read ({error}); install genlens again") from error
    if found.sha256 != expected:
        raise ModelError(
            f"{found.file}: SHA-256 {found.sha256}, expected {expected}; it was altered: "
            "install genlens again"
        )
    return found
