"""Why a form was not taken, in the reader's language; the API says the same in English to programs."""

from __future__ import annotations

from pydantic import ValidationError

from api import languages
from api.protocol.problems import Problem

#: Field of what a form becomes → what is said of it; no field: the number of a person could not be read.
_FIELDS = {"": "phone", "address": "phone", "places": "place", "place": "place", "language": "language",
           "consent_channel": "how", "consent_at": "agreed", "from": "day", "to": "day"}  # fmt: skip


def refusal(error: ValueError | Problem, language: str) -> str:
    """What to say of a form that was refused; of what was not foreseen its English detail."""
    words = languages.SHELF.words(language, "refused")
    if isinstance(error, ValidationError):
        fields = [str(entry["loc"][0]) if entry["loc"] else "" for entry in error.errors()]
        said = [_FIELDS.get(field, "") for field in fields]
        if all(said):
            return " ".join(words[key] for key in dict.fromkeys(said))
    if isinstance(error, Problem) and error.says in words:
        return words[error.says].format(**error.fills)
    return words["other"].format(detail=error.detail if isinstance(error, Problem) else str(error)[:300])
