"""Takes a configuration from the server: checks it, tries it, and rolls it back if it loses the line."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec
import structlog

from edge.settings import GatewayFile, GatewayFileError, parse, sha256
from telemetry.birth import Config, Configured

log = structlog.get_logger(__name__)

#: Starts of a new configuration without a line after which the old one comes back.
TRIES = 3


class State(msgspec.Struct):
    """What is known of the configurations, beside the buffer."""

    #: Newest revision that was decided on, and how.
    revision: int = 0
    outcome: str = ""
    reasons: list[str] = []
    sha256: str = ""
    #: A revision on trial, and how often it was started.
    trial: bool = False
    tries: int = 0
    #: The local file on which it was based: a file changed by hand afterwards wins.
    base: str = ""
    told: bool = True


class RemoteConfig:
    """The configuration in use: the local file, or what the server sent since."""

    def __init__(self, local: Path, folder: Path) -> None:
        self.local = local
        self._state_file = folder / "configuration.json"
        self._current, self._former = folder / "configuration.toml", folder / "configuration.former.toml"
        self.state = self._load()

    def text(self) -> str:
        """Text of the configuration to start with; counts a trial, and rolls back one that failed too often."""
        local = self.local.read_text("utf-8")
        if self.state.trial and not self._is_written():
            self._undesire()
        if not self._current.exists() or self.state.base != sha256(local):
            self._forget()
            return local
        if self.state.trial:
            if self.state.tries >= TRIES:
                self.roll_back(f"no line in {TRIES} starts")
                return self.text()
            self.state.tries += 1
            self._save()
        return self._current.read_text("utf-8")

    def desire(self, config: Config, running: GatewayFile) -> bool:
        """Take a desired configuration; whether the gateway must start anew with it."""
        if config.revision <= self.state.revision:
            return False
        text_hash, former = sha256(config.toml), self.state
        reasons = self._reasons(config.toml, running)
        if not reasons:
            base = sha256(self.local.read_text("utf-8"))
            # before the text itself: a power cut between the two must not let it run without a trial
            self.state = State(config.revision, "", [], text_hash, trial=True, base=base, told=True)
            self._save()
            reasons = self._put(config.toml)
        if reasons:
            log.warning("configuration refused", revision=config.revision, reasons=reasons)
            self.state = former
            self._decide(config.revision, "refused", reasons, text_hash)
            return False
        log.info("configuration on trial", revision=config.revision)
        return True

    def _is_written(self) -> bool:
        return self._current.exists() and sha256(self._current.read_text("utf-8")) == self.state.sha256

    def _undesire(self) -> None:
        """A power cut came before the new text was in its place: as if it had not come, so that it is taken anew."""
        self.state.trial, self.state.tries = False, 0
        self.state.revision -= 1
        self._save()

    def _put(self, text: str) -> list[str]:
        """Put a text in the place of the one in use; says why it could not (a card that cannot be written)."""
        try:
            if self._current.exists():
                _write(self._former, self._current.read_text("utf-8"))
            else:
                self._former.unlink(missing_ok=True)
            _write(self._current, text)
        except OSError as error:
            return [f"it cannot be written: {error}"]
        return []

    def line_came_up(self) -> None:
        """The configuration in use has reached the server: a trial has passed."""
        if self.state.trial:
            self.state.trial, self.state.tries = False, 0
            self._decide(self.state.revision, "applied", [], self.state.sha256)

    def roll_back(self, why: str) -> None:
        """Put the former configuration back."""
        if self._former.exists():
            self._former.replace(self._current)
        else:
            self._current.unlink(missing_ok=True)
        self.state.trial, self.state.tries = False, 0
        log.error("configuration rolled back", revision=self.state.revision, why=why)
        self._decide(self.state.revision, "rolled_back", [why], self.state.sha256)

    def news(self, time: str) -> Configured | None:
        """What the server is still to be told."""
        if self.state.told or not self.state.outcome:
            return None
        state = self.state
        return Configured(state.revision, state.outcome, time, state.sha256, state.reasons)  # type: ignore[arg-type]

    def told(self) -> None:
        """The server has it."""
        self.state.told = True
        self._save()

    def _reasons(self, text: str, running: GatewayFile) -> list[str]:
        try:
            file = parse(text)
        except GatewayFileError as error:
            return error.problems
        reasons = []
        if file.gateway.code != running.gateway.code:
            reasons.append(f"it is for gateway {file.gateway.code!r}; this is {running.gateway.code!r}")
        if file.buffer.path != running.buffer.path:
            reasons.append("buffer.path can be changed on the gateway only")
        return reasons

    def _decide(self, revision: int, outcome: str, reasons: list[str], text_hash: str) -> None:
        state = self.state
        state.revision, state.outcome, state.reasons = revision, outcome, reasons
        state.sha256, state.told = text_hash, False
        self._save()

    def _forget(self) -> None:
        if self._current.exists():
            log.warning("the local file was changed: it wins over the configuration sent by the server")
            self._current.unlink()
            self.state.trial = False
            self._save()

    def _load(self) -> State:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._state_file.read_bytes(), type=State)
        return State()

    def _save(self) -> None:
        try:
            _write(self._state_file, msgspec.json.encode(self.state).decode())
        except OSError as error:
            log.error("state of the configuration not written", error=str(error))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
