"""Derive a source list for Debian 13 from the machine's own apt sources: same mirrors, same keyrings, another suite."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
# The names a Debian archive gives its releases; a third party's suites (such as "nodistro") are not Debian.
DEBIAN_SUITES = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"}
    | {"oldoldstable", "oldstable", "stable", "testing", "unstable"}
)
POCKETS = frozenset({"", "-updates", "-security", "/updates"})
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One archive: its address, the suite asked of it, and the keyring that must have signed it ("" = apt's own)."""

    address: str
    suite: str
    signed_by: str = ""

    def stanza(self) -> str:
        """Return the source in apt's deb822 form."""
        signed = f"Signed-By: {self.signed_by}\n" if self.signed_by else ""
        # apt uses the packages of "file:" where they lie; we want them, checked, in our folder.
        address = "copy:" + self.address[5:] if self.address.startswith("file:") else self.address
        return f"Types: deb\nURIs: {address}\nSuites: {self.suite}\nComponents: main\n{signed}"


def derive(folder: Path = Path("/etc/apt")) -> list[Source]:
    """Read every source file of `folder` and return the archives to fetch from, without repeats."""
    found: dict[Source, None] = {}
    one_line = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    for path in filter(Path.is_file, one_line):
        found |= dict.fromkeys(_from_lines(path.read_text(errors="replace").splitlines()))
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        found |= dict.fromkeys(_from_stanzas(path.read_text(errors="replace")))
    return list(found)


def _from_lines(lines: Iterable[str]) -> Iterable[Source]:
    for line in lines:
        match = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line)
        if match and "main" in match[4].split("#")[0].split():
            options = dict(option.split("=", 1) for option in (match[1] or "").split() if "=" in option)
            yield from _sources([match[2]], [match[3]], options.get("signed-by", ""))


def _from_stanzas(text: str) -> Iterable[Source]:
    for block in re.split(r"\n\s*\n", text):
        fields = _fields(block)
        enabled = fields.get("enabled", "yes").strip().lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", "").split() and "main" in fields.get("components", "").split():
            yield from _sources(fields.get("uris", "").split(), fields.get("suites", "").split(), _keyring(fields))


def _fields(block: str) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in {" ", "\t"} and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _keyring(fields: Mapping[str, str]) -> str:
    # A key written into the stanza spans lines; it is passed on as it stands.
    return fields.get("signed-by", "").rstrip()


def _sources(addresses: Iterable[str], suites: Iterable[str], signed_by: str) -> Iterable[Source]:
    for address in addresses:
        for suite in suites:
            release, pocket = re.match(r"([a-z]*)(.*)", suite).groups()  # type: ignore[union-attr]
            if release in DEBIAN_SUITES and pocket in POCKETS:
                wanted = "-security" if pocket == "/updates" else pocket
                yield Source(address, SUITE + wanted, signed_by or _default_keyring())


def _default_keyring() -> str:
    return next((str(path) for path in KEYRINGS if path.exists()), "")
