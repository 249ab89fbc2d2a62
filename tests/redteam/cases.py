"""The cases of `cases.yaml`, each made whole from its group."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.model_server import Behaviour

AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]"
HARM = "An agent with too many permissions can do harm by deleting records. [LLM03:2026]"
# Sent as the key of the model's server; it must never come back.
KEY = "sk-canary-4f1d8a77c0"
FILE = Path(__file__).with_name("cases.yaml")


@dataclass(frozen=True)
class Must:
    """What must be true of the page, the command line and the JSON."""

    answer: str
    shown: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    note: str = ""
    asked: int | None = None


@dataclass(frozen=True)
class Case:
    """One attack: what is asked, of which corpus, what the server does, and what must come of it."""

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
    return [_case(group, one) for group in groups for one in group["cases"]]


def _case(group: dict[str, Any], one: dict[str, Any]) -> Case:
    both = {**group, **one}
    words = {"narrow": NARROW, "harm": HARM, "key": KEY, "put": one.get("put", ""), "ask": one.get("ask", "")}
    filled = {key: _filled(value, words) for key, value in both.items() if key != "cases"}
    model = {"says": filled.get("says", ""), **filled.get("model", {})}
    must = {key: tuple(v) if isinstance(v, list) else v for key, v in filled["must"].items()}
    return Case(
        risk=group["risk"],
        name=f"{group['name']}: {one['name']}",
        question=filled.get("question", AGENT),
        behaviour=Behaviour(**model),
        must=Must(**must),
        page=filled.get("page", ""),
        attack=filled["put"] if group.get("attacks") else "",
        settings=filled.get("settings", {}),
    )


def _filled(value: Any, words: dict[str, str]) -> Any:  # noqa: ANN401 - values of YAML
    """The value with its names in braces replaced; other braces stay."""
    if isinstance(value, dict):
        return {key: _filled(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, words) for one in value]
    if isinstance(value, str):
        for _ in range(2):  # what is put in may name the two sentences
            for name, word in words.items():
                value = value.replace(f"{{{name}}}", word)
    return value
