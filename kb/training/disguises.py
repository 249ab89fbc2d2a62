"""Questions as people paste them: the catalogue's asks inside tickets, logs, tables and polite sentences.

`make train` asks a share of the questions in disguise: the rest of one after `question_in` must not look like
another topic.
"""

import random
from collections.abc import Callable

from kb.text import is_japanese

# One question in this many is asked in disguise.
EVERY = 4
SEED = 11

_GREETINGS = ("Good morning team,", "Hey folks,", "Hello,", "Dear colleagues,", "hi there -")
_THANKS = (
    "Many thanks in advance for any pointer.",
    "Thanks a lot, your work is great!",
    "Any hint is welcome.",
    "Best regards",
)
_TRACE = """Traceback (most recent call last):
  File "/srv/app/handler.py", line 88, in invoke
    reply = client.converse(modelId=model, messages=messages)
botocore.errorfactory.ValidationException: An error occurred"""
_LOGS = """2026-03-02 09:14:07,120 INFO  worker-3 request accepted id=8f2c
2026-03-02 09:14:09,552 WARN  worker-3 slow upstream 2401ms"""
_TABLE = """| stage | before | after |
|-------|--------|-------|
| build | 12     | 14    |"""
_YAML = """```yaml
service: assistant
region: eu-central-1
replicas: 3
```"""
_VERSIONS = "We run Debian 12.5, Node 20.11.1 and the SDK 3.540.0 in eu-central-1."


PASTED = (_TRACE, _LOGS, _TABLE, _YAML)

Disguise = Callable[[str, random.Random], str]
"""Puts a text into a disguise; the same chance gives the same one."""


def _polite(text: str, chance: random.Random) -> str:
    return f"{chance.choice(_GREETINGS)} {text} {chance.choice(_THANKS)}"


def _ticket(text: str, _chance: random.Random) -> str:
    return f"[Question] {text} Steps to reproduce: 1. start it 2. wait. Expected behavior: it works."


def _template(text: str, _chance: random.Random) -> str:
    return f"### Before you file\n- [x] I read the docs\n### Version\n3.2.1\n### What happens\n{text}"


def _pasted(text: str, chance: random.Random) -> str:
    return f"{text}\n\n{chance.choice(PASTED)}"


def _versions(text: str, _chance: random.Random) -> str:
    return f"{text} {_VERSIONS}"


def _shouted(text: str, _chance: random.Random) -> str:
    return text.upper()


def _mistyped(text: str, chance: random.Random) -> str:
    """Two neighbouring letters swapped in every fourth long word."""
    words = text.split(" ")
    for at, word in enumerate(words):
        if len(word) > 5 and word.isalpha() and chance.random() < 0.25:
            place = chance.randrange(1, len(word) - 2)
            words[at] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join(words)


_DISGUISES: tuple[Disguise, ...] = (
    _polite,
    _ticket,
    _template,
    _pasted,
    _versions,
    _shouted,
    _mistyped,
)


def disguised(text: str, number: int) -> str:
    """The text, or for one in EVERY the text in disguise; the same for the same text and number."""
    if number % EVERY or is_japanese(text):
        return text
    chance = chance_of(text)
    return chance.choice(_DISGUISES)(text, chance)


def chance_of(text: str) -> random.Random:
    """The chance that decides on the disguise of a text."""
    return random.Random(f"{SEED} {text}")  # noqa: S311 - not for secrets
