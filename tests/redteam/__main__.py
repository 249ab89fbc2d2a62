"""`python -m tests.redteam`: run every case and print how many of each risk passed."""

import sys
from pathlib import Path

import pytest

sys.exit(pytest.main([str(Path(__file__).parent)]))
