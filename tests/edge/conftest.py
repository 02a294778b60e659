"""Fixtures of the gateway's tests: a broker's port, and peers of other parts in this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
