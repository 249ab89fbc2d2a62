"""From a question to an answer with citations, and the front ends that show it."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
