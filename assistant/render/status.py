"""What is served and what lies beside it in the home: the same for the command line and the tool server."""

from collections.abc import Sequence
from pathlib import Path

from assistant.render.schemas import StatusForm
from kb.storage.builds import list_builds
from kb.storage.manifest import Manifest
from kb.storage.refresh_log import Failure, checked_at, read_failures


def status_of(home: Path, served: Manifest) -> StatusForm:
    """What is served, the builds that are kept, when the sites were last checked, and what failed since."""
    return status_json(served, list_builds(home), read_failures(home), checked_at(home, served))


def status_json(
    manifest: Manifest, kept: Sequence[str], failures: Sequence[Failure] = (), checked_at: str = ""
) -> StatusForm:
    """What is served, the builds that are kept, and what failed since, as JSON values."""
    return {
        "build": manifest.id,
        "made_at": manifest.made_at,
        "checked_at": checked_at or None,
        "model": manifest.model,
        "counts": manifest.counts,
        "chunks": manifest.chunks,
        "sources": [
            {
                "name": state.name,
                "edition": state.edition,
                "language": state.language,
                "entries": state.entries,
                "fetched_at": state.fetched_at,
                "from": state.origin,
            }
            for state in manifest.sources
        ],
        "kept": list(kept),
        "failures": [{"what": f.what, "reason": f.reason, "at": f.at} for f in failures],
    }


def status_text(record: StatusForm) -> str:
    """What is served, what is kept, and what failed, as plain text."""
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in record["counts"].items())
    lines = [f"build  {record['build']}", f"model  {record['model']}", f"holds  {counts}"]
    for source in record["sources"]:
        edition = f"{source['name']} {source['edition']} ({source['language']})"
        lines.append(
            f"       {edition}: {source['entries']} entries from the {source['from']}, {source['fetched_at']}"
        )
    lines.append(f"checked {record['checked_at'] or 'never: no site was read'}")
    served = {record["build"]: "  (served)"}
    lines += [f"kept   {build_id}{served.get(build_id, '')}" for build_id in record["kept"]]
    lines += [f"failed {f['what']}, {f['at']}: {f['reason']}" for f in record["failures"]]
    return "\n".join(lines)
