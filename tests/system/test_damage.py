"""Damage of any file of a build ends in one line or changes nothing, and the next build is whole.

`make damage` tries many more places (GENLENS_TEST_DAMAGES).
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus, practice, prose
from support.encoder import WordEncoder
from support.rankers import simple_rankers

from assistant.generate import ask
from assistant.render.status import status_of
from kb.entries import RiskLevel, Role
from kb.errors import DamagedIndexError
from kb.files import digests_of
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build
from kb.verify import check_files

QUESTION = "How do I keep an agent from deleting records?"
FLIPS = int(os.environ.get("GENLENS_TEST_DAMAGES", "3"))


Make = Callable[[Path], Build]


def small(home: Path) -> Build:
    """A build of the small corpus."""
    return Build(home, make_build(home, WordEncoder(), corpus(), SOURCES, MADE_AT).id)


def large(home: Path) -> Build:
    """A build with so many chunks that Chroma keeps them in files of their own."""
    more = (
        practice(
            f"GENREL{number // 50 + 10}-BP{number % 50 + 10}",
            f"Practice {number}",
            RiskLevel.LOW,
            prose("Guidance", Role.GUIDANCE, " ".join(f"word{number * n % 4999}" for n in range(1, 9))),
        )
        for number in range(1100)
    )
    return Build(home, make_build(home, WordEncoder(), (*corpus(), *more), SOURCES, MADE_AT).id)


def opened(build: Build) -> KnowledgeBase:
    return KnowledgeBase(build, WordEncoder(), simple_rankers())


def searched(build: Build) -> object:
    return [(hit.entry, hit.score) for hit in opened(build).search("agent records")]


def asked(build: Build) -> object:
    base = opened(build)
    try:
        answer = ask(base, QUESTION)
        return answer.statements, answer.citations, answer.confidence
    finally:
        base.close()


def checked(build: Build) -> object:
    return check_files(build, opened(build))


def damages(content: bytes, chance: random.Random) -> dict[str, bytes | None]:
    """Damaged contents of a file; None for a missing one."""
    found: dict[str, bytes | None] = {
        "missing": None,
        "empty": b"",
        "cut": content[: len(content) // 2],
        "longer": content + b"x",
    }
    for _ in range(FLIPS if content else 0):
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        flipped = bytes([content[place] ^ (1 << bit)])
        found[f"bit {bit} of byte {place}"] = content[:place] + flipped + content[place + 1 :]
    return {name: damaged for name, damaged in found.items() if damaged != content}


def told(use: Callable[[Build], object], build: Build, sound: object) -> bool:
    """True if a use of a damaged build ends in one line; otherwise its result must be the sound one."""
    try:
        result = use(build)
    except DamagedIndexError as error:
        return len(str(error).splitlines()) == 1
    assert result == sound
    return False


PARTS = (
    "manifest", "entries.jsonl", "chunks.jsonl", "passages.jsonl", "passages.npy", "keywords/chunks",
    "keywords/entries", "sqlite", "data_level0", "header", "length", "link_lists", "index_metadata",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_damaged_file_is_told_or_changes_nothing(tmp_path: Path, part: str) -> None:
    make = large if part == "index_metadata" else small
    whole = make(tmp_path / "whole")
    uses = (searched, asked, checked)
    expected = [use(whole) for use in uses]
    manifest = opened(whole).manifest
    names = [name for name in digests_of(whole.folder) if part in name]
    assert names
    chance = random.Random(part)  # noqa: S311 - not for secrets
    for name in names:
        for damage, content in damages((whole.folder / name).read_bytes(), chance).items():
            home = Path(shutil.copytree(whole.home, tmp_path / "home"))
            build = Build(home, whole.id)
            (build.folder / name).unlink()
            if content is not None:
                (build.folder / name).write_bytes(content)
            outcomes = [told(use, build, sound) for use, sound in zip(uses, expected, strict=True)]
            assert any(outcomes), f"{name}: {damage}: nobody noticed"
            assert name == "manifest.json" or status_of(home, manifest).damaged == (name,)
            repaired = make(home)
            checked(repaired)
            assert asked(repaired) == expected[1]
            shutil.rmtree(home)
