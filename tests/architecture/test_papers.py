"""Papers of a maintainer say what is so: tables exist, commands exist, hooks are local, no address is invented."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = {name: (ROOT / name).read_text("utf-8") for name in ("SECURITY.md", "CONTRIBUTING.md", "docs/glossary.md")}
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def tables():
    sql = "".join(path.read_text("utf-8") for path in (ROOT / "store/migrations").glob("*.sql"))
    return set(re.findall(r"CREATE (?:UNLOGGED )?(?:TABLE|VIEW)(?: IF NOT EXISTS)? (?:\w+\.)?(\w+)", sql))


@pytest.mark.parametrize("page", TEXT)
def test_links_and_make_targets_exist(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT[page], re.MULTILINE)) <= targets


def test_what_security_says_of_data_is_in_tables():
    rows = re.findall(r"^\| [^|]+\| ((?:`[\w.]+`(?:, )?)+)", TEXT["SECURITY.md"], re.MULTILINE)
    named = {name.rpartition(".")[2] for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert len(named) > 8
    assert named <= tables()


def test_nobodys_address_is_invented():
    for page, text in TEXT.items():
        assert not re.search(r"[\w.+-]+@[\w-]+\.\w{2,}", text), page
    assert "SECURITY-CONTACT" in TEXT["SECURITY.md"]


def test_hooks_are_local_and_their_programs_are_pinned():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert {repo["repo"] for repo in hooks} == {"local"}
    pinned = (ROOT / "requirements/dev.txt").read_text()
    package = {"detect-secrets-hook": "detect-secrets", "lint-imports": "import-linter"}
    for hook in hooks[0]["hooks"]:
        folder, _, program = shlex.split(hook["entry"])[0].rpartition("/")
        assert folder == ".venv/bin"
        assert re.search(rf"^{package.get(program, program)}==", pinned, re.MULTILINE), program


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_forms_are_whole_and_lead_nowhere_else(form):
    text = form.read_text("utf-8")
    assert "://" not in text
    if form.stem != "config":
        asked = yaml.safe_load(text)
        assert {"name", "description", "body"} <= asked.keys()
        keys = [part["id"] for part in asked["body"] if part["type"] != "markdown"]
        assert len(keys) == len(set(keys))


def test_editors_are_told_what_ruff_asks():
    length = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]
    assert f"max_line_length = {length}" in (ROOT / ".editorconfig").read_text()


def test_tests_that_are_named_exist():
    paths = set(re.findall(r"\btests/[\w/]+(?:\.py)?", TEXT["CONTRIBUTING.md"]))
    assert len(paths) >= 4
    assert not [path for path in paths if not (ROOT / path).exists()]
