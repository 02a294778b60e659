"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Grade = Literal["fine", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do if it is not fine."""

    grade: Grade
    subject: str
    says: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Fields for machines."""
        return asdict(self)
