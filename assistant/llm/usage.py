"""Token counts of texts, and the cost of a language model by the prices in data/models."""

import math
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache

from assistant.answers.records import Usage
from kb.data import data_folder
from kb.text import is_japanese

# Approximate characters per token.
ENGLISH, JAPANESE = 4.0, 1.0


def estimate_tokens(text: str) -> int:
    """The approximate number of tokens of a text, at least 1."""
    return max(1, math.ceil(len(text) / (JAPANESE if is_japanese(text) else ENGLISH)))


def usage_of(model: str, read: int, written: int, *, estimated: bool, cached: bool = False) -> Usage:
    """The usage of a model (PROVIDER:MODEL), with its cost if a price is known."""
    price = _prices().get(model)
    if price is None:
        return Usage(model, read, written, estimated, cached)
    cost = 0.0 if cached else (read * price.read + written * price.written) / 1_000_000
    return Usage(model, read, written, estimated, cached, cost, price.as_of)


@dataclass(frozen=True, slots=True)
class _Price:
    """US dollars per million tokens."""

    read: float
    written: float
    as_of: date


@cache
def _prices() -> dict[str, _Price]:
    text = (data_folder() / "models" / "prices.toml").read_text(encoding="utf-8")
    return {
        row["model"]: _Price(float(row["read"]), float(row["written"]), row["as_of"])
        for row in tomllib.loads(text)["price"]
    }
