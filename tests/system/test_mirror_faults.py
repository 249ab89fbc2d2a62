"""Refreshes from a mirror of the real sites, served with faults."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.encoder import WordEncoder
from support.homes import SHARED_MIRROR, serving_mirror
from support.world import entries, run

pytestmark = [
    pytest.mark.mirror,
    pytest.mark.skipif(not (SHARED_MIRROR / "serve.py").is_file(), reason="no ../shared/mirror/serve.py"),
]
TEMPORARY = {
    "*/genops01.html": {"status": 503, "times": 2, "retry_after": 1},
    "*/gensec01.html": {"status": 429, "times": 2},
    "*/genrel01.html": {"reset": True, "times": 1},
    "*/gencost01.html": {"truncate": 0.5, "times": 1},
    "*/gensec05-bp01.html": {"charset": "shift_jis"},
}
PERMANENT = {
    "*/gensec02.html": {"gzip_bomb_mb": 200},
    "*/2025/LLM01_*": {"redirect": "http://169.254.169.254/latest/meta-data/"},
}


@contextmanager
def mirror(folder: Path, faults: dict[str, dict[str, object]]) -> Iterator[str]:
    """The address of the mirror, served with faults."""
    file = folder / "faults.json"
    file.write_text(json.dumps(faults), encoding="utf-8")
    with serving_mirror("--faults", str(file)) as base:
        yield base


def test_temporary_faults_leave_no_trace_and_permanent_ones_leave_their_editions_unchanged(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = WordEncoder()
    monkeypatch.setattr("ingest.pipeline.prepare_encoder", lambda _home, _model: encoder)
    with mirror(tmp_path, TEMPORARY) as base:
        first = run(home, base)
    assert first.failures == ()
    assert (first.manifest.counts["best_practice"], first.manifest.counts["risk"]) == (51, 20)
    before = entries(home)
    with mirror(tmp_path, PERMANENT) as base:
        second = run(home, base)
    assert [failure.what for failure in second.failures] == [
        "genai-lens 2025-11-19 (en)",
        "owasp-llm 2025 (en)",
    ]
    assert second.manifest.sources[0] == first.manifest.sources[0]
    assert entries(home) == before
