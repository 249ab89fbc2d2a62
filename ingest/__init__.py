"""From source sites and folders to entries, and from entries to a new build."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
