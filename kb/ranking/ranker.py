"""The learned part of the ranking: weights of features, and a calibrated sense of what is covered.

`data/ranker.json` is written by `make train` and says what it was trained on.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np

from kb.entries import Language
from kb.errors import RecordError
from kb.files import data_folder
from kb.index.bm25 import Scores
from kb.ranking.features import KEYWORD_FEATURES, VECTOR_FEATURES, Matrix


class Mode(StrEnum):
    """Which features there are: with vectors, of the question or of its gloss, or keywords alone."""

    VECTORS = "vectors"
    JAPANESE_GLOSSED = "gloss ja"
    ENGLISH_KEYWORDS = "keywords en"
    JAPANESE_KEYWORDS = "keywords ja"

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features, in the order of their columns."""
        alone = self in (Mode.ENGLISH_KEYWORDS, Mode.JAPANESE_KEYWORDS)
        return KEYWORD_FEATURES if alone else KEYWORD_FEATURES + VECTOR_FEATURES


def mode_of(language: Language, compared: Language | None) -> Mode:
    """The mode of a query in a language that was compared by vectors with chunks of a language, or none."""
    if compared is not None:
        return Mode.VECTORS if compared is language else Mode.JAPANESE_GLOSSED
    return Mode.JAPANESE_KEYWORDS if language is Language.JAPANESE else Mode.ENGLISH_KEYWORDS


# What tells whether a question is covered, besides the features of the best entry.
EVIDENCE = ("matched", "score", "lead", "keyword outside", "vector outside")


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of one mode: of the features for ranking; of features and evidence for coverage."""

    ranking: tuple[float, ...]
    coverage: tuple[float, ...]
    intercept: float
    threshold: float

    def score(self, features: Matrix) -> Scores:
        """(n_ids,) float32 scores of rows of features; higher is better."""
        return features @ np.asarray(self.ranking, dtype=np.float32)

    def confidence(self, evidence: Sequence[float]) -> float:
        """How probable it is that the corpus covers the question, in [0, 1]."""
        logit = self.intercept + float(np.dot(self.coverage, evidence))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))


@cache
def load_models(path: Path | None = None) -> Mapping[Mode, Model]:
    """The models of every mode.

    :raises RecordError: the file does not fit the features of this version.
    """
    file = path or data_folder() / "ranker.json"
    try:
        modes = json.loads(file.read_text(encoding="utf-8"))["modes"]
        return {mode: _model(mode, modes[mode.value]) for mode in Mode}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{file} does not fit this version ({error}); install genlens again") from error


def _model(mode: Mode, record: Mapping[str, Mapping[str, float]]) -> Model:
    ranking, coverage = record["ranking"], record["coverage"]
    return Model(
        ranking=tuple(float(ranking[name]) for name in mode.features),
        coverage=tuple(float(coverage[name]) for name in (*mode.features, *EVIDENCE)),
        intercept=float(coverage["intercept"]),
        threshold=float(coverage["threshold"]),
    )
