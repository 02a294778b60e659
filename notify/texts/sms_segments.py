"""Write a text in the fewest SMS segments, with Vietnamese accents where they fit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Coding = Literal["gsm7", "ucs2"]

# GSM 03.38 (3GPP TS 23.038 §6.2.1): the default alphabet in the order of its codes, and its extension table.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_CODE = {sign: code for code, sign in enumerate(_BASIC) if code != _ESCAPE}
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}

#: Units (septets, UTF-16 units) of a text alone and of each part of several: the header takes 6 of 140 octets.
ALONE: dict[Coding, int] = {"gsm7": 160, "ucs2": 70}
PART: dict[Coding, int] = {"gsm7": 153, "ucs2": 67}
#: A concatenated message counts its parts in one octet.
MOST_PARTS = 255

# Signs that force UCS-2 and say nothing that a plain sign does not say.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("‘’‚′`´", "'"),
        **dict.fromkeys("–—−‐‑‒―", "-"),
        **dict.fromkeys("•·▪◦‣", "-"),
        **dict.fromkeys("\t\v\u00a0\u2007\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f", None),
        "…": "...",
        "×": "x",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "≈": "~",
        "±": "+/-",
        "½": "1/2",
        "¼": "1/4",
        "¾": "3/4",
        "²": "2",
        "³": "3",
        "₂": "2",
        "₃": "3",
        "₄": "4",
        "µ": "u",
        "μ": "u",
        "\r": "\n",
    }
)


@dataclass(frozen=True, slots=True)
class Composed:
    """A text ready for an SMS route."""

    text: str
    coding: Coding
    segments: int


def units(text: str, coding: Coding) -> int:
    """Length as the network counts: septets, escapes being two, or UTF-16 units, surrogate pairs being two."""
    if coding == "gsm7":
        return sum(2 if sign in _EXTENSION else 1 for sign in text)
    return sum(2 if ord(sign) > 0xFFFF else 1 for sign in text)


def coding_of(text: str) -> Coding:
    """GSM-7 if it can say the text, else UCS-2."""
    return "gsm7" if all(sign in _CODE or sign in _EXTENSION for sign in text) else "ucs2"


def segments(text: str) -> list[str]:
    """Parts of a text as the network carries it; neither an escape nor a surrogate pair is split."""
    coding = coding_of(text)
    if units(text, coding) <= ALONE[coding]:
        return [text]
    parts: list[str] = []
    room = 0
    for sign in text:
        size = units(sign, coding)
        if room < size:
            parts.append("")
            room = PART[coding]
        parts[-1] += sign
        room -= size
    if len(parts) > MOST_PARTS:
        message = f"{len(parts)} parts: one SMS has at most {MOST_PARTS}; shorten the text"
        raise ValueError(message)
    return parts


def encode(text: str, coding: Coding) -> bytes:
    """Octets for an SMPP short message: one a septet (unpacked), or UTF-16 big-endian."""
    if coding == "ucs2":
        return text.encode("utf-16-be")
    return b"".join(bytes([_CODE[s]]) if s in _CODE else bytes([_ESCAPE, _EXTENSION[s]]) for s in text)


def user_data_header(reference: int, total: int, number: int) -> bytes:
    """Header that joins the parts of one message (3GPP TS 23.040 §9.2.3.24.1, 8-bit reference)."""
    return bytes([5, 0, 3, reference & 0xFF, total, number])


def tidy(text: str) -> str:
    """Composed letters, plain typographic signs, single spaces, no control characters: never longer to read."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_PLAIN))
    kept = "".join(sign for sign in plain if sign == "\n" or unicodedata.category(sign)[0] != "C" or ord(sign) > 0xFFFF)
    lines = (" ".join(line.split()) for line in kept.split("\n"))
    return "\n".join(lines).strip()


def fold(text: str) -> str:
    """Text without accents, in GSM-7 where its letters are Latin: Đ and đ included, ``°C`` and signs replaced."""
    plain = tidy(text).replace("°C", "C").replace("° C", "C").replace("°", " do ")
    folded = "".join(_folded(sign) for sign in plain)
    return tidy(folded)


def _folded(sign: str) -> str:
    if sign in "Đđ":
        return "D" if sign == "Đ" else "d"
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if unicodedata.category(part) != "Mn")
    if bare and all(part in _CODE or part in _EXTENSION for part in bare):
        return bare
    # A letter of another script is kept (the text stays UCS-2 rather than lose its meaning); a symbol is dropped.
    return sign if unicodedata.category(sign)[0] in "LN" else ""


def shorten(text: str, most: int) -> str:
    """Text of at most ``most`` units: whole sentences if any fit, else whole words and ``...``."""
    coding = coding_of(text)
    if units(text, coding) <= most:
        return text
    sentences = _fitting(_sentences(text), most, coding, "")
    if units(sentences, coding) * 2 >= most:
        return f"{sentences[:-1]}." if sentences.endswith(";") else sentences
    words = _fitting(text.split(" "), most, coding, "...", " ")
    return words or _cut(text, most, coding)


def headline(text: str, most: int = 120) -> str:
    """First sentence of a text, for the head of an e-mail or a warning: cut at a word where it is longer than that."""
    first = re.split(r"(?<=[.!?])\s", tidy(text), maxsplit=1)[0].removesuffix(".")
    return first if len(first) <= most else f"{first[: most - 2].rsplit(' ', 1)[0]} …"


def _sentences(text: str) -> list[str]:
    pieces: list[str] = [""]
    for index, sign in enumerate(text):
        pieces[-1] += sign
        if sign in ".!?;\n" and text[index + 1 : index + 2] in {" ", "\n", ""}:
            pieces.append("")
    return pieces


def _fitting(pieces: list[str], most: int, coding: Coding, end: str, between: str = "") -> str:
    taken = ""
    for piece in pieces:
        longer = taken + between + piece if taken else piece
        if units(longer.rstrip() + end, coding) > most:
            break
        taken = longer
    taken = taken.rstrip()
    return taken + end if taken else ""


def _cut(word: str, most: int, coding: Coding) -> str:
    """First signs of a single endless word: there is no better place."""
    taken, room = "", most - 3
    for sign in word:
        room -= units(sign, coding)
        if room < 0:
            break
        taken += sign
    return taken + "..."


def room(coding: Coding, most: int) -> int:
    """Units that ``most`` segments hold."""
    return ALONE[coding] if most == 1 else PART[coding] * most


def compose(text: str, *, accents: bool = True, most: int = 1) -> Composed:
    """Fewest segments: with accents if that takes no more of them than without, else without; shortened to ``most``."""
    full, bare = tidy(text), fold(text)
    if accents and coding_of(full) == "gsm7":
        bare = full
    plain = _within(bare, most)
    if accents and len(segments(full)) <= plain.segments:
        return Composed(full, coding_of(full), len(segments(full)))
    return plain


def _within(text: str, most: int) -> Composed:
    limit = room(coding_of(text), most)
    while True:
        short = shorten(text, limit)
        parts = len(segments(short))
        if parts <= most:
            return Composed(short, coding_of(short), parts)
        limit -= 1  # an escape or a pair did not fit at the end of a part


def compose_first(texts: list[str], *, accents: bool = True, most: int = 1) -> Composed:
    """First of several wordings, fullest first, that fits without shortening; else the last, shortened."""
    for text in texts[:-1]:
        bare = fold(text)
        if units(bare, coding_of(bare)) <= room(coding_of(bare), most):
            return compose(text, accents=accents, most=most)
    return compose(texts[-1], accents=accents, most=most)
