"""One number everywhere, and what docs/versions.md and the changelog say of it is so."""

import re
import tomllib
from pathlib import Path

import nongvu
from store.migrate import migrations
from telemetry.topics import ROOT as TOPICS

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
VERSIONS = (ROOT / "docs/versions.md").read_text("utf-8")


def releases():
    """Heading and text of every part of the changelog, as it stands."""
    parts = re.split(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def newest():
    return next((heading, text) for heading, text in releases() if heading != "Unreleased")


def test_the_number_is_the_same_everywhere():
    assert newest()[0].split()[0] == VERSION
    assert set(re.findall(r"image: nongvu:(\S+)", (ROOT / "compose.yaml").read_text())) == {VERSION}
    assert f"| the package | {VERSION} |" in VERSIONS
    assert f"| {VERSION} | v1 | v1 |" in VERSIONS


def test_unreleased_stays_on_top_and_releases_fall():
    headings = [heading for heading, _ in releases()]
    assert headings[0] == "Unreleased"
    numbers = [tuple(map(int, heading.split()[0].split("."))) for heading in headings[1:]]
    assert numbers == sorted(numbers, reverse=True)


def test_every_release_but_the_first_says_what_to_do_before_the_upgrade():
    asked = [heading for heading, text in releases()[1:-1] if "\n### Before you upgrade" not in text]
    assert not asked


def test_what_waits_for_post_is_said():
    waiting = [migration.name for migration in migrations() if migration.post]
    assert bool(waiting) != ("No migration waits for `--post`" in newest()[1]), waiting


def test_wire_and_api_are_what_the_page_says():
    assert f"topics `{TOPICS}/…`" in VERSIONS
    prefixes = set(
        re.findall(r'APIRouter\(prefix="(/v\d+)', "".join(p.read_text() for p in (ROOT / "api").glob("*.py")))
    )
    assert prefixes <= {"/v1"}


def test_what_is_deprecated_says_so_by_header():
    """The policy promises headers: the first `deprecated=True` has to come with them."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "api").rglob("*.py"))
    deprecated = bool(re.search(r"deprecated\s*=\s*True", sources))
    assert deprecated == ("Nothing is deprecated today" not in VERSIONS)
    assert not deprecated or ("Deprecation" in sources and "Sunset" in sources)


def test_its_commands_and_links_exist():
    for page in ("docs/versions.md", "CHANGELOG.md"):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"
        assert set(re.findall(r"`nongvu ([a-z]+)", text)) <= set(nongvu.ROOMS)


def test_no_line_of_the_changelog_stands_twice():
    """A rebase that puts lines of a release back under "Unreleased" is seen."""
    lines = [line for line in CHANGELOG.splitlines() if line.startswith("- ")]
    assert not {line for line in lines if lines.count(line) > 1}
