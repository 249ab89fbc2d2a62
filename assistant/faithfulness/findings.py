"""The doubts about a claim."""

from dataclasses import dataclass
from enum import StrEnum


class DoubtKind(StrEnum):
    """The way in which a claim may say something else than its sources."""

    UNCITED = "uncited"
    UNKNOWN_ID = "unknown_id"
    NUMBER = "number"
    NAME = "name"
    QUOTATION = "quotation"
    SPEAKER = "speaker"
    NEGATION = "negation"
    OPPOSITE = "opposite"
    MODALITY = "modality"
    QUANTITY = "quantity"
    DEGREE = "degree"
    ORDER = "order"
    CONDITION = "condition"
    ROLES = "roles"
    CHANGE = "change"
    WORDING = "wording"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about a claim: its kind, and the words it is about."""

    kind: DoubtKind
    detail: str
