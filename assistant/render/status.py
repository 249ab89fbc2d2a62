"""The served build and the state of its home, for the command line and the tool server."""

from pathlib import Path

from assistant.render.schemas import FailureSchema, SourceSchema, StatusSchema
from kb.storage.builds import Build, list_builds
from kb.storage.manifest import Manifest, damaged_files
from kb.storage.refresh_log import checked_at, read_failures
from kb.text import squeeze


def status_of(home: Path, served: Manifest) -> StatusSchema:
    """The served build and its damage, the kept builds, the last check, and the failures since."""
    return StatusSchema(
        build=served.id,
        made_at=served.made_at,
        checked_at=checked_at(home, served) or None,
        model=served.model,
        counts=served.counts,
        chunks=served.chunks,
        sources=tuple(
            SourceSchema.model_validate(
                {
                    "name": state.name,
                    "edition": state.edition,
                    "language": state.language,
                    "entries": state.entries,
                    "fetched_at": state.fetched_at,
                    "from": state.origin,
                    "notes": [squeeze(note) for note in state.notes],
                }
            )
            for state in served.sources
        ),
        kept=list_builds(home),
        damaged=damaged_files(Build(home, served.id).folder, served),
        failures=tuple(FailureSchema.model_validate(failure) for failure in read_failures(home)),
    )


def status_text(status: StatusSchema) -> str:
    """The status as plain text."""
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in status.counts.items())
    lines = [f"build  {status.build}", f"model  {status.model}", f"counts {counts}"]
    for source in status.sources:
        edition = f"{source.name} {source.edition} ({source.language})"
        lines.append(
            f"       {edition}: {source.entries} entries from the {source.origin}, {source.fetched_at}"
        )
        lines += [f"note   {edition}: {note}" for note in source.notes]
    lines.append(f"checked {status.checked_at or 'never: no site was read'}")
    served = {status.build: "  (served)"}
    lines += [f"kept   {build_id}{served.get(build_id, '')}" for build_id in status.kept]
    lines += [f"damaged {name}; make a new build with: genlens refresh" for name in status.damaged]
    lines += [f"failed {f.what}, {f.at}: {f.reason}" for f in status.failures]
    return "\n".join(lines)
