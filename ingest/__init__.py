"""Source sites and folders to entries, and entries to a new build."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
