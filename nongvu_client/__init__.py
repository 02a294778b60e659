"""A client of a Nông Vụ platform for Python users: stations, readings, indices and alerts as pandas frames.

>>> from nongvu_client import Client
>>> with Client("https://nongvu.example.org") as client:
...     readings = client.readings("huu-lung-1", "air_temperature", since="2026-01-01", every="1h")
"""

from nongvu_client.client import Client
from nongvu_client.errors import AgainLater, NongVuError, NotAllowed, NotFound

__all__ = ["AgainLater", "Client", "NongVuError", "NotAllowed", "NotFound"]
