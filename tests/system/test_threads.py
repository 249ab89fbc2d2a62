"""A process that starts under load answers like one that is asked one question at a time.

`make threads` asks all questions of the catalogue, from more cold processes (GENLENS_TEST_STARTS).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.homes import ROOT

STARTS = int(os.environ.get("GENLENS_TEST_STARTS", "0"))
THREADS = 32
STEP = 1 if STARTS else 100


Answers = dict[str, tuple[str, float]]


def answers(home: Path, threads: int, seed: int = 0) -> Answers:
    """The answers of a cold process by question, each as a digest and its confidence."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-m", "support.threads", str(home), str(threads), str(STEP), str(seed)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: Answers = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def expected(catalogue_home: Path) -> Answers:
    """The answers of one thread."""
    return answers(catalogue_home, threads=1)


@pytest.mark.timeout(0 if STARTS else 300)
@pytest.mark.parametrize("start", range(1, (STARTS or 3) + 1))
def test_cold_process_with_many_threads_answers_like_one_thread(
    catalogue_home: Path, expected: Answers, start: int
) -> None:
    found = answers(catalogue_home, THREADS, seed=start)
    assert found.keys() == expected.keys()
    assert len(found) > THREADS
    assert [question for question in expected if found[question][0] != expected[question][0]] == []
    # Chroma finds neighbours approximately: the last of them differ a little from process to process.
    assert {question: found[question][1] for question in expected} == pytest.approx(
        {question: confidence for question, (_, confidence) in expected.items()}, abs=0.01
    )
