"""Source sites and folders to entries, and entries to a new build."""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.pipeline import Preview, Report, preview, refresh

__all__ = [
    "Preview",
    "Report",
    "preview",
    "refresh",
]
_HOMES = {
    "ingest.pipeline": ("Preview", "Report", "preview", "refresh"),
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """A public name, imported on first use, so that importing the package alone is cheap."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
