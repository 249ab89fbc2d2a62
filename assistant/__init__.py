"""Answers with citations, and the front ends that show them."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
