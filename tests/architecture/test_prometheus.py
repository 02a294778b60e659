"""The alert rules for operators speak only of metrics that some process has."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
RULES = yaml.safe_load((ROOT / "deployment/prometheus/rules.yaml").read_text())["groups"][0]["rules"]
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")


def known_metrics() -> set[str]:
    made = re.compile(r'(?:Counter|Gauge|Histogram)\(\s*"(nongvu_\w+)"')
    files = (
        path for package in ("ingest", "analytics", "notify", "api", "store") for path in (ROOT / package).rglob("*.py")
    )
    return {name for path in files for name in made.findall(path.read_text())}


def test_every_metric_that_a_rule_names_exists():
    named = {SUFFIX.sub("", name) for rule in RULES for name in re.findall(r"nongvu_\w+", rule["expr"])}
    assert named
    assert named <= known_metrics()


def test_every_rule_says_what_is_wrong_and_what_to_do():
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["remedy"]
