"""Homes with a real build and the real model, created once for all tests and workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from kb.storage.manifest import read_manifest, write_manifest

ROOT = Path(__file__).resolve().parents[2]
SHARED_MIRROR = ROOT.parent / "shared" / "mirror"


def genlens(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a separate process."""
    clean = {k: v for k, v in os.environ.items() if not k.upper().startswith("GENLENS_")}
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *arguments],
        env=clean | {"GENLENS_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)} | environment,
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def serving_mirror(*options: str) -> Iterator[str]:
    """The address of a mirror of the real sites, served with the given options."""
    command = [sys.executable, str(SHARED_MIRROR / "serve.py"), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:  # otherwise the end of the block would wait for the server
            server.terminate()


def shared_home(factory: pytest.TempPathFactory, name: str, *arguments: str, **environment: str) -> Path:
    """A home prepared once with `genlens ARGUMENTS`; exported models are shared between homes."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    root = factory.getbasetemp().parent if worker else factory.getbasetemp()
    home = root / name
    with FileLock(root / "homes.lock"):
        if not home.exists():
            home.mkdir()
            (root / "exports").mkdir(exist_ok=True)
            (home / "exports").symlink_to(root / "exports")
            done = genlens(*arguments, home=home, **environment)
            assert done.returncode == 0, done.stderr
    return home


def unseal(folder: Path) -> None:
    """Turn a build into one of a version that kept no digests of its files."""
    write_manifest(folder, replace(read_manifest(folder), files={}, seal=""))
