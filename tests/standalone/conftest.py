"""Replays, and the plain scan they are compared with, are in this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
