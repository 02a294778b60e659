"""Whose rows a query may show; the parameters of SQL function ``visible_place``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may see: nothing, unless it says so."""

    #: All places.
    everything: bool = False
    #: These places and all below them (ids).
    roots: tuple[int, ...] = ()
    #: Places that are not private.
    open: bool = False

    def parameters(self) -> dict[str, object]:
        """Parameters of the fragment ``visible_place(%(everything)s, %(roots)s, %(open)s)``."""
        return {"everything": self.everything, "roots": list(self.roots), "open": self.open}


#: Somebody who did not say who they are.
PUBLIC = Scope(open=True)
