"""The pipeline: read every edition, merge with the catalogue, build, remember what failed."""

from dataclasses import dataclass

from ingest import catalog
from ingest.editions import EditionReader, Reading
from ingest.errors import NoSourceError, UnreachableError
from ingest.merge import with_catalogue
from ingest.pace import Pace
from ingest.pages import now
from ingest.sources import load_sources
from kb.builds import Manifest, remove_leftovers
from kb.failures import Failure, failed_now, recording
from kb.files import data_folder
from kb.locks import locked
from kb.make import Progress, encoder_for, make_build, silent
from kb.settings import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did: the new build, and which editions are not as their sites show them now.

    `unreachable` are the hosts where there was no network at all: the first build is then made without.
    """

    manifest: Manifest
    failures: tuple[Failure, ...] = ()
    unreachable: tuple[str, ...] = ()

    @property
    def in_part(self) -> bool:
        """Whether something failed that was expected to go well."""
        return bool(self.failures) and not self.unreachable


def refresh(
    settings: Settings,
    *,
    offline: bool = False,
    wait: bool = True,
    progress: Progress = silent,
    pace: Pace | None = None,
) -> Report:
    """Read every source, from its site or else from kept pages or the catalogue, and publish a build.

    An edition that fails stays as it was; when all of them do, nothing is published, unless nothing is
    served yet. While another refresh is under way, this one waits for it to end, or fails at once.

    :raises NoSourceError: no edition could be read; what was served still is.
    :raises GenlensError: the home cannot be written, another refresh does not end, the model is missing.
    """
    data = data_folder()
    sources = load_sources(data / "sources")
    with locked(settings.home, wait=wait), recording(settings.home) as failures:
        remove_leftovers(settings.home)
        reader = EditionReader(settings, data, pace or Pace(), offline=offline)
        readings: list[Reading] = []
        for source in sources:
            for edition in source.editions:
                readings.append(reader.read(source, edition))
                if readings[-1].error:
                    what = f"{source.name} {edition.edition} ({edition.language})"
                    failures.append(failed_now(what, readings[-1].error))
        if len(failures) == len(readings) and reader.served:
            raise NoSourceError(failures[0].reason)
        manifest = make_build(
            settings.home,
            encoder_for(settings.home, settings.model),
            with_catalogue([e for r in readings for e in r.entries], sources, data / "catalog"),
            tuple(reading.state for reading in readings if reading.entries),
            now(),
            progress,
            catalog.read_scope(data / "catalog"),
        )
    return Report(manifest, tuple(failures), _unreachable(readings))


def _unreachable(readings: list[Reading]) -> tuple[str, ...]:
    """The hosts of the editions, each once, where not one of them could be reached."""
    hosts = [r.error.host for r in readings if isinstance(r.error, UnreachableError)]
    return tuple(dict.fromkeys(hosts)) if len(hosts) == len(readings) else ()
