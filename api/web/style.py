"""Written into every page, so that a slow line does not ask twice before anything is seen."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

STYLE = Markup((Path(__file__).parent / "static" / "nongvu.css").read_text(encoding="utf-8"))  # noqa: S704 — our own file
#: As the Content-Security-Policy names it: this very text and no other.
HASH = "'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'"
