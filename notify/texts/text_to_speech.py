"""Turn spelled-out text into speech: MP3 for players, G.711 WAV for telephone lines and old amplifiers."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

from notify.languages import OFFICIAL

#: Words a minute: slower than talk, since a loudspeaker echoes between houses.
PACE = 140
#: Loudness as broadcasters set it [LUFS] (EBU R 128), with room for the peaks of small amplifiers [dBTP].
LOUDNESS = "loudnorm=I=-16:TP=-1.5:LRA=7"
TIMEOUT = 60.0


class VoiceError(Exception):
    """No audio could be made; says why."""


@dataclass(frozen=True, slots=True)
class Audio:
    """One announcement in both forms."""

    mp3: bytes
    wav: bytes


def installed() -> bool:
    """Whether this machine can speak: espeak-ng and ffmpeg."""
    return bool(shutil.which("espeak-ng") and shutil.which("ffmpeg"))


def of(language: str, vietnamese: str) -> str:
    """Voice of a language; Vietnamese has the operator's dialect."""
    return vietnamese if language == OFFICIAL else "en"


def speak(spoken: str, voice: str = "vi") -> Audio:
    """Speech of a text in which everything is in words already."""
    # The text goes in by standard input: it is data, whatever it begins with.
    raw = _run(["espeak-ng", "-v", voice, "-s", str(PACE), "--stdin", "--stdout"], spoken.encode())
    common = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-i", "pipe:0", "-af", LOUDNESS, "-ac", "1"]
    mp3 = _run([*common, "-ar", "22050", "-codec:a", "libmp3lame", "-b:a", "48k", "-f", "mp3", "pipe:1"], raw)
    wav = _run([*common, "-ar", "8000", "-codec:a", "pcm_alaw", "-f", "wav", "-bitexact", "pipe:1"], raw)
    return Audio(mp3, _sized(wav))


def _sized(wav: bytes) -> bytes:
    """WAV whose header says its length: ffmpeg cannot go back in a pipe, and players trust the header."""
    at = wav.find(b"data")
    if at < 0:
        message = "ffmpeg made no WAV"
        raise VoiceError(message)
    body = wav[at + 8 :]
    head = wav[:4] + (at + len(body)).to_bytes(4, "little") + wav[8 : at + 4]
    return head + len(body).to_bytes(4, "little") + body


def _run(arguments: list[str], given: bytes) -> bytes:
    try:
        done = subprocess.run(arguments, input=given, capture_output=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{arguments[0]}: {error}"
        raise VoiceError(message) from error
    if done.returncode or not done.stdout:
        message = f"{arguments[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[:300]}"
        raise VoiceError(message)
    return done.stdout
