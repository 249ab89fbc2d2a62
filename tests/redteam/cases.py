"""The cases of `cases.yaml`, each merged with its group."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.model_server import Behaviour

AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]"
HARM = "An agent with too many permissions can do harm by deleting records. [LLM03:2026]"
# The key for the model's server; no answer may contain it.
KEY = "sk-canary-4f1d8a77c0"
FILE = Path(__file__).with_name("cases.yaml")


@dataclass(frozen=True)
class Must:
    """Expectations for the page, the command line and the JSON."""

    answer: str
    shown: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    note: str = ""
    asked: int | None = None


@dataclass(frozen=True)
class Case:
    """One attack: question, corpus, settings, behaviour of the server, and expectations."""

    risk: str
    name: str
    question: str
    behaviour: Behaviour
    must: Must
    page: str = ""
    attack: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def read_cases() -> list[Case]:
    """Every case of the file, in order."""
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [_case(group, case) for group in groups for case in group["cases"]]


def _case(group: dict[str, Any], case: dict[str, Any]) -> Case:
    merged = {**group, **case}
    words = {
        "narrow": NARROW,
        "harm": HARM,
        "key": KEY,
        "put": case.get("put", ""),
        "ask": case.get("ask", ""),
    }
    filled = {key: _filled(value, words) for key, value in merged.items() if key != "cases"}
    model = {"says": filled.get("says", ""), **filled.get("model", {})}
    must = {key: tuple(v) if isinstance(v, list) else v for key, v in filled["must"].items()}
    return Case(
        risk=group["risk"],
        name=f"{group['name']}: {case['name']}",
        question=filled.get("question", AGENT),
        behaviour=Behaviour(**model),
        must=Must(**must),
        page=filled.get("page", ""),
        attack=filled["put"] if group.get("attacks") else "",
        settings=filled.get("settings", {}),
    )


def _filled(value: Any, words: dict[str, str]) -> Any:  # noqa: ANN401 - values of YAML
    """The value with its placeholders filled; other braces stay."""
    if isinstance(value, dict):
        return {key: _filled(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, words) for one in value]
    if isinstance(value, str):
        for _ in range(2):  # {put} may itself contain {narrow} or {harm}
            for name, word in words.items():
                value = value.replace(f"{{{name}}}", word)
    return value
