"""`python -m tests.redteam`: run every case and print the number of passed cases per risk."""

import sys
from pathlib import Path

import pytest

sys.exit(pytest.main([str(Path(__file__).parent)]))
