"""Numbers in every local form become one form, and are shown to nobody in full."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import phonenumbers

#: Mobile prefixes of numbers with eleven digits, which Vietnam turned into ten in 2018: old → new.
_RENUMBERED = {
    "0162": "032", "0163": "033", "0164": "034", "0165": "035",
    "0166": "036", "0167": "037", "0168": "038", "0169": "039",
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip

_NUMBER = re.compile(r"\+?\d[\d .\-]{7,}\d")
#: Addresses of e-mail, and of chats (an apprise URL holds a token); those of the web say which service failed.
#: A name is looked for from its beginning only, and of 64 characters at most (RFC 5321 4.5.3.1): else each letter of a
#: long word would be tried as a name's first.
_ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)+|\b(?!https?:)[a-z][a-z0-9+]{2,40}+://[^\s'\"]+"
)


class PhoneError(ValueError):
    """Not a number that a message can be sent to; says why without repeating it."""


def normalised(written: str, region: str = "VN") -> str:
    """Number as E.164, ``+84912345678``, however it was written."""
    bare = re.sub(r"[\s.\-()]", "", written.strip())
    bare = re.sub(r"^(\+84|0084|84(?=\d{9,10}$))0?", "0", bare)
    if re.fullmatch(r"01\d{9}", bare):
        bare = _RENUMBERED.get(bare[:4], bare[:4]) + bare[4:]
    try:
        parsed = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException as error:
        message = "not a phone number; write it as 0912 345 678 or +84 912 345 678"
        raise PhoneError(message) from error
    if not phonenumbers.is_valid_number(parsed):
        message = "no such phone number: check its prefix and count its digits"
        raise PhoneError(message)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def mask(address: str) -> str:
    """Address for eyes that need not know it: enough to tell two apart, too little to write to."""
    if "@" in address:
        name, _, domain = address.partition("@")
        return f"{name[:1]}***@{domain}"
    if "://" in address:
        return address.split("://", 1)[0] + "://***"
    return f"{address[:4]}{'*' * max(3, len(address) - 6)}{address[-2:]}" if len(address) > 6 else "***"


def masked(text: str) -> str:
    """Text with every phone number, e-mail and chat address in it masked, for logs and reasons."""
    return _NUMBER.sub(lambda found: mask(found[0]), _ADDRESS.sub(lambda found: mask(found[0]), text))


def mask_traces(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask numbers in an event's traceback: other people's code says in its errors what it was given."""
    del logger, method
    if "exception" in event:
        event["exception"] = masked(str(event["exception"]))
    return event
