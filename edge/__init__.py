"""The gateway: reads sensors, keeps the readings, sends them.

structlog is imported here for the first time, and without rich, which it would load for coloured tracebacks that no
log of ours has: 4 MB on a machine with little memory.
"""

import sys

if "structlog" not in sys.modules:
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "rich"}
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
        sys.modules.update(loaded)
