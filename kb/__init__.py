"""The knowledge base: entries, chunks, builds, and the search over them.

This package is the centre of genlens and imports neither `ingest` nor `assistant`.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
